/// A request's line and fields, checked and interpreted (RFC 9112 §2 to §6).
///
/// Only the parser makes one: every rule that keeps two readers of the same octets from
/// disagreeing holds for it.
public final class RequestHead: Sendable {
    /// The method.
    public let method: Method

    /// The protocol version.
    ///
    /// A higher minor version than 1 counts as 1.1.
    public let version: Version

    /// The fields in order, except that nothing was merged or dropped.
    public let fields: Fields

    /// How the body's end is known.
    public let framing: Framing

    /// Whether the client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool

    /// Whether the client wants to go on using the connection (RFC 9112 §9.3).
    public let keepsAlive: Bool

    /// The number of octets of the request line and the fields, with their line ends.
    public let byteCount: Int

    let targetRange: Range<Int>
    let pathRange: Range<Int>
    let queryStart: Int?
    let authorityRange: Range<Int>?

    /// HTTP/1.0 or HTTP/1.1.
    public enum Version: Sendable, Equatable {
        case http10
        case http11
    }

    /// How the end of a body is known (RFC 9112 §6).
    public enum Framing: Sendable, Equatable {
        /// There is no body.
        case none
        /// The body has that many octets.
        case length(Int)
        /// The body is a series of chunks.
        case chunked
    }

    init(
        method: Method,
        version: Version,
        fields: Fields,
        framing: Framing,
        expectsContinue: Bool,
        keepsAlive: Bool,
        byteCount: Int,
        targetRange: Range<Int>,
        pathRange: Range<Int>,
        queryStart: Int?,
        authorityRange: Range<Int>?
    ) {
        self.method = method
        self.version = version
        self.fields = fields
        self.framing = framing
        self.expectsContinue = expectsContinue
        self.keepsAlive = keepsAlive
        self.byteCount = byteCount
        self.targetRange = targetRange
        self.pathRange = pathRange
        self.queryStart = queryStart
        self.authorityRange = authorityRange
    }

    /// Makes the same head with some of its fields, whose octets are the other's.
    convenience init(_ other: RequestHead, fields: Fields) {
        self.init(
            method: other.method,
            version: other.version,
            fields: fields,
            framing: other.framing,
            expectsContinue: other.expectsContinue,
            keepsAlive: other.keepsAlive,
            byteCount: other.byteCount,
            targetRange: other.targetRange,
            pathRange: other.pathRange,
            queryStart: other.queryStart,
            authorityRange: other.authorityRange
        )
    }

    /// The head without the field lines of a name that does not concern its framing.
    public func removing(_ name: String) -> RequestHead {
        var fields = fields
        fields.remove(name)
        return RequestHead(self, fields: fields)
    }

    /// The request target as it was sent.
    public var target: String { String(decoding: targetOctets, as: UTF8.self) }

    /// The octets of the request target, all of them visible ASCII.
    public var targetOctets: ArraySlice<UInt8> { fields.octets[targetRange] }

    /// The path as it was sent, still percent-encoded, never empty: `/a/b`, or `*` for `OPTIONS *`.
    ///
    /// It contains no `%00`, and every `%` is followed by two hexadecimal digits.
    public var path: String {
        pathRange.isEmpty ? "/" : String(decoding: fields.octets[pathRange], as: UTF8.self)
    }

    /// The octets of the path as they were sent; empty where `path` is `/` in absolute form.
    public var pathOctets: ArraySlice<UInt8> { fields.octets[pathRange] }

    /// What follows the first `?` as it was sent; nil when there is none.
    public var query: String? {
        queryStart.map {
            String(decoding: fields.octets[$0..<targetRange.upperBound], as: UTF8.self)
        }
    }

    /// The host and port that the request is for: the target's in absolute form, else the value of
    /// `Host`.
    ///
    /// Nil only in HTTP/1.0.
    public var authority: String? {
        authorityRange.map { String(decoding: fields.octets[$0], as: UTF8.self) }
    }
}
