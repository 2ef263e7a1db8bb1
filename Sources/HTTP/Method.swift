/// A request method of the IANA registry that an origin server can implement.
///
/// `CONNECT` and `TRACE` are absent: this server opens no tunnels and echoes no requests.
public enum Method: String, Sendable, CaseIterable {
    case acl = "ACL"
    case baselineControl = "BASELINE-CONTROL"
    case bind = "BIND"
    case checkin = "CHECKIN"
    case checkout = "CHECKOUT"
    case copy = "COPY"
    case delete = "DELETE"
    case get = "GET"
    case head = "HEAD"
    case label = "LABEL"
    case link = "LINK"
    case lock = "LOCK"
    case merge = "MERGE"
    case mkactivity = "MKACTIVITY"
    case mkcalendar = "MKCALENDAR"
    case mkcol = "MKCOL"
    case mkredirectref = "MKREDIRECTREF"
    case mkworkspace = "MKWORKSPACE"
    case move = "MOVE"
    case options = "OPTIONS"
    case orderpatch = "ORDERPATCH"
    case patch = "PATCH"
    case post = "POST"
    case propfind = "PROPFIND"
    case proppatch = "PROPPATCH"
    case put = "PUT"
    case query = "QUERY"
    case rebind = "REBIND"
    case report = "REPORT"
    case search = "SEARCH"
    case unbind = "UNBIND"
    case uncheckout = "UNCHECKOUT"
    case unlink = "UNLINK"
    case unlock = "UNLOCK"
    case update = "UPDATE"
    case updateredirectref = "UPDATEREDIRECTREF"
    case versionControl = "VERSION-CONTROL"

    /// Whether the method asks for nothing but information (RFC 9110 §9.2.1, and the registry).
    ///
    /// Only safe requests of one connection may be served at the same time (RFC 9112 §9.3.2).
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options, .propfind, .query, .report, .search: true
        default: false
        }
    }

    /// The length of the longest name, in bytes.
    static let nameBytesMax = 17

    /// Tells the methods that most requests have; nil for all others.
    init?(common name: Span<UInt8>) {
        if name.count == 3, name[0] == 0x47, name[1] == 0x45, name[2] == 0x54 {
            self = .get
        } else if name.count == 4, name[0] == 0x50, name[1] == 0x4f, name[2] == 0x53,
            name[3] == 0x54
        {
            self = .post
        } else {
            return nil
        }
    }

    /// Finds a method by its name, which is case-sensitive (RFC 9110 §9.1).
    init?(_ name: ArraySlice<UInt8>) {
        switch name.count {
        case 3 where name.elementsEqual("GET".utf8): self = .get
        case 3 where name.elementsEqual("PUT".utf8): self = .put
        case 4 where name.elementsEqual("POST".utf8): self = .post
        case 4 where name.elementsEqual("HEAD".utf8): self = .head
        default:
            guard let method = Method(rawValue: String(decoding: name, as: UTF8.self)) else {
                return nil
            }
            self = method
        }
    }
}
