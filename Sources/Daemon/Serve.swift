import Foundation
import HTTPServer
package import Linux
package import Logging
import Platform
package import Store

/// Runs the daemon in the foreground until SIGTERM or SIGINT, and returns the exit code.
///
/// SIGHUP has it read its configuration again.
public func serve(_ options: ServeOptions) -> Int32 {
    ProcessSignals.block()
    let environment = ProcessInfo.processInfo.environment
    let manager = ServiceSupervisor(environment: environment)
    ServiceSupervisor.clearEnvironment()
    // Each connection is a descriptor: take as many as the system allows.
    if let limit = try? DescriptorLimit.read() { try? DescriptorLimit.setSoft(limit.hard) }
    let logger = DaemonLog.makeLogger()
    let service: Service
    do {
        service = try Service(
            try DaemonConfiguration.load(options, environment: environment),
            inherited: try InheritedListeners(from: manager),
            credentialsDirectory: environment["CREDENTIALS_DIRECTORY"],
            checkExecutable: "/proc/self/exe",
            logger: logger
        )
    } catch {
        logger.critical("cannot start", metadata: ["error": "\(error)"])
        return 1
    }
    // Standard output gets this line and no other: scripts wait for it.
    let scheme = service.address.unixPath == nil ? "http://" : ""
    try? StandardStream.output.writeAll(Array("listening on \(scheme)\(service.address)\n".utf8))
    manager.notify(.ready)
    while true {
        switch ProcessSignals.wait() {
        case .reload:
            manager.notify(.reloading)
            do {
                try service.reload(DaemonConfiguration.load(options, environment: environment))
            } catch {
                logger.error("settings stay as they were", metadata: ["error": "\(error)"])
            }
            manager.notify(.ready)
        case .stop(let signal):
            logger.info("stopping", metadata: ["signal": "\(signal)"])
            manager.notify(.stopping)
            service.stop()
            logger.info("stopped")
            return 0
        }
    }
}

/// The running daemon: everything is built here and passed down.
package final class Service: Sendable {
    /// Where functions are called, with the real port.
    package let address: SocketAddress
    /// Where the control plane is, with the real port.
    package let adminAddress: SocketAddress
    /// The control plane's token.
    package let token: String

    private let settings: LiveSettings
    private let logger: Logger
    private let accessLog: AccessLog
    private let servers: [Server]
    private let platform: Platform
    private let executor: ControlExecutor
    private let recordReaders: ControlExecutor
    private let followers: LogFollowers
    private let invocationHistory: InvocationHistory
    private let asyncCalls: AsyncCalls
    private let collector: VersionCollector
    private let transfers: FileTransfers
    private let verification: ModuleVerification
    private let deployments: DeploymentStore
    private let invocations: InvocationStore
    private let spans: SpanExporter?
    private let lifecycle = Lifecycle()

    /// Starts a daemon with default settings, apart from these.
    ///
    /// `now` tells which tokens have expired.
    package convenience init(
        _ options: ServeOptions,
        checkExecutable: String,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws {
        let configuration = try DaemonConfiguration.load(options, environment: [:])
        try self.init(configuration, checkExecutable: checkExecutable, logger: logger, now: now)
    }

    init(
        _ configuration: DaemonConfiguration,
        inherited: InheritedListeners = InheritedListeners(),
        credentialsDirectory: String? = nil,
        checkExecutable: String,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws {
        let settings = LiveSettings(configuration)
        self.settings = settings
        self.logger = logger
        let folder = try DataFolder(path: configuration.data)
        token = try folder.token()
        let deployments = try DeploymentStore(
            folder: folder,
            auditRecordsMax: configuration.access.auditRecordsMax
        )
        self.deployments = deployments
        let faults = VersionFaults(deployments, logger: logger)
        invocations = try InvocationStore(folder: folder, limits: configuration.logLimits) {
            logger.warning("invocation log", metadata: ["state": "\($0)"])
        }
        let keys = SecretKeySource(
            folder: folder,
            keyFile: configuration.secretKeyFile,
            credentialsDirectory: credentialsDirectory
        )
        let vault = SecretVault(keys, deployments, logger)
        try vault.check()
        spans = try configuration.tracing.map { tracing in
            try SpanExporter(tracing) { logger.warning("traces", metadata: ["state": "\($0)"]) }
        }
        platform = try Platform(
            options: configuration.platformOptions,
            log: invocations,
            spans: spans,
            functions: { name in
                try deployments.function(named: name.description).map {
                    let stored = try StoredFunction($0, of: deployments)
                    faults.update($0.name, stored.versions)
                    return stored
                }
            },
            secrets: { try vault.open($0, version: $1) },
            code: CodeSource(
                module: { try faults.module($0) },
                files: { try faults.files($0) }
            )
        )
        accessLog = try AccessLog(configuration.accessLog) {
            logger.error("access log", metadata: ["error": "\($0)"])
        }
        executor = try ControlExecutor(threadCount: 2, queueMax: configuration.controlQueueMax)
        recordReaders = try ControlExecutor(
            threadCount: 2,
            queueMax: configuration.controlQueueMax,
            name: "records"
        )
        asyncCalls = try AsyncCalls(
            configuration.asyncCalls,
            deployments: deployments,
            platform: platform,
            logger: logger
        )
        let access = AccessControl(folderToken: token, try deployments.tokens(), now: now)
        invocationHistory = try InvocationHistory(platform)
        let api = ControlAPI(
            settings: settings,
            platform: platform,
            deployments: deployments,
            invocations: invocations,
            executor: executor,
            checkExecutable: checkExecutable,
            asyncCalls: asyncCalls,
            access: access,
            vault: vault,
            invocationHistory: invocationHistory,
            faults: faults,
            importRing: invocations.makeRing(),
            logger: logger
        )
        transfers = try FileTransfers(folder: folder.temporaryFolder())
        followers = try LogFollowers(api)
        try Self.publishAll(api)
        asyncCalls.begin()
        collector = try VersionCollector(api)
        let parts = FrontHandler.Parts(
            settings: settings,
            platform: platform,
            accessLog: accessLog,
            api: api,
            executor: executor,
            recordReaders: recordReaders,
            followers: followers,
            access: access,
            transfers: transfers,
            lifecycle: lifecycle,
            spans: spans
        )
        servers = try Self.listen(configuration, inherited, parts)
        address = servers[0].addresses[0]
        adminAddress = servers[servers.count - 1].addresses[0]
        lifecycle.setServers(servers)
        lifecycle.setReady(true)
        verification = try ModuleVerification(faults)
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

    /// Has the settings take effect that can while the daemon runs, and opens the log of accesses
    /// anew.
    ///
    /// Not by two threads at once. Throws, with nothing changed, when that cannot be opened.
    func reload(_ configuration: DaemonConfiguration) throws {
        let (next, awaitingRestart) = settings.current.reloading(configuration)
        try accessLog.open(next.accessLog)
        settings.replace(with: next)
        for server in servers { server.setLimits(next.server, messageLimits: next.message) }
        logger.info("settings read again")
        guard !awaitingRestart.isEmpty else { return }
        let keys = awaitingRestart.joined(separator: ", ")
        logger.warning("settings that need a restart", metadata: ["keys": "\(keys)"])
    }

    /// Finishes what is in flight, as far as the drain time allows, and stores what is known.
    package func stop() {
        lifecycle.setReady(false)
        followers.stop()
        invocationHistory.stop()
        verification.stop()
        let drain = settings.current.drainMilliseconds
        let deadline = Monotonic.now() &+ UInt64(drain) &* 1_000_000
        // The servers take no more connections; their requests in flight need the platform still.
        for server in servers { server.stop(drainMilliseconds: drain) }
        asyncCalls.stop()
        collector.stop()
        transfers.stop()
        _ = platform.drain(until: deadline)
        executor.stop()
        recordReaders.stop()
        platform.stop()
        spans?.stop()
        accessLog.stop()
        invocations.close()
        deployments.close()
    }

    /// Shows requests every stored function; what can be is read only when it is called.
    private static func publishAll(_ api: ControlAPI) throws {
        var last: String?
        while true {
            let names = try api.deployments.functionNames(limit: 5_000, after: last)
            for name in names where name.hasRoutes {
                guard let record = try api.deployments.function(named: name.name) else { continue }
                try api.publish(record)
            }
            api.platform.publishDormant(names.filter { !$0.hasRoutes }.map(\.name))
            guard let name = names.last?.name else { return }
            last = name
        }
    }
}

extension DaemonConfiguration {
    fileprivate var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.invocationsMax = invocationsMax
        options.workerCount = guestThreads
        options.residentBytesMax = residentBytesMax
        options.dormantAfterMilliseconds = dormantAfterMilliseconds
        options.warmMilliseconds = warmMilliseconds
        options.responseFields = responseFields
        options.traceSampleRatio = tracing?.sampleRatio ?? 0
        options.metricsFunctionsMax = metricsFunctionsMax
        options.serverSoftware = "roost/\(ProgramVersion.text)"
        return options
    }

    fileprivate var logLimits: InvocationStore.Limits {
        var limits = InvocationStore.Limits()
        limits.retentionSeconds = retentionSeconds
        limits.retentionRecords = retentionRecords
        limits.retentionBytes = retentionBytes
        limits.sampleSuccesses = sampleSuccesses
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
