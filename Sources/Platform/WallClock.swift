import Linux
import Store

/// The time of day as it follows from the monotonic clock, for one thread.
///
/// The kernel is asked for it ten times a second; in between, moments that have been read already are enough.
struct WallClock {
    /// From the monotonic clock to the time of day, in nanoseconds, and when that was found.
    private var offset: Int64 = 0
    private var foundAt: UInt64?

    private static let keptNanoseconds: Int64 = 100_000_000

    /// The time of day at a moment of `Monotonic.now()` that has just been.
    mutating func time(of moment: UInt64) -> Timestamp {
        let age = foundAt.map { Int64(bitPattern: moment &- $0) }
        if !(age.map { abs($0) < Self.keptNanoseconds } ?? false) {
            let now = Monotonic.now()
            offset = Int64(bitPattern: Monotonic.realtime() &- now)
            foundAt = now
        }
        return Timestamp(microseconds: (Int64(bitPattern: moment) &+ offset) / 1_000)
    }
}
