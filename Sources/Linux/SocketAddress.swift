import CLinux
import Glibc

/// An IPv4 or IPv6 address with a TCP port, or the place of a Unix-domain socket.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address's family with its octets in network order.
    public enum Host: Sendable, Hashable {
        case v4(UInt32)
        case v6(high: UInt64, low: UInt64, scope: UInt32)
        /// A path of the file system, or `@` and a name that is none (unix(7), "abstract").
        ///
        /// Empty for a socket without a name, as those that connect are.
        case unix(path: String)
    }

    /// The most bytes of a Unix-domain socket's path: the kernel's form has one more, which ends it.
    public static let unixPathBytesMax = 107

    /// The address proper.
    public let host: Host

    /// The port; zero lets the kernel choose when binding.
    ///
    /// Unix-domain sockets have none: zero.
    public var port: UInt16

    /// Makes an address from its parts.
    ///
    /// The octets of `host` are read as big-endian integers.
    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses a literal address, with or without brackets for IPv6, or `localhost`.
    ///
    /// `localhost` means 127.0.0.1, as RFC 6761 §6.3 allows. No other name is looked up. Returns
    /// nil when the text is none of these.
    public init?(host text: String, port: UInt16) {
        var text = text
        if text.hasPrefix("["), text.hasSuffix("]") {
            text = String(text.dropFirst().dropLast())
        }
        if text == "localhost" { text = "127.0.0.1" }
        var v4 = in_addr()
        var v6 = in6_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            self.init(host: .v4(UInt32(bigEndian: v4.s_addr)), port: port)
        } else if unsafe inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(host: Self.host(v6, scope: 0), port: port)
        } else {
            return nil
        }
    }

    /// The place of a Unix-domain socket; nil when the kernel could not hold the path.
    public init?(unixPath path: String) {
        let octets = path.utf8
        guard !octets.isEmpty, octets.count <= Self.unixPathBytesMax, !octets.contains(0) else {
            return nil
        }
        self.init(host: .unix(path: path), port: 0)
    }

    /// Whether only this machine can reach the address: 127.0.0.0/8, ::1 or a Unix-domain socket.
    public var isLoopback: Bool {
        switch host {
        case .v4(let octets): octets >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        case .unix: true
        }
    }

    /// The path of a Unix-domain socket; nil for any other.
    public var unixPath: String? {
        if case .unix(let path) = host { path } else { nil }
    }

    /// The address alone, without brackets: `127.0.0.1`, `::1`; empty for a Unix-domain socket.
    public var hostText: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let size = socklen_t(text.count)
        switch host {
        case .v4(let octets):
            var address = in_addr(s_addr: octets.bigEndian)
            _ = unsafe inet_ntop(AF_INET, &address, &text, size)
        case .v6(let high, let low, _):
            var address = (high.bigEndian, low.bigEndian)
            _ = unsafe inet_ntop(AF_INET6, &address, &text, size)
        case .unix:
            return ""
        }
        let octets = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: octets, as: UTF8.self)
    }

    /// `127.0.0.1:80`, `[::1]:80`, `unix:/run/roost.sock`.
    public var description: String {
        switch host {
        case .v4: "\(hostText):\(port)"
        case .v6: "[\(hostText)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    // MARK: - The kernel's form

    var family: Int32 {
        switch host {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the kernel's form of the address and its size in bytes.
    func withStorage<Result>(
        _ body: (UnsafePointer<sockaddr_storage>, socklen_t) -> Result
    ) -> Result {
        var storage = sockaddr_storage()
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            // SAFETY: sockaddr_storage is as large and as aligned as any address form.
            let raw = UnsafeMutableRawPointer(pointer)
            switch host {
            case .v4(let octets):
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                address.sin_addr.s_addr = octets.bigEndian
                unsafe raw.storeBytes(of: address, as: sockaddr_in.self)
                return unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            case .v6(let high, let low, let scope):
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = port.bigEndian
                address.sin6_scope_id = scope
                unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { octets in
                    unsafe octets.storeBytes(of: high.bigEndian, as: UInt64.self)
                    unsafe octets.storeBytes(
                        of: low.bigEndian,
                        toByteOffset: 8,
                        as: UInt64.self
                    )
                }
                unsafe raw.storeBytes(of: address, as: sockaddr_in6.self)
                return unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_in6>.size))
            case .unix(let path):
                unsafe raw.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let octets = path.utf8.prefix(Self.unixPathBytesMax)
                let isAbstract = octets.first == UInt8(ascii: "@")
                var end = Self.unixPathStart
                for octet in octets {
                    // NUL stands for the `@` of an abstract name, and ends a path.
                    let isMark = isAbstract && end == Self.unixPathStart
                    unsafe raw.storeBytes(of: isMark ? 0 : octet, toByteOffset: end, as: UInt8.self)
                    end += 1
                }
                return unsafe body(pointer, socklen_t(isAbstract ? end : end + 1))
            }
        }
    }

    /// Where a path begins in the kernel's form.
    private static let unixPathStart = MemoryLayout<sa_family_t>.size

    /// Reads the kernel's form; nil when the family is none of the three.
    ///
    /// An IPv4 address in IPv6's form (RFC 4291 §2.5.5.2), which peers of sockets for both have, is
    /// read as the IPv4 address that it is.
    init?(storage: sockaddr_storage) {
        let parsed: SocketAddress? = unsafe withUnsafeBytes(of: storage) { raw in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let address = unsafe raw.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    host: .v4(UInt32(bigEndian: address.sin_addr.s_addr)),
                    port: UInt16(bigEndian: address.sin_port)
                )
            case AF_INET6:
                let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    host: Self.host(address.sin6_addr, scope: address.sin6_scope_id).unmapped,
                    port: UInt16(bigEndian: address.sin6_port)
                )
            case AF_UNIX:
                let octets = unsafe Array(raw)
                return SocketAddress(
                    host: .unix(path: Self.path(octets[Self.unixPathStart...])),
                    port: 0
                )
            default:
                return nil
            }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The path in the kernel's form, whose octets after it are zeros.
    private static func path(_ octets: ArraySlice<UInt8>) -> String {
        let isAbstract = octets.first == 0
        let name = (isAbstract ? octets.dropFirst() : octets).prefix { $0 != 0 }
        return (isAbstract && !name.isEmpty ? "@" : "") + String(decoding: name, as: UTF8.self)
    }

    private static func host(_ address: in6_addr, scope: UInt32) -> Host {
        unsafe withUnsafeBytes(of: address) { octets in
            let high = unsafe UInt64(bigEndian: octets.loadUnaligned(as: UInt64.self))
            let low = unsafe UInt64(
                bigEndian: octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
            return .v6(high: high, low: low, scope: scope)
        }
    }
}

extension SocketAddress.Host {
    /// The IPv4 address that an IPv6 address stands for (RFC 4291 §2.5.5.2); else the same.
    public var unmapped: SocketAddress.Host {
        guard case .v6(0, let low, _) = self, low >> 32 == 0xffff else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}
