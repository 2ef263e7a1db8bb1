import Synchronization

/// The settings that are in effect, which may change while the daemon runs.
///
/// Any thread.
final class LiveSettings: Sendable {
    // Readers compare the generation with that of their own copy: the lock is only taken when the
    // settings have been replaced.
    private let generation = Atomic<UInt64>(0)
    private let settings: Mutex<DaemonConfiguration>

    init(_ settings: DaemonConfiguration) {
        self.settings = Mutex(settings)
    }

    /// The settings of this moment.
    var current: DaemonConfiguration { settings.withLock { $0 } }

    /// Puts others in their place.
    func replace(with settings: DaemonConfiguration) {
        self.settings.withLock { $0 = settings }
        // Paired with the acquire in `refresh`: whoever sees the number finds the settings.
        generation.add(1, ordering: .releasing)
    }

    /// Brings a reader's copy up to date; false when it is.
    ///
    /// `seen` is the reader's own, at first 0.
    func refresh(_ copy: inout DaemonConfiguration, _ seen: inout UInt64) -> Bool {
        let now = generation.load(ordering: .acquiring)
        guard now != seen else { return false }
        seen = now
        copy = current
        return true
    }
}
