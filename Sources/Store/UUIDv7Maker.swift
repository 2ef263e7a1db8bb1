/// Makes UUIDs of version 7 (RFC 9562 §5.7): they sort by the time at which they were made.
///
/// Within one millisecond the twelve bits after the version count up (RFC 9562 §6.2, method 1), so
/// that the identifiers of one maker are strictly increasing. They are unique, not secret: the
/// random bits come from a fast generator that is seeded once. One thread owns a maker.
public struct UUIDv7Maker: Sendable {
    private var milliseconds: UInt64 = 0
    private var counter: UInt64 = 0
    private var randomState: UInt64

    /// Makes a maker with a seed of its own from the kernel.
    public init() {
        randomState = UInt64.random(in: .min ... .max)
    }

    /// The next identifier.
    public mutating func next() -> RecordIdentifier {
        next(at: .now())
    }

    /// The next identifier, for a time that the caller has read already.
    ///
    /// A time that lies before the last identifier's counts as the last identifier's.
    public mutating func next(at time: Timestamp) -> RecordIdentifier {
        let now = UInt64(max(0, time.microseconds)) / 1_000
        if now > milliseconds {
            milliseconds = now
            // The upper half of the counter's range stays free for counting.
            counter = random() & 0x7ff
        } else {
            counter += 1
            if counter > 0xfff {
                counter = 0
                milliseconds += 1
            }
        }
        let high = (milliseconds & 0xffff_ffff_ffff) << 16 | 0x7000 | counter
        let low = 0x8000_0000_0000_0000 | random() >> 2
        return .uuid(high: high, low: low)
    }

    // SplitMix64: one addition and two multiplications per 64 bits.
    private mutating func random() -> UInt64 {
        randomState &+= 0x9e37_79b9_7f4a_7c15
        var value = randomState
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
