/// How a function is run: its environment, its limits, its pool.
///
/// A version carries one configuration for ever; a change makes a new version.
public struct FunctionConfiguration: Equatable, Sendable {
    /// What one invocation may use.
    public struct Limits: Equatable, Sendable {
        /// The most bytes of linear memory; `memory.grow` beyond it fails.
        public var memoryBytes = 128 << 20
        /// The most WebAssembly instructions; nil leaves only the time limit.
        public var fuel: UInt64?
        /// The most wall-clock time from the request's arrival, waiting included.
        public var timeoutMilliseconds = 10_000
        /// The largest request body.
        public var requestBytes = 6 << 20
        /// The largest output of the guest, header block included.
        public var outputBytes = 64 << 20
        /// The most bytes of log lines kept from one invocation.
        public var logBytes = 64 << 10

        /// The default limits.
        public init() {}
    }

    /// How many instances are kept ready.
    public struct Pool: Equatable, Sendable {
        /// How many are made ahead of need and kept however idle the function is.
        public var minimum = 1
        /// The most that are kept.
        public var maximum = 64
        /// How long an instance above the minimum may lie unused.
        public var idleMilliseconds = 60_000

        /// The default pool.
        public init() {}
    }

    /// One pattern of requests that reach the function beside `/f/{name}`.
    public struct Route: Hashable, Sendable {
        /// A path prefix that begins with `/`; whole segments are compared.
        public var path: String
        /// The host that requests must name, lower-case and without a port; nil takes any.
        public var host: String?

        /// Makes a route.
        public init(path: String, host: String? = nil) {
            self.path = path
            self.host = host
        }
    }

    /// A name and its value: a variable of the guest's environment, a header field.
    public struct Variable: Equatable, Sendable {
        public var name: String
        public var value: String

        /// Makes a pair.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Who may call a function.
    public enum Access: String, Sendable {
        /// Everybody who reaches the data plane.
        case `public`
        /// Who shows a token that allows it.
        case token
    }

    /// The guest's environment, sorted by name.
    public var environment: [Variable] = []
    /// Header fields that are added to responses, sorted by name.
    public var headers: [Variable] = []
    /// What pages of other origins may do; nil leaves that to the guest.
    public var cors: CrossOrigin?
    public var limits = Limits()
    public var pool = Pool()
    /// How many invocations may run at once.
    public var concurrency = 128
    /// How many more may wait for their turn.
    public var queue = 256
    /// How many requests an instance serves between two resets; 1 gives each a pristine one.
    public var reuse = 1
    /// Whether the initialised state is captured; when false each instance is made anew.
    public var snapshot = true
    /// Whether responses are packed for clients that accept gzip.
    public var compression = true
    public var routes: [Route] = []
    public var access = Access.public
    /// The function that gets the requests which an http-wasm handler passes on.
    public var next: FunctionName?
    /// Whether failure responses show the guest's backtrace.
    public var debug = false
    /// The share of the successful calls that goes on record, from 0 to 1; nil takes the daemon's.
    public var sampleSuccesses: Double?

    /// The default configuration.
    public init() {}
}

/// A value of a configuration that is not allowed: which key, and what would be.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The key as the JSON document spells it: `limits.timeoutMs`.
    public let key: String
    /// What is wrong with its value.
    public let reason: String

    /// Makes an error.
    public init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }

    /// `limits.timeoutMs: is 0 when it should be 1 to 3600000`.
    public var description: String { "\(key): \(reason)" }
}

// MARK: - Validation

extension FunctionConfiguration {
    /// The ceilings that an operator sets for all functions.
    public struct Ceilings: Equatable, Sendable {
        public var memoryBytes = 1 << 30
        public var timeoutMilliseconds = 3_600_000
        public var requestBytes = 16 << 30
        public var outputBytes = 16 << 30
        public var logBytes = 1 << 20
        public var poolInstances = 1_024
        public var concurrency = 10_000
        public var queue = 100_000
        public var environmentVariables = 256
        public var environmentBytes = 64 << 10
        public var routes = 64

        /// The default ceilings.
        public init() {}
    }

    /// Checks every value against its range.
    public func validate(_ ceilings: Ceilings = Ceilings()) throws(ConfigurationError) {
        try validateLimits(ceilings)
        try check("pool.max", pool.maximum, 1...ceilings.poolInstances)
        try check("pool.min", pool.minimum, 0...pool.maximum)
        try check("pool.idleMs", pool.idleMilliseconds, 0...86_400_000)
        try check("concurrency", concurrency, 1...ceilings.concurrency)
        try check("queue", queue, 0...ceilings.queue)
        try check("reuse", reuse, 1...1_000_000)
        try validateEnvironment(ceilings)
        try validateRoutes(ceilings)
        try validateHeaders()
        try cors?.validate()
    }

    private func validateLimits(_ ceilings: Ceilings) throws(ConfigurationError) {
        try check("limits.memoryBytes", limits.memoryBytes, 65_536...ceilings.memoryBytes)
        try check(
            "limits.timeoutMs",
            limits.timeoutMilliseconds,
            1...ceilings.timeoutMilliseconds
        )
        try check("limits.requestBytes", limits.requestBytes, 0...ceilings.requestBytes)
        try check("limits.outputBytes", limits.outputBytes, 0...ceilings.outputBytes)
        try check("limits.logBytes", limits.logBytes, 0...ceilings.logBytes)
        if let fuel = limits.fuel, fuel == 0 || fuel > UInt64(Int64.max) {
            throw ConfigurationError(
                key: "limits.fuel",
                reason: "is \(fuel) when it should be 1 to \(Int64.max)"
            )
        }
    }

    private func validateEnvironment(_ ceilings: Ceilings) throws(ConfigurationError) {
        try check("env", environment.count, 0...ceilings.environmentVariables)
        var byteCount = 0
        for variable in environment {
            let name = variable.name.utf8
            let key = "env.\(variable.name)"
            guard !name.isEmpty, !name.contains(UInt8(ascii: "=")), !name.contains(0) else {
                throw ConfigurationError(
                    key: key,
                    reason: "a name must not be empty or contain '=' or NUL"
                )
            }
            guard !variable.value.utf8.contains(0) else {
                throw ConfigurationError(key: key, reason: "a value must not contain NUL")
            }
            byteCount += name.count + variable.value.utf8.count + 2
        }
        guard byteCount <= ceilings.environmentBytes else {
            throw ConfigurationError(
                key: "env",
                reason: "takes \(byteCount) bytes when the limit is \(ceilings.environmentBytes)"
            )
        }
    }

    private func validateRoutes(_ ceilings: Ceilings) throws(ConfigurationError) {
        try check("routes", routes.count, 0...ceilings.routes)
        for (index, route) in routes.enumerated() {
            guard route.path.utf8.first == UInt8(ascii: "/"), route.path.utf8.count <= 1_024 else {
                throw ConfigurationError(
                    key: "routes[\(index)].path",
                    reason: "must begin with '/' and have at most 1024 bytes"
                )
            }
            for reserved in ["/f", "/v1"] where Self.prefix(reserved, covers: route.path) {
                throw ConfigurationError(
                    key: "routes[\(index)].path",
                    reason: "'\(reserved)' belongs to the platform"
                )
            }
            if let host = route.host, host.isEmpty || host != host.lowercased() {
                throw ConfigurationError(
                    key: "routes[\(index)].host",
                    reason: "must be lower-case and not empty"
                )
            }
        }
    }

    /// Whether `prefix` is `path` or ends at one of its slashes.
    static func prefix(_ prefix: String, covers path: String) -> Bool {
        guard path.utf8.starts(with: prefix.utf8) else { return false }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        return prefix.utf8.last == UInt8(ascii: "/") || rest.isEmpty
            || rest.first == UInt8(ascii: "/")
    }

    private func check(
        _ key: String,
        _ value: Int,
        _ range: ClosedRange<Int>
    ) throws(ConfigurationError) {
        guard range.contains(value) else {
            throw ConfigurationError(
                key: key,
                reason: "is \(value) when it should be \(range.lowerBound) to \(range.upperBound)"
            )
        }
    }
}
