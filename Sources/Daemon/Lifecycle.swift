import HTTPServer
import Synchronization

/// Whether the daemon takes requests, and by which loops.
final class Lifecycle: Sendable {
    private let ready = Atomic(false)
    private let servers = Mutex<[Server]>([])

    /// The event loops of all servers.
    var loops: [EventLoop] { servers.withLock { $0.flatMap(\.loops) } }

    func setServers(_ started: [Server]) { servers.withLock { $0 = started } }

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func setReady(_ isReady: Bool) { ready.store(isReady, ordering: .relaxed) }
}

/// The program's version.
enum ProgramVersion {
    static let text = "0.1.0"
}
