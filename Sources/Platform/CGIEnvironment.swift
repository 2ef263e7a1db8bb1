import HTTP
import Store
import WASI

/// The part of a guest's environment that is the same for every request to a version.
struct FixedEnvironment {
    let strings: GuestStrings
    /// The names of the variables that the operator set: requests cannot set these.
    let reservedNames: Set<String>

    init(of version: FunctionVersion, secrets: [Secret], serverSoftware: String) {
        let variables =
            version.configuration.environment
            + secrets.map { FunctionConfiguration.Variable(name: $0.name, value: $0.value.text) }
        let reserved = Set(variables.map(\.name))
        var strings = GuestStrings()
        for variable in variables { strings.append(name: variable.name, value: variable.value) }
        let fixed = [
            ("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_SOFTWARE", serverSoftware),
            ("FUNCTION_NAME", version.function.description),
            ("FUNCTION_VERSION", String(version.number)),
        ]
        for (name, value) in fixed where !reserved.contains(name) {
            strings.append(name: name, value: value)
        }
        self.strings = strings
        reservedNames = reserved
    }
}

/// Makes a guest's environment and arguments of a request: RFC 3875 §4.1, with WAGI's additions.
struct CGIEnvironment {
    let head: RequestHead
    let match: RouteMatch
    let fixed: FixedEnvironment
    let requestIdentifier: RecordIdentifier
    let trace: TraceContext
    /// Nil while the body is still coming.
    let bodyByteCount: Int?
    let origin: RequestOrigin

    /// Fields that get no `HTTP_` variable: those with a variable of their own, those that concern
    /// the connection, and `Proxy`, whose variable programs take for their own proxy setting.
    private static let hiddenFields: Set<String> = [
        "CONTENT_LENGTH", "CONTENT_TYPE", "CONNECTION", "KEEP_ALIVE", "PROXY",
        "PROXY_AUTHORIZATION", "PROXY_CONNECTION", "TE", "TRAILER", "TRANSFER_ENCODING", "UPGRADE",
        "EXPECT",
    ]

    /// The environment: the version's part first, then the request's.
    func environment() -> GuestStrings {
        var strings = fixed.strings
        let path = head.pathOctets
        let scriptName = path.prefix(match.prefixCount)
        let rawPathInfo = path.dropFirst(match.prefixCount)
        append("REQUEST_METHOD", head.method.rawValue, to: &strings)
        append("SCRIPT_NAME", scriptName, to: &strings)
        // The parser lets no malformed and no NUL escape pass.
        append("PATH_INFO", PercentEncoding.decode(rawPathInfo) ?? [], to: &strings)
        append("X_RAW_PATH_INFO", rawPathInfo, to: &strings)
        append("X_MATCHED_ROUTE", match.pattern, to: &strings)
        append("QUERY_STRING", head.query ?? "", to: &strings)
        append("SERVER_PROTOCOL", head.version == .http10 ? "HTTP/1.0" : "HTTP/1.1", to: &strings)
        let (name, port) = server()
        append("SERVER_NAME", name, to: &strings)
        append("SERVER_PORT", port, to: &strings)
        append("X_FULL_URL", fullURL(), to: &strings)
        if origin.scheme == "https" { append("HTTPS", "on", to: &strings) }
        append("REMOTE_ADDR", origin.address, to: &strings)
        append("REMOTE_HOST", origin.address, to: &strings)
        append("REQUEST_ID", requestIdentifier.description, to: &strings)
        if let contentLength { append("CONTENT_LENGTH", String(contentLength), to: &strings) }
        if let type = head.fields.firstIndex(of: "content-type") {
            append("CONTENT_TYPE", head.fields.octets(at: type), to: &strings)
        }
        append("TRACEPARENT", trace.parentForCallees, to: &strings)
        if let state = trace.state { append("TRACESTATE", state, to: &strings) }
        appendFields(to: &strings)
        return strings
    }

    /// The body's length, if there is a body and its length is known.
    private var contentLength: Int? {
        switch head.framing {
        case .length(let length): length
        case .chunked: bodyByteCount
        case .none: nil
        }
    }

    /// The arguments: the function's name, then the words of the query.
    func arguments() -> GuestStrings {
        var strings = GuestStrings([match.version.function.description])
        guard let query = head.query else { return strings }
        for word in QueryArguments.words(of: query.utf8) {
            strings.append(String(decoding: word, as: UTF8.self))
        }
        return strings
    }

    private func append(_ name: String, _ value: String, to strings: inout GuestStrings) {
        guard !fixed.reservedNames.contains(name) else { return }
        strings.append(name: name, value: value)
    }

    private func append(
        _ name: String,
        _ value: some Collection<UInt8>,
        to strings: inout GuestStrings
    ) {
        guard !fixed.reservedNames.contains(name) else { return }
        strings.append(name: name, value: value)
    }

    /// One variable for each field name; lines of one name are joined as the field allows.
    private func appendFields(to strings: inout GuestStrings) {
        let fields = head.fields
        for index in 0..<fields.count {
            let name = fields.name(at: index)
            // An underscore could pass for the hyphen of another field.
            guard !name.utf8.contains(UInt8(ascii: "_")) else { continue }
            guard fields.firstIndex(of: name) == index else { continue }
            let variable = Self.variable(name)
            guard !Self.hiddenFields.contains(variable) else { continue }
            var value = Array(fields.octets(at: index))
            for other in (index + 1)..<max(fields.count, index + 1)
            where fields.isName(at: other, name) {
                value += variable == "COOKIE" ? "; ".utf8 : ", ".utf8
                value += fields.octets(at: other)
            }
            append("HTTP_" + variable, value, to: &strings)
        }
    }

    private static func variable(_ name: String) -> String {
        let bytes = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
            default: byte
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func server() -> (name: String, port: String) {
        let standardPort = origin.scheme == "https" ? "443" : "80"
        guard let authority = origin.host ?? head.authority, !authority.isEmpty else {
            return ("localhost", standardPort)
        }
        let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":"))
        guard let colon, !authority[colon...].utf8.contains(UInt8(ascii: "]")) else {
            return (authority, standardPort)
        }
        let port = authority[authority.utf8.index(after: colon)...]
        return (String(authority[..<colon]), port.isEmpty ? standardPort : String(port))
    }

    private func fullURL() -> String {
        let query = head.query.map { "?" + $0 } ?? ""
        return origin.scheme + "://" + (origin.host ?? head.authority ?? "localhost") + head.path
            + query
    }
}
