import Linux

/// The clocks that a guest can read.
public struct GuestClocks: Sendable {
    /// Nanoseconds since 1970.
    public var realtime: @Sendable () -> UInt64

    /// Nanoseconds on `CLOCK_MONOTONIC`, which ``WaitCondition/deadline(_:)`` counts in too.
    public var monotonic: @Sendable () -> UInt64

    /// Makes a set of clocks; both must be cheap and must not block.
    public init(
        realtime: @escaping @Sendable () -> UInt64,
        monotonic: @escaping @Sendable () -> UInt64
    ) {
        self.realtime = realtime
        self.monotonic = monotonic
    }

    /// The kernel's clocks.
    public static let system = GuestClocks(
        realtime: { Monotonic.realtime() },
        monotonic: { Monotonic.now() }
    )
}

/// Where a guest's random bytes come from.
public enum RandomSource: Sendable {
    /// The kernel's generator.
    case system
    /// Whatever the closure fills the buffer with.
    case custom(@Sendable (inout MutableRawSpan) -> Void)

    func fill(_ buffer: inout MutableRawSpan) throws(ErrorNumber) {
        switch self {
        case .system:
            do throws(SystemError) {
                try Random.fill(&buffer)
            } catch {
                throw .io
            }
        case .custom(let fill):
            fill(&buffer)
        }
    }
}
