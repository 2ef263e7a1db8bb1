import HTTP
import Platform
import Store

/// Where an alias is to lead, as a request says it: `{"version": 7, "weights": {"8": 0.05}, "sticky": {…}}`.
struct AliasGoal {
    let version: Int
    var weights: [Int: Double] = [:]
    var sticky: StickyKey?

    init(_ json: JSONValue) throws(ConfigurationError) {
        var reader = try ObjectReader(json, at: "")
        guard let version = try reader.optionalInteger("version") else {
            throw reader.missing(
                "version",
                "should be a version's number",
                besides: ["weights", "sticky"]
            )
        }
        guard version > 0 else {
            throw ConfigurationError(key: "version", reason: "should be a version's number")
        }
        self.version = version
        var weights: [Int: Double] = [:]
        try reader.object("weights") { shares throws(ConfigurationError) in
            for name in shares.remainingNames {
                let share = try shares.number(name) ?? 0
                guard let number = Int(name), String(number) == name, number > 0, number != version
                else {
                    throw ConfigurationError(
                        key: shares.key(name),
                        reason: "should be the number of another version"
                    )
                }
                guard (0...1).contains(share) else {
                    throw ConfigurationError(
                        key: shares.key(name),
                        reason: "is \(share) when it should be 0 to 1"
                    )
                }
                weights[number] = share
            }
        }
        guard weights.values.reduce(0, +) <= 1 else {
            throw ConfigurationError(key: "weights", reason: "add up to more than 1")
        }
        self.weights = weights
        try reader.object("sticky") { inner throws(ConfigurationError) in
            sticky = try Self.stickyKey(&inner)
        }
        try reader.finish()
    }

    private static func stickyKey(
        _ reader: inout ObjectReader
    ) throws(ConfigurationError) -> StickyKey {
        let header = try reader.string("header")
        let cookie = try reader.string("cookie")
        // A cookie's name is a token too: RFC 6265 §4.1.1.
        guard let name = header ?? cookie, header == nil || cookie == nil, name.utf8.count <= 256,
            Fields(dictionaryLiteral: (name, "")).isValid
        else {
            throw ConfigurationError(
                key: "sticky",
                reason: "should be {\"header\": NAME} or {\"cookie\": NAME}"
            )
        }
        return header == nil ? .cookie(name) : .header(name)
    }
}
