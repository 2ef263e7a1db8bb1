/// A response's status code (RFC 9110 §15).
public struct Status: Sendable, Hashable, CustomStringConvertible {
    /// The three digits, 100 to 599.
    public let code: Int

    /// Makes a status; nil outside 100 to 599.
    public init?(_ code: Int) {
        guard (100...599).contains(code) else { return nil }
        self.code = code
    }

    private init(known code: Int) {
        self.code = code
    }

    public static let ok = Status(known: 200)
    public static let created = Status(known: 201)
    public static let accepted = Status(known: 202)
    public static let noContent = Status(known: 204)
    public static let notModified = Status(known: 304)
    public static let permanentRedirect = Status(known: 308)
    public static let badRequest = Status(known: 400)
    public static let unauthorized = Status(known: 401)
    public static let forbidden = Status(known: 403)
    public static let notFound = Status(known: 404)
    public static let methodNotAllowed = Status(known: 405)
    public static let notAcceptable = Status(known: 406)
    public static let requestTimeout = Status(known: 408)
    public static let conflict = Status(known: 409)
    public static let preconditionFailed = Status(known: 412)
    public static let contentTooLarge = Status(known: 413)
    public static let uriTooLong = Status(known: 414)
    public static let unsupportedMediaType = Status(known: 415)
    public static let expectationFailed = Status(known: 417)
    public static let misdirectedRequest = Status(known: 421)
    public static let unprocessableContent = Status(known: 422)
    public static let tooManyRequests = Status(known: 429)
    public static let requestHeaderFieldsTooLarge = Status(known: 431)
    public static let internalServerError = Status(known: 500)
    public static let notImplemented = Status(known: 501)
    public static let badGateway = Status(known: 502)
    public static let serviceUnavailable = Status(known: 503)
    public static let gatewayTimeout = Status(known: 504)
    public static let insufficientStorage = Status(known: 507)
    public static let loopDetected = Status(known: 508)
    public static let httpVersionNotSupported = Status(known: 505)

    /// Whether this is a 1xx status, after which the real one follows.
    public var isInformational: Bool { code < 200 }

    /// Whether a response with this status never has a body (RFC 9112 §6.3).
    public var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }

    /// The registry's phrase, empty for a code that is not registered.
    public var reason: String { Self.reasons[code] ?? "" }

    /// `404 Not Found`.
    public var description: String { "\(code) \(reason)" }

    private static let reasons: [Int: String] = [
        100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
        200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information",
        204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
        208: "Already Reported", 226: "IM Used",
        300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other",
        304: "Not Modified", 305: "Use Proxy", 307: "Temporary Redirect",
        308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
        407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict",
        410: "Gone", 411: "Length Required", 412: "Precondition Failed",
        413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
        416: "Range Not Satisfiable", 417: "Expectation Failed", 421: "Misdirected Request",
        422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
        426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
        500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
        503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
        506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
        511: "Network Authentication Required",
    ]
}
