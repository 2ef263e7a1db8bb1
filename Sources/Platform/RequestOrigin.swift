/// Where a request came from, and how: from the connection, or from a proxy that is believed.
public struct RequestOrigin: Equatable, Sendable {
    /// The client's address as text, without a port; empty when it has none.
    public var address: String
    /// The client's port, if it is known.
    public var port: UInt16?
    /// `http` or `https`.
    public var scheme: String

    /// Makes an origin.
    public init(address: String, port: UInt16? = nil, scheme: String = "http") {
        self.address = address
        self.port = port
        self.scheme = scheme
    }

    /// As `192.0.2.1:4711` or `[2001:db8::1]:4711`.
    var addressAndPort: String {
        let host = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
        return port.map { "\(host):\($0)" } ?? host
    }
}
