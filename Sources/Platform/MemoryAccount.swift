import Synchronization

/// What images, translated code and instances take in memory, against a budget.
///
/// Any thread.
final class MemoryAccount: Sendable {
    /// The most that they should take together, in bytes.
    let byteCountMax: Int

    private let taken = Atomic(0)

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// What they take, in bytes.
    var byteCount: Int { taken.load(ordering: .relaxed) }

    /// How much more that is than allowed; zero or less when it is not.
    var excess: Int { byteCount - byteCountMax }

    /// Enters bytes that are taken, or, if negative, free again.
    func add(_ byteCount: Int) { taken.add(byteCount, ordering: .relaxed) }
}
