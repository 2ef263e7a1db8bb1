import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1_000_000_000_000)

    /// Makes a clock.
    public init() {}

    /// The time in nanoseconds.
    public var now: UInt64 { nanoseconds.load(ordering: .acquiring) }

    /// Moves the clock on.
    public func advance(milliseconds: Int) {
        nanoseconds.add(UInt64(milliseconds) * 1_000_000, ordering: .acquiringAndReleasing)
    }
}
