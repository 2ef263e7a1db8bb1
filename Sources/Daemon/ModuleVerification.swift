import Linux
import Synchronization

/// Reads every stored module and version once after the start: damage is found before somebody calls the function.
final class ModuleVerification: Sendable {
    private let isStopping = Atomic(false)
    private let threads = ThreadGroup()

    /// Starts the thread, which takes only the time that others leave.
    init(_ faults: VersionFaults) throws(SystemError) {
        try threads.spawn(name: "verify") { [weak self] in
            Thread.giveWay(nice: 19)
            faults.verify { self?.isStopping.load(ordering: .relaxed) ?? true }
        }
    }

    /// Stops the thread after the module that it reads.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        threads.joinAll()
    }
}
