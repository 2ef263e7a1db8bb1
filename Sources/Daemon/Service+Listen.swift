import HTTPServer
import Linux

/// The sockets that the service manager has opened for the daemon.
///
/// They take the place of the addresses that are configured.
struct InheritedListeners {
    /// For the data plane.
    var data: [Listener] = []
    /// For the control plane: those of the name `admin`.
    var admin: [Listener] = []

    /// None.
    init() {}

    /// Takes them from the manager.
    init(from manager: ServiceSupervisor) throws(SystemError) {
        var (data, admin): ([Listener], [Listener]) = ([], [])
        try manager.takeSockets { name, socket in
            let listener = Listener(socket)
            if name == "admin" { admin.append(listener) } else { data.append(listener) }
        }
        self.data = data
        self.admin = admin
    }
}

extension Service {
    /// Starts the servers: one for both planes, or one for each, the data plane's first.
    static func listen(
        _ configuration: DaemonConfiguration,
        _ inherited: InheritedListeners,
        _ parts: FrontHandler.Parts
    ) throws -> [Server] {
        for listener in inherited.data + inherited.admin {
            try configuration.allow(listener.address)
        }
        var settings = Configuration(addresses: [], loopCount: configuration.workers)
        settings.limits = configuration.server
        settings.messageLimits = configuration.message
        settings.listeners = inherited.data
        if inherited.data.isEmpty { settings.addresses = [try configuration.listenAddress()] }
        let adminAddress = try inherited.admin.isEmpty ? configuration.adminAddress() : nil
        guard adminAddress != nil || !inherited.admin.isEmpty else {
            return [
                try Server.start(settings) { _ in
                    FrontHandler(parts, planes: [.data, .control])
                }
            ]
        }
        let data = try Server.start(settings) { _ in FrontHandler(parts, planes: .data) }
        settings.listeners = inherited.admin
        settings.addresses = adminAddress.map { [$0] } ?? []
        settings.loopCount = 1
        settings.threadName = "admin"
        do {
            return [
                data, try Server.start(settings) { _ in FrontHandler(parts, planes: .control) },
            ]
        } catch {
            data.stop(drainMilliseconds: 0)
            throw error
        }
    }
}
