import Foundation
import HTTPServer
package import Linux
package import Logging
import Platform
import Store

/// Runs the daemon in the foreground until SIGTERM or SIGINT, and returns the exit code.
public func serve(_ options: ServeOptions) -> Int32 {
    TerminationSignals.block()
    // Each connection is a descriptor: take as many as the system allows.
    if let limit = try? DescriptorLimit.read() { try? DescriptorLimit.setSoft(limit.hard) }
    let logger = DaemonLog.makeLogger()
    let service: Service
    do {
        let configuration = try DaemonConfiguration.load(
            options,
            environment: ProcessInfo.processInfo.environment
        )
        service = try Service(
            configuration,
            checkExecutable: "/proc/self/exe",
            logger: logger
        )
    } catch {
        logger.critical("cannot start", metadata: ["error": "\(error)"])
        return 1
    }
    // Standard output gets this line and no other: scripts wait for it.
    let line = Array("listening on http://\(service.address)\n".utf8)
    try? StandardStream.output.writeAll(line)
    let signal = TerminationSignals.wait()
    logger.info("stopping", metadata: ["signal": "\(signal)"])
    service.stop()
    logger.info("stopped")
    return 0
}

/// The running daemon: everything is built here and passed down.
package final class Service: Sendable {
    /// Where functions are called, with the real port.
    package let address: SocketAddress
    /// Where the control plane is, with the real port.
    package let adminAddress: SocketAddress
    /// The control plane's token.
    package let token: String

    private let configuration: DaemonConfiguration
    private let servers: [Server]
    private let platform: Platform
    private let executor: ControlExecutor
    private let followers: LogFollowers
    private let deployments: DeploymentStore
    private let invocations: InvocationStore
    private let lifecycle = Lifecycle()

    /// Starts a daemon with default settings, apart from these.
    package convenience init(
        _ options: ServeOptions,
        checkExecutable: String,
        logger: Logger
    ) throws {
        let configuration = try DaemonConfiguration.load(options, environment: [:])
        try self.init(configuration, checkExecutable: checkExecutable, logger: logger)
    }

    init(
        _ configuration: DaemonConfiguration,
        checkExecutable: String,
        logger: Logger
    ) throws {
        self.configuration = configuration
        let folder = try DataFolder(path: configuration.data)
        token = try folder.token()
        let deployments = try DeploymentStore(folder: folder)
        self.deployments = deployments
        invocations = try InvocationStore(folder: folder, limits: configuration.logLimits) {
            logger.warning("invocation log", metadata: ["state": "\($0)"])
        }
        platform = try Platform(options: configuration.platformOptions, log: invocations) {
            try deployments.moduleBytes(digest: $0)
        }
        executor = try ControlExecutor(threadCount: 2, queueMax: configuration.controlQueueMax)
        let api = ControlAPI(
            configuration: configuration,
            platform: platform,
            deployments: deployments,
            invocations: invocations,
            executor: executor,
            check: ModuleCheck(
                executable: checkExecutable,
                memoryBytesMax: configuration.checkMemoryBytesMax,
                processorSecondsMax: configuration.checkProcessorSecondsMax,
                timeoutMilliseconds: configuration.checkTimeoutMilliseconds
            ),
            logger: logger
        )
        followers = try LogFollowers(api)
        try Self.publishAll(api)
        let parts = FrontHandler.Parts(
            configuration: configuration,
            platform: platform,
            api: api,
            executor: executor,
            followers: followers,
            token: AccessToken(token),
            lifecycle: lifecycle
        )
        servers = try Self.listen(configuration, parts)
        address = servers[0].addresses[0]
        adminAddress = servers[servers.count - 1].addresses[0]
        lifecycle.setReady(true)
        logger.info(
            "started",
            metadata: [
                "address": "\(address)", "adminAddress": "\(adminAddress)",
                "data": "\(configuration.data)", "eventLoops": "\(configuration.workers)",
                "guestThreads": "\(configuration.guestThreads)",
            ]
        )
    }

    /// Waits until every invocation that has ended is on record.
    package func flushRecords() { invocations.flush() }

    /// Finishes what is in flight, as far as the drain time allows, and stores what is known.
    package func stop() {
        lifecycle.setReady(false)
        followers.stop()
        let drain = configuration.drainMilliseconds
        let deadline = Monotonic.now() &+ UInt64(drain) &* 1_000_000
        // The servers take no more connections; their requests in flight need the platform still.
        for server in servers { server.stop(drainMilliseconds: drain) }
        _ = platform.drain(until: deadline)
        executor.stop()
        platform.stop()
        invocations.close()
        deployments.close()
    }

    /// Shows requests every stored function; nothing is loaded until it is called.
    private static func publishAll(_ api: ControlAPI) throws {
        var last: String?
        while true {
            let records = try api.deployments.functions(limit: 500, after: last)
            for record in records { try api.publish(record) }
            guard let name = records.last?.name else { return }
            last = name
        }
    }

    private static func listen(
        _ configuration: DaemonConfiguration,
        _ parts: FrontHandler.Parts
    ) throws -> [Server] {
        guard let address = try configuration.listenAddress() else { return [] }
        var settings = Configuration(addresses: [address], loopCount: configuration.workers)
        settings.limits = configuration.server
        guard let admin = try configuration.adminAddress() else {
            return [
                try Server.start(settings) { _ in
                    FrontHandler(parts, planes: [.data, .control])
                }
            ]
        }
        let data = try Server.start(settings) { _ in FrontHandler(parts, planes: .data) }
        settings.addresses = [admin]
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

extension DaemonConfiguration {
    fileprivate var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.invocationsMax = invocationsMax
        options.workerCount = guestThreads
        options.residentBytesMax = residentBytesMax
        options.responseFields = responseFields
        options.serverSoftware = "roost/\(ProgramVersion.text)"
        return options
    }

    fileprivate var logLimits: InvocationStore.Limits {
        var limits = InvocationStore.Limits()
        limits.retentionSeconds = retentionSeconds
        limits.retentionRecords = retentionRecords
        limits.retentionBytes = retentionBytes
        return limits
    }
}

/// The daemon's own log, on standard error.
enum DaemonLog {
    static func makeLogger() -> Logger {
        var logger = Logger(label: "roost") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .info
        return logger
    }
}
