/// A 128-bit vector. Core specification §2.3.2
public struct V128: Hashable, Sendable, BitwiseCopyable {
    /// The bytes of the lowest lanes, little-endian.
    public var low: UInt64
    public var high: UInt64

    /// Makes a vector of two halves.
    public init(low: UInt64 = 0, high: UInt64 = 0) {
        self.low = low
        self.high = high
    }
}
