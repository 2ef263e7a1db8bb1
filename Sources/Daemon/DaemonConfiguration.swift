import FoundationEssentials
import HTTP
import HTTPServer
import Linux
import Platform
import Store

/// Everything about the daemon that an operator can set: from a file, then from the environment,
/// then from the command line, each overriding the one before.
struct DaemonConfiguration: Equatable, Sendable {
    var data: String
    var listen: String
    var adminListen: String?
    /// Event loops.
    var workers: Int
    /// Threads for guests that outlive their first slice.
    var guestThreads: Int
    var dev = false

    /// The largest upload, unpacked.
    var moduleBytesMax = 64 << 20
    /// The largest body of another control-plane request.
    var controlRequestBytesMax = 1 << 20
    /// The largest export that is imported.
    var importBytesMax = 4 << 30
    /// The most control-plane requests that wait for a thread.
    var controlQueueMax = 256
    var invocationsMax = 4_096
    var checkTimeoutMilliseconds = 20_000
    var checkMemoryBytesMax = 1 << 30
    var checkProcessorSecondsMax = 10
    /// How long invocations in flight may take after a signal to stop.
    var drainMilliseconds = 10_000
    /// Where the log of accesses goes: a file, `-` for standard error, nil for nowhere.
    var accessLog: String?
    /// Who is believed when a request says where it comes from.
    var trustedProxies = TrustedProxies()
    var access = AccessSettings()
    var responseFields = PlatformOptions.ResponseFields.all
    var ceilings = FunctionConfiguration.Ceilings()
    var server = ServerLimits()
    var message = Limits()
    var asyncCalls = AsyncCalls.Limits()
    var residentBytesMax = 1 << 30
    var dormantAfterMilliseconds = 900_000
    /// How long a version stays in memory that no alias leads to any more.
    var warmMilliseconds = 600_000
    var versions = VersionCollector.Settings()
    /// The file with the key for secrets; nil: the service manager's credential, or the data folder's own.
    var secretKeyFile: String?
    /// Where spans are sent; nil: nowhere.
    var tracing: TracingConfiguration?
    /// How many functions have metrics of their own.
    var metricsFunctionsMax = 1_000
    var retentionSeconds = 7 * 86_400
    var retentionRecords = 10_000_000
    var retentionBytes = 4 << 30
    /// The share of the successful calls that goes on record.
    var sampleSuccesses = 1.0
    var query = InvocationQuery.Limits()

    /// Layers file, environment and command line.
    static func load(
        _ options: ServeOptions,
        environment: [String: String]
    ) throws(ConfigurationError) -> DaemonConfiguration {
        let cores = Processors.count
        var configuration = DaemonConfiguration(
            data: options.data,
            listen: options.listen,
            workers: cores,
            guestThreads: cores
        )
        if let path = options.config ?? environment["ROOST_CONFIG"] {
            try configuration.apply(file: path)
        }
        try configuration.apply(environment: environment)
        configuration.adminListen = options.adminListen ?? configuration.adminListen
        configuration.workers = options.workers ?? configuration.workers
        configuration.dev = options.dev || configuration.dev
        try configuration.validate()
        return configuration
    }

    private mutating func apply(file path: String) throws(ConfigurationError) {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ConfigurationError(key: path, reason: "cannot be read: \(error)")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes, allowsJSON5: true)
        } catch {
            throw ConfigurationError(key: path, reason: error.description)
        }
        try apply(json)
    }

    /// Applies the document of a configuration file.
    mutating func apply(_ json: JSONValue) throws(ConfigurationError) {
        var reader = try ObjectReader(json, at: "")
        adminListen = try reader.string("adminListen") ?? adminListen
        accessLog = try reader.string("accessLog") ?? accessLog
        if let texts = try reader.texts("trustedProxies") {
            trustedProxies = try TrustedProxies(texts, key: "trustedProxies")
        }
        try access.apply(&reader)
        try reader.integer("eventLoops", &workers)
        try reader.integer("guestThreads", &guestThreads)
        try reader.integer("drainMs", &drainMilliseconds)
        try reader.object("control") { control throws(ConfigurationError) in
            try control.integer("moduleBytesMax", &moduleBytesMax)
            try control.integer("requestBytesMax", &controlRequestBytesMax)
            try control.integer("importBytesMax", &importBytesMax)
            try control.integer("queueMax", &controlQueueMax)
            try control.integer("checkTimeoutMs", &checkTimeoutMilliseconds)
            try control.integer("checkMemoryBytesMax", &checkMemoryBytesMax)
            try control.integer("checkProcessorSecondsMax", &checkProcessorSecondsMax)
        }
        try reader.object("invocations") { invocations throws(ConfigurationError) in
            try invocations.integer("max", &invocationsMax)
            try invocations.integer("retentionSeconds", &retentionSeconds)
            try invocations.integer("retentionRecords", &retentionRecords)
            try invocations.integer("retentionBytes", &retentionBytes)
            sampleSuccesses = try invocations.share("sampleSuccesses") ?? sampleSuccesses
        }
        try reader.object("query") { query throws(ConfigurationError) in
            try query.integer("timeoutMs", &self.query.timeoutMilliseconds)
            try query.integer("rowsMax", &self.query.rowsMax)
            try query.integer("answerBytesMax", &self.query.answerBytesMax)
            try query.integer("memoryBytesMax", &self.query.memoryBytesMax)
        }
        try reader.object("pool") { pool throws(ConfigurationError) in
            try pool.integer("residentBytesMax", &residentBytesMax)
            try pool.integer("dormantAfterMs", &dormantAfterMilliseconds)
            try pool.integer("warmMs", &warmMilliseconds)
        }
        try reader.object("versions") { inner throws(ConfigurationError) in
            try versions.apply(&inner)
        }
        try reader.object("secrets") { secrets throws(ConfigurationError) in
            secretKeyFile = try secrets.string("keyFile") ?? secretKeyFile
        }
        try reader.object("tracing") { (inner) throws(ConfigurationError) in
            tracing = try TracingConfiguration(&inner)
        }
        try reader.object("metrics") { (inner) throws(ConfigurationError) in
            try inner.integer("functionsMax", &metricsFunctionsMax)
        }
        try reader.object("asyncCalls") { (calls) throws(ConfigurationError) in
            try asyncCalls.apply(&calls)
        }
        try reader.object("functionCeilings") { (inner) throws(ConfigurationError) in
            try ceilings.apply(&inner)
        }
        try reader.object("server") { (inner) throws(ConfigurationError) in
            try server.apply(&inner)
            try message.apply(&inner)
        }
        try reader.object("responseFields") { (inner) throws(ConfigurationError) in
            try responseFields.apply(&inner)
        }
        try reader.finish()
    }

    private mutating func apply(environment: [String: String]) throws(ConfigurationError) {
        adminListen = environment["ROOST_ADMIN_LISTEN"] ?? adminListen
        if let text = environment["ROOST_WORKERS"] {
            guard let count = Int(text) else {
                throw ConfigurationError(key: "ROOST_WORKERS", reason: "should be an integer")
            }
            workers = count
        }
    }

    private func validate() throws(ConfigurationError) {
        let ranges: [(key: String, value: Int, range: ClosedRange<Int>)] = [
            ("eventLoops", workers, 1...256), ("guestThreads", guestThreads, 1...256),
            ("drainMs", drainMilliseconds, 0...3_600_000),
            ("control.moduleBytesMax", moduleBytesMax, 8...(1 << 30)),
            ("control.requestBytesMax", controlRequestBytesMax, 1...(64 << 20)),
            ("control.importBytesMax", importBytesMax, 1...(1 << 50)),
            ("control.queueMax", controlQueueMax, 1...65_536),
            ("control.checkTimeoutMs", checkTimeoutMilliseconds, 1...600_000),
            ("control.checkMemoryBytesMax", checkMemoryBytesMax, (64 << 20)...(64 << 30)),
            ("control.checkProcessorSecondsMax", checkProcessorSecondsMax, 1...600),
            ("pool.residentBytesMax", residentBytesMax, (16 << 20)...(1 << 50)),
            ("pool.dormantAfterMs", dormantAfterMilliseconds, 1...Int(Int32.max)),
            ("pool.warmMs", warmMilliseconds, 0...Int(Int32.max)),
            ("versions.keepCount", versions.keepCount, 1...1_000_000),
            ("versions.keepSeconds", versions.keepSeconds, 0...Int(Int32.max)),
            ("versions.collectSeconds", versions.collectSeconds, 1...86_400),
            ("metrics.functionsMax", metricsFunctionsMax, 0...100_000),
            ("invocations.max", invocationsMax, 1...1_000_000),
            ("asyncCalls.waitingMax", asyncCalls.waitingMax, 0...10_000_000),
            ("asyncCalls.concurrency", asyncCalls.concurrency, 1...1_024),
            ("asyncCalls.attemptsMax", asyncCalls.attemptsMax, 1...100),
            ("asyncCalls.retryMs", asyncCalls.retryMilliseconds, 1...86_400_000),
            ("asyncCalls.retryMsMax", asyncCalls.retryMillisecondsMax, 1...86_400_000),
            ("asyncCalls.requestBytesMax", asyncCalls.requestBytesMax, 0...(64 << 20)),
            ("asyncCalls.resultBytesMax", asyncCalls.resultBytesMax, 0...(64 << 20)),
            ("asyncCalls.retentionSeconds", asyncCalls.retentionSeconds, 1...Int(Int32.max)),
            ("server.headBytesMax", message.headBytesMax, 256...(1 << 20)),
            ("server.targetBytesMax", message.targetBytesMax, 64...(1 << 20)),
            ("server.fieldCountMax", message.fieldCountMax, 1...10_000),
            ("server.chunkOverheadBytesMax", message.chunkOverheadBytesMax, 64...(16 << 20)),
            ("invocations.retentionSeconds", retentionSeconds, 1...Int(Int32.max)),
            ("invocations.retentionRecords", retentionRecords, 1...1_000_000_000),
            ("invocations.retentionBytes", retentionBytes, (1 << 20)...(1 << 50)),
            ("query.timeoutMs", query.timeoutMilliseconds, 1...600_000),
            ("query.rowsMax", query.rowsMax, 1...10_000_000),
            ("query.answerBytesMax", query.answerBytesMax, 1_024...(1 << 30)),
            ("query.memoryBytesMax", query.memoryBytesMax, (1 << 20)...(1 << 40)),
        ]
        for (key, value, range) in ranges + access.ranges where !range.contains(value) {
            throw ConfigurationError(
                key: key,
                reason: "is \(value) when it should be \(range.lowerBound) to \(range.upperBound)"
            )
        }
        try access.validate()
        if let secretKeyFile, !secretKeyFile.hasPrefix("/") {
            throw ConfigurationError(
                key: "secrets.keyFile",
                reason: "is '\(secretKeyFile)' when it should be an absolute path"
            )
        }
        try allow(try listenAddress())
        if let admin = try adminAddress() { try allow(admin) }
    }

    /// Refuses to ask for no token at an address that others can reach.
    func allow(_ address: SocketAddress) throws(ConfigurationError) {
        guard dev, !address.isLoopback else { return }
        throw ConfigurationError(
            key: "--dev",
            reason: "is only allowed on a loopback address, which \(address) is not"
        )
    }

    /// Where functions are called.
    func listenAddress() throws(ConfigurationError) -> SocketAddress {
        try Self.address(listen, key: "--listen")
    }

    /// Where the control plane is; nil when it is at the same place.
    func adminAddress() throws(ConfigurationError) -> SocketAddress? {
        guard let adminListen else { return nil }
        return try Self.address(adminListen, key: "--admin-listen")
    }

    /// Parses `HOST:PORT`, with brackets around an IPv6 address, or `unix:/PATH`.
    static func address(_ text: String, key: String) throws(ConfigurationError) -> SocketAddress {
        if text.hasPrefix(unixPrefix) {
            let path = String(text.dropFirst(unixPrefix.count))
            guard path.hasPrefix("/"), let address = SocketAddress(unixPath: path) else {
                throw ConfigurationError(
                    key: key,
                    reason: "is '\(text)' when it should be unix: and an absolute path of at most "
                        + "\(SocketAddress.unixPathBytesMax) bytes"
                )
            }
            return address
        }
        let colon = text.lastIndex(of: ":")
        let host = String(colon.map { text[..<$0] } ?? "")
        // Without brackets nobody could tell where an IPv6 address ends.
        guard let colon, host.hasPrefix("[") || !host.contains(":"),
            let port = UInt16(text[text.index(after: colon)...]),
            let address = SocketAddress(host: host, port: port)
        else {
            throw ConfigurationError(
                key: key,
                reason: "is '\(text)' when it should be ADDRESS:PORT or unix:/PATH"
            )
        }
        return address
    }

    private static let unixPrefix = "unix:"
}

extension FunctionConfiguration.Ceilings {
    fileprivate mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        try reader.integer("memoryBytes", &memoryBytes)
        try reader.integer("timeoutMs", &timeoutMilliseconds)
        try reader.integer("requestBytes", &requestBytes)
        try reader.integer("outputBytes", &outputBytes)
        try reader.integer("logBytes", &logBytes)
        try reader.integer("poolInstances", &poolInstances)
        try reader.integer("concurrency", &concurrency)
        try reader.integer("queue", &queue)
        try reader.integer("environmentVariables", &environmentVariables)
        try reader.integer("environmentBytes", &environmentBytes)
        try reader.integer("routes", &routes)
    }
}

extension ServerLimits {
    fileprivate mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        for (key, path) in Self.settings {
            try reader.integer(key, &self[keyPath: path])
            let value = self[keyPath: path]
            guard (0...Int(Int32.max)).contains(value) else {
                throw ConfigurationError(
                    key: reader.key(key),
                    reason: "is \(value) when it should be 0 to \(Int32.max)"
                )
            }
        }
    }

    private static var settings: [(String, WritableKeyPath<ServerLimits, Int>)] {
        [
            ("connectionsPerLoopMax", \.connectionsPerLoopMax),
            ("connectionsPerAddressMax", \.connectionsPerAddressMax),
            ("reservedConnectionsMax", \.reservedConnectionsMax),
            ("pipelinedRequestsMax", \.pipelinedRequestsMax),
            ("requestsPerConnectionMax", \.requestsPerConnectionMax),
            ("connectionAgeMs", \.connectionAgeMilliseconds),
            ("queueAgeMs", \.queueAgeMilliseconds),
            ("firstByteMs", \.firstByteMilliseconds),
            ("headMs", \.headMilliseconds),
            ("bodyMs", \.bodyMilliseconds),
            ("idleMs", \.idleMilliseconds),
            ("progressWindowMs", \.progressWindowMilliseconds),
            ("transferBytesPerSecondMin", \.transferBytesPerSecondMin),
            ("lingerMs", \.lingerMilliseconds),
            ("lingerBytesMax", \.lingerBytesMax),
            ("discardedBodyBytesMax", \.discardedBodyBytesMax),
            ("bodyBytesHighWater", \.bodyBytesHighWater),
            ("outputBytesHighWater", \.outputBytesHighWater),
            ("outputBytesLowWater", \.outputBytesLowWater),
            ("streamBytesMax", \.streamBytesMax),
            ("acceptPauseMs", \.acceptPauseMilliseconds),
            ("listenBacklogMax", \.listenBacklogMax),
        ]
    }
}

extension Limits {
    fileprivate mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        try reader.integer("headBytesMax", &headBytesMax)
        try reader.integer("targetBytesMax", &targetBytesMax)
        try reader.integer("fieldCountMax", &fieldCountMax)
        try reader.integer("chunkOverheadBytesMax", &chunkOverheadBytesMax)
    }
}

extension AsyncCalls.Limits {
    fileprivate mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        try reader.integer("waitingMax", &waitingMax)
        try reader.integer("concurrency", &concurrency)
        try reader.integer("attemptsMax", &attemptsMax)
        try reader.integer("retryMs", &retryMilliseconds)
        try reader.integer("retryMsMax", &retryMillisecondsMax)
        try reader.integer("requestBytesMax", &requestBytesMax)
        try reader.integer("resultBytesMax", &resultBytesMax)
        try reader.integer("retentionSeconds", &retentionSeconds)
    }
}

extension PlatformOptions.ResponseFields {
    fileprivate mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        let fields: [(String, PlatformOptions.ResponseFields)] = [
            ("requestId", .requestIdentifier), ("functionVersion", .version), ("start", .start),
            ("fuelUsed", .fuel), ("serverTiming", .serverTiming),
        ]
        for (name, field) in fields {
            var isOn = contains(field)
            try reader.boolean(name, &isOn)
            if isOn { insert(field) } else { remove(field) }
        }
    }
}
