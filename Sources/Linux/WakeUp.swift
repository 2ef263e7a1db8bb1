import Synchronization

/// Wakes a thread that sleeps in a `Poller`, with one system call per sleep at most.
///
/// The sleeper announces its sleep, then looks at its queues once more, then sleeps. A sender
/// queues first and calls `wake()` after. The queues' own lock orders the two: either the sleeper
/// finds the message, or the sender finds the announcement.
public final class WakeUp: Sendable {
    /// The descriptor to register with the sleeper's poller, edge-triggered: it is never read.
    public let event: EventDescriptor

    private let isAsleep = Atomic<Bool>(false)

    /// Makes a wake-up for a thread that is awake.
    ///
    /// Throws when descriptors are exhausted.
    public init() throws(SystemError) {
        event = try EventDescriptor()
    }

    /// Wakes the sleeper if it sleeps or is about to.
    ///
    /// Any thread may call this.
    public func wake() {
        guard isAsleep.load(ordering: .acquiring) else { return }
        guard isAsleep.exchange(false, ordering: .acquiringAndReleasing) else { return }
        event.signal()
    }

    /// Announces that the thread is about to sleep.
    ///
    /// It must look at its queues after this.
    public func willSleep() {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
    }

    /// Announces that the thread runs again.
    public func didWake() {
        isAsleep.store(false, ordering: .releasing)
    }
}
