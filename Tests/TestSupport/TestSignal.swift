import Linux

/// Lets a test wait until another thread has changed something, without sleeping.
public final class TestSignal: Sendable {
    private let event: EventDescriptor

    /// Makes a signal.
    public init() throws {
        event = try EventDescriptor()
    }

    /// Says that something changed.
    ///
    /// Any thread may call this.
    public func raise() {
        event.signal()
    }

    /// Waits until `condition` holds; it is looked at again after every `raise`, and now and then.
    ///
    /// Returns `false` when it did not come to hold in `timeoutMilliseconds`.
    public func wait(
        timeoutMilliseconds: Int = 10_000,
        until condition: () throws -> Bool
    ) throws -> Bool {
        var poller = try Poller(eventsPerWaitMax: 1)
        try poller.add(event.descriptor, for: [.readable, .edgeTriggered], token: 0)
        let end = Monotonic.now() &+ UInt64(timeoutMilliseconds) * 1_000_000
        while try !condition() {
            guard Monotonic.now() < end else { return false }
            _ = try poller.wait(timeoutMilliseconds: 20)
        }
        return true
    }
}
