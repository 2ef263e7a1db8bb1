import CLinux
import Glibc

/// The service manager that started this process, if one did: systemd, or another with its protocol.
///
/// sd_listen_fds(3) and sd_notify(3) describe it.
public struct ServiceSupervisor: Sendable {
    /// What a service tells of itself.
    public enum State: Sendable {
        /// It serves, or has read its configuration.
        case ready
        /// It is about to read its configuration again; `ready` follows.
        case reloading
        /// It is about to end.
        case stopping
    }

    /// Where the manager listens; nil when it does not want to know.
    private let notifications: SocketAddress?
    /// The names of the sockets that it has opened, in the order of their descriptors.
    private let socketNames: [String]

    private static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"]
    private static let firstDescriptor: Int32 = 3
    private static let socketCountMax = 1_024

    /// Reads what a manager has left in an environment.
    ///
    /// Sockets are only there for the process of that identifier (nil: this one).
    public init(environment: [String: String], processIdentifier: Int32? = nil) {
        notifications = environment["NOTIFY_SOCKET"].flatMap { SocketAddress(unixPath: $0) }
        let process = processIdentifier ?? getpid()
        guard environment["LISTEN_PID"] == String(process),
            let count = environment["LISTEN_FDS"].flatMap(Int.init),
            (0...Self.socketCountMax).contains(count)
        else {
            socketNames = []
            return
        }
        let given = (environment["LISTEN_FDNAMES"] ?? "")
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        socketNames = (0..<count).map { $0 < given.count ? given[$0] : "unknown" }
    }

    /// Takes what is for this process out of its environment, so that no child takes it for its own.
    ///
    /// To be called before any other thread exists.
    public static func clearEnvironment() {
        for name in variables { _ = unsafe unsetenv(name) }
    }

    /// Hands out the sockets that the manager has opened, in order, each with its name.
    ///
    /// To be called once. Throws when one does not listen for connections; see
    /// ``ListeningSocket/init(inheriting:)``.
    public func takeSockets(
        _ take: (_ name: String, _ socket: consuming ListeningSocket) -> Void
    ) throws(SystemError) {
        for (index, name) in socketNames.enumerated() {
            take(name, try ListeningSocket(inheriting: Self.firstDescriptor + Int32(index)))
        }
    }

    /// Tells the manager.
    ///
    /// Without effect when there is none, or when it cannot be reached: a service runs all the same.
    public func notify(_ state: State) {
        guard let notifications,
            let socket = try? DatagramSocket(connectedTo: notifications)
        else { return }
        try? socket.send(Array(Self.message(state).utf8))
    }

    private static func message(_ state: State) -> String {
        switch state {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Monotonic.now() / 1_000)"
        case .stopping: "STOPPING=1"
        }
    }
}
