import Synchronization

/// Counts the invocations that the platform has taken on, and bounds their number.
final class Census: Sendable {
    private let count = Atomic(0)
    private let draining = Atomic(false)
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    /// Whether new invocations are refused because the platform is about to stop.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// How many invocations there are.
    var current: Int { count.load(ordering: .acquiring) }

    /// Counts one more; false when it is not allowed.
    func enter() -> Bool {
        guard !isDraining else { return false }
        guard count.add(1, ordering: .relaxed).newValue <= countMax else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Counts one less.
    func leave() { count.subtract(1, ordering: .releasing) }

    func drain() { draining.store(true, ordering: .relaxed) }
}
