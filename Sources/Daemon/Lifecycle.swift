import Synchronization

/// Whether the daemon takes requests.
final class Lifecycle: Sendable {
    private let ready = Atomic(false)

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func setReady(_ isReady: Bool) { ready.store(isReady, ordering: .relaxed) }
}

/// The program's version.
enum ProgramVersion {
    static let text = "0.1.0"
}
