import Synchronization

/// A place where a thread of the server waits for the test.
final class Gate: Sendable {
    private let entered = Atomic<Bool>(false)
    private let opened = Atomic<Bool>(false)
    private let counter = Atomic<Int>(0)

    var hasEntered: Bool { entered.load(ordering: .acquiring) }
    var isOpen: Bool { opened.load(ordering: .acquiring) }
    var counted: Int { counter.load(ordering: .acquiring) }

    func enter() { entered.store(true, ordering: .releasing) }
    func open() { opened.store(true, ordering: .releasing) }
    func count() { counter.add(1, ordering: .acquiringAndReleasing) }
}
