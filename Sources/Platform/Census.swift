import Synchronization

/// Counts the invocations that the platform has taken on, and bounds their number.
final class Census: Sendable {
    private let count = Atomic(0)
    private let draining = Atomic(false)
    private let functionFull = Atomic(0)
    private let platformFull = Atomic(0)
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

    /// Counts an invocation that was refused because there are too many.
    func countRefusal(_ failure: InvocationFailure) {
        switch failure {
        case .functionFull: functionFull.add(1, ordering: .relaxed)
        case .platformFull: platformFull.add(1, ordering: .relaxed)
        default: break
        }
    }

    /// How many were refused since the start: by their functions' limits, and by the platform's.
    var refusals: (functionFull: Int, platformFull: Int) {
        (functionFull.load(ordering: .relaxed), platformFull.load(ordering: .relaxed))
    }

    func drain() { draining.store(true, ordering: .relaxed) }
}
