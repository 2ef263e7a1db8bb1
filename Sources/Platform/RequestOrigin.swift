/// Where a request came from, and how: from the connection, or from a proxy that is believed.
public final class RequestOrigin: Equatable, Sendable {
    /// The client's address as text, without a port; empty when it has none, as behind a Unix-domain
    /// socket.
    ///
    /// A proxy may give a name in its place: `unknown`, or one that begins with `_` (RFC 7239 §6).
    public let address: String
    /// The client's port, if it is known.
    public let port: UInt16?
    /// `http` or `https`.
    public let scheme: String
    /// The host, perhaps with a port, that the client asked the proxy for; nil when it is the
    /// request's own.
    public let host: String?

    /// Makes an origin.
    public init(
        address: String,
        port: UInt16? = nil,
        scheme: String = "http",
        host: String? = nil
    ) {
        self.address = address
        self.port = port
        self.scheme = scheme
        self.host = host
    }

    /// Compares what they tell.
    public static func == (left: RequestOrigin, right: RequestOrigin) -> Bool {
        left.address == right.address && left.port == right.port && left.scheme == right.scheme
            && left.host == right.host
    }

    /// As `192.0.2.1:4711` or `[2001:db8::1]:4711`.
    var addressAndPort: String {
        let host = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
        return port.map { "\(host):\($0)" } ?? host
    }
}
