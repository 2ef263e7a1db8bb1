import Platform

/// The JSON form of a function's configuration: every key optional, no other key allowed.
extension FunctionConfiguration {
    /// Reads a document and checks every value against its range.
    init(
        json: JSONValue,
        ceilings: Ceilings = Ceilings()
    ) throws(ConfigurationError) {
        self.init()
        var reader = try ObjectReader(json, at: "")
        try read(&reader)
        try reader.finish()
        try validate(ceilings)
    }

    /// Refuses a merge patch with a name that no configuration has, though it were to remove it.
    static func checkNames(ofPatch patch: JSONValue) throws(ConfigurationError) {
        var reader = try ObjectReader(patch, at: "")
        var configuration = FunctionConfiguration()
        try configuration.read(&reader)
        try reader.finish()
    }

    /// Takes the keys of a configuration from a document, which may have others.
    mutating func read(_ reader: inout ObjectReader) throws(ConfigurationError) {
        guard !reader.has("secrets") else {
            throw ConfigurationError(
                key: "secrets",
                reason: "are no part of a configuration: set each with 'roost secret set'"
            )
        }
        try reader.object("limits") { limits throws(ConfigurationError) in
            try limits.integer("memoryBytes", &self.limits.memoryBytes)
            try limits.fuel(&self.limits.fuel)
            try limits.integer("timeoutMs", &self.limits.timeoutMilliseconds)
            try limits.integer("requestBytes", &self.limits.requestBytes)
            try limits.integer("outputBytes", &self.limits.outputBytes)
            try limits.integer("logBytes", &self.limits.logBytes)
        }
        try reader.object("pool") { pool throws(ConfigurationError) in
            try pool.integer("min", &self.pool.minimum)
            try pool.integer("max", &self.pool.maximum)
            try pool.integer("idleMs", &self.pool.idleMilliseconds)
        }
        try reader.integer("concurrency", &concurrency)
        try reader.integer("queue", &queue)
        try reader.integer("reuse", &reuse)
        try reader.boolean("snapshot", &snapshot)
        try reader.boolean("compression", &compression)
        try reader.boolean("debug", &debug)
        sampleSuccesses = try reader.share("sampleSuccesses")
        if let name = try reader.string("next") {
            guard let name = FunctionName(name) else {
                throw ConfigurationError(
                    key: "next",
                    reason: "is '\(name)', which is no function's name"
                )
            }
            next = name
        }
        if let text = try reader.string("access") {
            guard let access = Access(rawValue: text) else {
                throw ConfigurationError(
                    key: "access",
                    reason: "is '\(text)' when it should be public or token"
                )
            }
            self.access = access
        }
        environment = try reader.variables("env")
        headers = try reader.variables("headers")
        try reader.object("cors") { inner throws(ConfigurationError) in
            cors = try CrossOrigin(&inner)
        }
        routes = try reader.elements("routes") { route throws(ConfigurationError) in
            let path = try route.string("path")
            let host = try route.string("host")
            guard let path else { throw route.missing("path") }
            return Route(path: path, host: host)
        }
    }

    /// The whole configuration, defaults included.
    var json: JSONValue {
        [
            "env": Self.object(environment),
            "headers": Self.object(headers),
            "cors": cors?.json ?? .null,
            "limits": [
                "memoryBytes": JSONValue(limits.memoryBytes),
                "fuel": limits.fuel.map { .integer(Int64(clamping: $0)) } ?? .null,
                "timeoutMs": JSONValue(limits.timeoutMilliseconds),
                "requestBytes": JSONValue(limits.requestBytes),
                "outputBytes": JSONValue(limits.outputBytes),
                "logBytes": JSONValue(limits.logBytes),
            ],
            "pool": [
                "min": JSONValue(pool.minimum),
                "max": JSONValue(pool.maximum),
                "idleMs": JSONValue(pool.idleMilliseconds),
            ],
            "concurrency": JSONValue(concurrency),
            "queue": JSONValue(queue),
            "reuse": JSONValue(reuse),
            "snapshot": JSONValue(snapshot),
            "routes": .array(
                routes.map { route in
                    var members: [String: JSONValue] = ["path": JSONValue(route.path)]
                    if let host = route.host { members["host"] = JSONValue(host) }
                    return .object(members)
                }
            ),
            "compression": JSONValue(compression),
            "next": JSONValue(next?.description),
            "access": JSONValue(access.rawValue),
            "debug": JSONValue(debug),
            "sampleSuccesses": sampleSuccesses.map(JSONValue.number) ?? .null,
        ]
    }

    private static func object(_ variables: [Variable]) -> JSONValue {
        .object(Dictionary(variables.map { ($0.name, JSONValue($0.value)) }) { $1 })
    }
}

extension CrossOrigin {
    fileprivate init(_ reader: inout ObjectReader) throws(ConfigurationError) {
        self.init()
        origins = try reader.texts("origins") ?? origins
        methods = try reader.texts("methods") ?? methods
        headers = try reader.texts("headers") ?? headers
        exposedHeaders = try reader.texts("exposeHeaders") ?? exposedHeaders
        try reader.boolean("credentials", &allowsCredentials)
        try reader.integer("maxAgeSeconds", &maxAgeSeconds)
    }

    fileprivate var json: JSONValue {
        func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        return [
            "origins": list(origins),
            "methods": list(methods),
            "headers": list(headers),
            "exposeHeaders": list(exposedHeaders),
            "credentials": JSONValue(allowsCredentials),
            "maxAgeSeconds": JSONValue(maxAgeSeconds),
        ]
    }
}

/// Reads the members of a JSON object, and complains about any that nobody asked for.
struct ObjectReader {
    private let path: String
    private var members: [String: JSONValue]
    /// The names that were asked for.
    private var knownNames: [String] = []

    /// `path` is where in the document the object is; empty for the document itself.
    init(_ json: JSONValue, at path: String) throws(ConfigurationError) {
        guard let members = json.members else {
            throw ConfigurationError(
                key: path.isEmpty ? "the document" : path,
                reason: "should be an object"
            )
        }
        self.path = path
        self.members = members
    }

    /// A member that nobody has taken yet; null stands for the default, as in a merge patch.
    private mutating func take(_ name: String) -> JSONValue? {
        knownNames.append(name)
        let value = members.removeValue(forKey: name)
        return value == .null ? nil : value
    }

    /// The full name of a member.
    func key(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// Refuses members that were not read.
    func finish() throws(ConfigurationError) {
        guard let unknown = members.keys.min() else { return }
        let nearest = NearestName.of(unknown, among: knownNames).map(key)
        throw ConfigurationError(
            key: key(unknown),
            reason: "is not a known key" + (nearest.map { ": did you mean '\($0)'?" } ?? "")
        )
    }

    /// Why a member that must be there is not; when another one is there that nobody knows, it was meant.
    func missing(
        _ name: String,
        _ reason: String = "is missing",
        besides others: [String] = []
    ) -> ConfigurationError {
        var rest = self
        rest.knownNames += others
        for other in others { rest.members[other] = nil }
        do throws(ConfigurationError) {
            try rest.finish()
            return ConfigurationError(key: key(name), reason: reason)
        } catch {
            return error
        }
    }

    /// Whether there is a member of a name that was not read yet.
    func has(_ name: String) -> Bool { members[name] != nil }

    /// A number from 0 to 1; nil when it is not given.
    mutating func share(_ name: String) throws(ConfigurationError) -> Double? {
        guard let json = take(name) else { return nil }
        guard let share = json.double, (0...1).contains(share) else {
            throw ConfigurationError(key: key(name), reason: "should be a number from 0 to 1")
        }
        return share
    }

    mutating func integer(_ name: String, _ value: inout Int) throws(ConfigurationError) {
        value = try optionalInteger(name) ?? value
    }

    /// An integer; nil when it is not given.
    mutating func optionalInteger(_ name: String) throws(ConfigurationError) -> Int? {
        guard let json = take(name) else { return nil }
        guard let number = json.integer, let integer = Int(exactly: number) else {
            throw ConfigurationError(key: key(name), reason: "should be an integer")
        }
        return integer
    }

    mutating func fuel(_ value: inout UInt64?) throws(ConfigurationError) {
        guard let json = take("fuel") else { return }
        guard let number = json.integer, let fuel = UInt64(exactly: number) else {
            throw ConfigurationError(
                key: key("fuel"),
                reason: "should be a positive integer or null"
            )
        }
        value = fuel
    }

    mutating func boolean(_ name: String, _ value: inout Bool) throws(ConfigurationError) {
        guard let json = take(name) else { return }
        guard case .boolean(let boolean) = json else {
            throw ConfigurationError(key: key(name), reason: "should be true or false")
        }
        value = boolean
    }

    /// A number from 0 to 1.
    mutating func share(_ name: String, _ value: inout Double) throws(ConfigurationError) {
        guard let json = members.removeValue(forKey: name) else { return }
        let number: Double? =
            switch json {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            default: nil
            }
        guard let number, (0...1).contains(number) else {
            throw ConfigurationError(key: key(name), reason: "should be a number from 0 to 1")
        }
        value = number
    }

    mutating func string(_ name: String) throws(ConfigurationError) -> String? {
        guard let json = take(name) else { return nil }
        guard let string = json.string else {
            throw ConfigurationError(key: key(name), reason: "should be a string")
        }
        return string
    }

    /// An array of strings; nil when it is not given.
    mutating func texts(_ name: String) throws(ConfigurationError) -> [String]? {
        guard let json = take(name) else { return nil }
        guard case .array(let values) = json else {
            throw ConfigurationError(key: key(name), reason: "should be an array of strings")
        }
        var texts: [String] = []
        for (index, value) in values.enumerated() {
            guard let text = value.string else {
                let place = "\(key(name))[\(index)]"
                throw ConfigurationError(key: place, reason: "should be a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// An object of which every member is a string.
    mutating func strings(_ name: String) throws(ConfigurationError) -> [String: String] {
        guard let json = take(name) else { return [:] }
        let reader = try ObjectReader(json, at: key(name))
        var strings: [String: String] = [:]
        for (member, value) in reader.members where value != .null {
            guard let string = value.string else {
                throw ConfigurationError(key: reader.key(member), reason: "should be a string")
            }
            strings[member] = string
        }
        return strings
    }

    /// The members of an object of strings, sorted by name.
    fileprivate mutating func variables(
        _ name: String
    ) throws(ConfigurationError) -> [FunctionConfiguration.Variable] {
        try strings(name).sorted { $0.key < $1.key }
            .map { FunctionConfiguration.Variable(name: $0.key, value: $0.value) }
    }

    /// A number; nil when it is not given.
    mutating func number(_ name: String) throws(ConfigurationError) -> Double? {
        switch take(name) {
        case nil: return nil
        case .number(let number): return number
        case .integer(let integer): return Double(integer)
        default: throw ConfigurationError(key: key(name), reason: "should be a number")
        }
    }

    /// The names of the members that nobody has taken yet.
    var remainingNames: [String] { members.keys.sorted() }

    mutating func object(
        _ name: String,
        _ body: (inout ObjectReader) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        guard let json = take(name) else { return }
        var reader = try ObjectReader(json, at: key(name))
        try body(&reader)
        try reader.finish()
    }

    /// An array of objects.
    mutating func elements<Element>(
        _ name: String,
        _ body: (inout ObjectReader) throws(ConfigurationError) -> Element
    ) throws(ConfigurationError) -> [Element] {
        guard let json = take(name) else { return [] }
        guard case .array(let values) = json else {
            throw ConfigurationError(key: key(name), reason: "should be an array")
        }
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            var reader = try ObjectReader(value, at: "\(key(name))[\(index)]")
            elements.append(try body(&reader))
            try reader.finish()
        }
        return elements
    }
}
