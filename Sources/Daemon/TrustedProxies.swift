import HTTP
import Linux
import Platform

/// The proxies whose word is taken on where a request comes from.
struct TrustedProxies: Equatable, Sendable {
    /// Addresses with the same leading bits.
    private struct Block: Equatable, Sendable {
        let bits: UInt128
        /// How many bits an address of the family has.
        let width: Int
        let prefix: Int
    }

    private var blocks: [Block] = []
    private var includesUnix = false

    /// Nobody.
    init() {}

    /// Reads addresses, `ADDRESS/BITS`, and `unix` for whoever connects to a Unix-domain socket.
    init(_ texts: [String], key: String) throws(ConfigurationError) {
        for (index, text) in texts.enumerated() {
            if text == "unix" {
                includesUnix = true
                continue
            }
            guard let block = Self.block(text) else {
                throw ConfigurationError(
                    key: "\(key)[\(index)]",
                    reason: "is '\(text)' when it should be an IP address, ADDRESS/BITS or unix"
                )
            }
            blocks.append(block)
        }
    }

    private static func block(_ text: String) -> Block? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = ForwardedHop.Node.host(String(parts[0])),
            let (bits, width) = bits(of: host)
        else { return nil }
        guard parts.count > 1 else { return Block(bits: bits, width: width, prefix: width) }
        guard let prefix = Int(parts[1]), String(prefix) == parts[1], (0...width).contains(prefix)
        else { return nil }
        return Block(bits: bits, width: width, prefix: prefix)
    }

    private static func bits(of host: SocketAddress.Host) -> (bits: UInt128, width: Int)? {
        switch host {
        case .v4(let octets): (UInt128(octets), 32)
        case .v6(let high, let low, _): (UInt128(high) << 64 | UInt128(low), 128)
        case .unix: nil
        }
    }

    /// Whether a host is one of them.
    func contains(_ host: SocketAddress.Host) -> Bool {
        if case .unix = host { return includesUnix }
        guard !blocks.isEmpty, let (bits, width) = Self.bits(of: host) else { return false }
        return blocks.contains { block in
            block.width == width && (block.bits ^ bits) >> (width - block.prefix) == 0
        }
    }

    /// Where a request comes from that one of them has sent on.
    ///
    /// `sender` is the proxy itself. The proxies' words are followed from the nearest on, for as long
    /// as who sent the request on is one of them: the first who is not is the client. A proxy that
    /// gives no address, or none that can be read, is the last that is believed.
    func origin(of fields: Fields, sentBy sender: RequestOrigin) -> RequestOrigin {
        var origin = sender
        for hop in ForwardedHops(fields) {
            func told(address: String, port: UInt16?) -> RequestOrigin {
                RequestOrigin(
                    address: address,
                    port: port,
                    scheme: hop.scheme ?? "http",
                    host: hop.host
                )
            }
            switch hop.node {
            case .address(let host, let port):
                let address = SocketAddress(host: host, port: 0).hostText
                origin = told(address: address, port: port)
                guard contains(host) else { return origin }
            case .name(let name):
                return told(address: name, port: nil)
            case nil:
                return told(address: origin.address, port: origin.port)
            }
        }
        return origin
    }
}
