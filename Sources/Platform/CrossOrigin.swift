public import HTTP

/// What pages of other origins may do with a function, by the Fetch standard's CORS protocol.
public struct CrossOrigin: Equatable, Sendable {
    /// The origins whose pages may read responses, as browsers send them; `*` is any.
    public var origins: [String] = []
    /// The methods that they may use; `*` is any.
    public var methods = ["GET", "HEAD", "POST"]
    /// The header fields that they may send; `*` is any.
    public var headers: [String] = []
    /// The header fields of responses that they may read, beyond those that anybody may; `*` is any.
    public var exposedHeaders: [String] = []
    /// Whether requests may carry cookies and other credentials.
    public var allowsCredentials = false
    /// How long a browser may keep the answer to a preflight, in seconds.
    public var maxAgeSeconds = 600

    /// Makes a policy that lets nobody in.
    public init() {}

    /// The wildcard.
    static let any = "*"

    private var allowsAnyOrigin: Bool { origins == [Self.any] }

    private func allows(origin: String) -> Bool { allowsAnyOrigin || origins.contains(origin) }

    // MARK: - Preflights

    /// The answer to a preflight, which no guest ever sees; nil when the request is none.
    public func answer(toPreflight head: RequestHead) -> Response? {
        guard head.method == .options, let origin = head.fields["origin"],
            let method = head.fields["access-control-request-method"]
        else { return nil }
        let asked = head.fields.values(of: "access-control-request-headers").joined(separator: ",")
        let names = asked.split { $0 == "," || $0 == " " || $0 == "\t" }.map { $0.lowercased() }
        var response: Response
        if let refusal = refusal(origin, method, names) {
            response = .problem(.forbidden, detail: refusal)
        } else {
            response = Response(status: .noContent)
            admit(origin, in: &response.fields)
            let methods = methods == [Self.any] ? [method] : methods
            response.fields.append(
                "Access-Control-Allow-Methods",
                methods.joined(separator: ", ")
            )
            let headers = headers == [Self.any] ? names : headers
            if !headers.isEmpty {
                response.fields.append(
                    "Access-Control-Allow-Headers",
                    headers.joined(separator: ", ")
                )
            }
            response.fields.append("Access-Control-Max-Age", String(maxAgeSeconds))
        }
        response.fields.append(
            "Vary",
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        )
        return response
    }

    private func refusal(_ origin: String, _ method: String, _ names: [String]) -> String? {
        if !allows(origin: origin) {
            return "origin '\(origin)' is not among the function's cors.origins"
        }
        if methods != [Self.any], !methods.contains(method) {
            return "method '\(method)' is not among the function's cors.methods"
        }
        guard headers != [Self.any] else { return nil }
        let allowed = Set(headers.map { $0.lowercased() })
        let missing = names.first { !allowed.contains($0) }
        return missing.map { "header field '\($0)' is not among the function's cors.headers" }
    }

    // MARK: - Responses

    /// The fields that the policy sets, so that no guest does.
    private static let ownFields = [
        "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
        "Access-Control-Expose-Headers",
    ]

    /// Adds what the page that asked needs to read a response; what the guest says of it is dropped.
    func apply(to fields: inout Fields, origin: String?) {
        for name in Self.ownFields { fields.remove(name) }
        if !allowsAnyOrigin { fields.append("Vary", "Origin") }
        guard let origin, allows(origin: origin) else { return }
        admit(origin, in: &fields)
        if !exposedHeaders.isEmpty {
            fields.append("Access-Control-Expose-Headers", exposedHeaders.joined(separator: ", "))
        }
    }

    private func admit(_ origin: String, in fields: inout Fields) {
        fields.append("Access-Control-Allow-Origin", allowsAnyOrigin ? Self.any : origin)
        if allowsCredentials { fields.append("Access-Control-Allow-Credentials", "true") }
    }
}

// MARK: - Validation

extension CrossOrigin {
    /// The most entries of a list.
    private static let entriesMax = 64
    /// The longest entry, in bytes.
    private static let entryBytesMax = 256

    /// Checks every value.
    func validate() throws(ConfigurationError) {
        guard !origins.isEmpty else {
            throw ConfigurationError(
                key: "cors.origins",
                reason: "must name an origin, or be [\"*\"]"
            )
        }
        try check("origins", origins) {
            Self.isOrigin($0)
        } as: {
            "is '\($0)' when it should be like https://example.org, with a port if it is not the usual one"
        }
        try check("methods", methods) {
            Method(rawValue: $0) != nil
        } as: {
            "is '\($0)', which is no method of HTTP"
        }
        for (name, list) in [("headers", headers), ("exposeHeaders", exposedHeaders)] {
            try check(name, list) {
                Fields([$0]).isValid
            } as: {
                "is '\($0)', which is no field's name"
            }
        }
        guard (0...86_400).contains(maxAgeSeconds) else {
            throw ConfigurationError(
                key: "cors.maxAgeSeconds",
                reason: "is \(maxAgeSeconds) when it should be 0 to 86400"
            )
        }
    }

    private func check(
        _ name: String,
        _ list: [String],
        _ isGood: (String) -> Bool,
        as reason: (String) -> String
    ) throws(ConfigurationError) {
        let key = "cors.\(name)"
        guard list.count <= Self.entriesMax else {
            throw ConfigurationError(
                key: key,
                reason: "has \(list.count) entries when it should have at most \(Self.entriesMax)"
            )
        }
        for (index, entry) in list.enumerated() where entry != Self.any {
            guard entry.utf8.count <= Self.entryBytesMax, isGood(entry) else {
                throw ConfigurationError(key: "\(key)[\(index)]", reason: reason(entry))
            }
        }
        guard list.contains(Self.any) else { return }
        guard list.count == 1 else {
            throw ConfigurationError(
                key: key,
                reason: "has entries beside '*', which is all of them"
            )
        }
        guard !allowsCredentials else {
            throw ConfigurationError(
                key: key,
                reason: "must not be '*' while cors.credentials is true: browsers refuse that"
            )
        }
    }

    /// Whether a text is an origin as browsers write it: RFC 6454 §6.2.
    private static func isOrigin(_ text: String) -> Bool {
        guard let separator = text.firstRange(of: "://") else { return false }
        let scheme = text[..<separator.lowerBound]
        let host = text[separator.upperBound...]
        let isPlain = text.utf8.allSatisfy { byte in
            (0x21...0x7e).contains(byte) && !(0x41...0x5a).contains(byte)
        }
        return isPlain && !scheme.isEmpty && !host.isEmpty
            && !host.contains { "/?#@*,".contains($0) }
    }
}

extension Fields {
    /// A list with fields of these names and no values.
    fileprivate init(_ names: [String]) {
        self.init()
        for name in names { append(name, "") }
    }
}
