import Platform

/// What an operator can set about who may do what.
struct AccessSettings: Equatable, Sendable {
    /// The names by which the control plane is reached, beside `localhost` and addresses.
    var controlHosts: [String] = []
    /// Whose signatures of modules count.
    var trustedKeys: [TrustedKey] = []
    /// Whether every module needs a signature.
    var requireSignature = false
    /// Tokens, beside that of the data folder.
    var tokensMax = 1_000
    /// Entries of the audit trail that are kept.
    var auditRecordsMax = 100_000
    /// How often an address may fail to show a token.
    var throttle = FailureThrottle.Limits()

    /// Reads its part of a configuration file.
    mutating func apply(_ reader: inout ObjectReader) throws(ConfigurationError) {
        if let hosts = try reader.texts("controlHosts") {
            controlHosts = hosts.map { $0.lowercased() }
        }
        if let keys = try reader.trustedKeys("trustedKeys") { trustedKeys = keys }
        try reader.boolean("requireSignature", &requireSignature)
        try reader.object("access") { (access) throws(ConfigurationError) in
            try access.integer("tokensMax", &tokensMax)
            try access.integer("auditRecordsMax", &auditRecordsMax)
            try access.integer("failuresMax", &throttle.failuresMax)
            try access.integer("failureMs", &throttle.failureMilliseconds)
            try access.integer("failureAddressesMax", &throttle.addressesMax)
        }
    }

    /// The integers that have ranges.
    var ranges: [(key: String, value: Int, range: ClosedRange<Int>)] {
        [
            ("access.tokensMax", tokensMax, 0...100_000),
            ("access.auditRecordsMax", auditRecordsMax, 1...100_000_000),
            ("access.failuresMax", throttle.failuresMax, 0...1_000_000),
            ("access.failureMs", throttle.failureMilliseconds, 1...3_600_000),
            ("access.failureAddressesMax", throttle.addressesMax, 2...10_000_000),
        ]
    }

    /// Refuses names that are none, and a demand that nothing could meet.
    func validate() throws(ConfigurationError) {
        for (index, host) in controlHosts.enumerated() {
            guard !host.isEmpty, host.utf8.count <= 253,
                host.utf8.allSatisfy({ Self.hostOctets.contains($0) })
            else {
                throw ConfigurationError(
                    key: "controlHosts[\(index)]",
                    reason: "is '\(host)' when it should be a host's name, without a port"
                )
            }
        }
        guard !requireSignature || !trustedKeys.isEmpty else {
            throw ConfigurationError(
                key: "requireSignature",
                reason: "needs at least one of 'trustedKeys'"
            )
        }
    }

    private static let hostOctets = Set("abcdefghijklmnopqrstuvwxyz0123456789.-_".utf8)
}

extension ObjectReader {
    /// An array of keys with different names; nil when it is not given.
    fileprivate mutating func trustedKeys(
        _ name: String
    ) throws(ConfigurationError) -> [TrustedKey]? {
        guard has(name) else { return nil }
        let keys = try elements(name) { (element) throws(ConfigurationError) in
            let name = try element.string("name") ?? ""
            guard !name.isEmpty, name.utf8.count <= 63 else {
                throw ConfigurationError(
                    key: element.key("name"),
                    reason: "should be a text of 1 to 63 bytes"
                )
            }
            let text = try element.string("publicKey") ?? ""
            guard let key = TrustedKey(name: name, base64: text) else {
                throw ConfigurationError(
                    key: element.key("publicKey"),
                    reason: "should be the \(TrustedKey.byteCount) bytes of an Ed25519 public key "
                        + "in Base64"
                )
            }
            return key
        }
        for (index, key) in keys.enumerated()
        where keys[..<index].contains(where: { $0.name == key.name }) {
            throw ConfigurationError(
                key: "\(name)[\(index)].name",
                reason: "is '\(key.name)', as that of another key"
            )
        }
        return keys
    }
}
