import CLinux
import Glibc

/// A non-blocking TCP socket that accepts connections.
public struct ListeningSocket: ~Copyable, Sendable {
    /// The descriptor to poll: readable while connections wait.
    public let descriptor: FileDescriptor

    /// The address it is bound to, with the port that the kernel chose.
    public let address: SocketAddress

    /// Binds to `address` and listens.
    ///
    /// Sockets that share their port spread connections among themselves (`SO_REUSEPORT`); all of
    /// them must ask for it. Connections inherit `TCP_NODELAY`. An IPv6 socket takes IPv6 only.
    /// Throws the refused call: `bind` with `EADDRINUSE` when another program has the port.
    public init(
        address: SocketAddress,
        sharesPort: Bool,
        backlog: Int32 = 4096
    ) throws(SystemError) {
        let descriptor = try Self.bind(to: address, sharesPort: sharesPort)
        let fd = descriptor.rawValue
        _ = try retryingInterrupts("listen") { listen(fd, backlog) }
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = try retryingInterrupts("getsockname") {
            unsafe clinux_getsockname(fd, &storage, &size)
        }
        self.address = SocketAddress(storage: storage) ?? address
        self.descriptor = descriptor
    }

    /// Throws `EADDRINUSE` when some program listens at `address`, even one that shares its port.
    public static func probe(_ address: SocketAddress) throws(SystemError) {
        _ = try bind(to: address, sharesPort: false)
    }

    private static func bind(
        to address: SocketAddress,
        sharesPort: Bool
    ) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let fd = try retryingInterrupts("socket") { socket(address.family, type, 0) }
        let descriptor = FileDescriptor(adopting: fd)
        try set(SOL_SOCKET, SO_REUSEADDR, on: fd, name: "SO_REUSEADDR")
        if sharesPort { try set(SOL_SOCKET, SO_REUSEPORT, on: fd, name: "SO_REUSEPORT") }
        if case .v6 = address.host {
            try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, on: fd, name: "IPV6_V6ONLY")
        }
        try set(Int32(IPPROTO_TCP), TCP_NODELAY, on: fd, name: "TCP_NODELAY")
        _ = try retryingInterrupts("bind") {
            unsafe address.withStorage { unsafe clinux_bind(fd, $0, $1) }
        }
        return descriptor
    }

    private static func set(
        _ level: Int32,
        _ option: Int32,
        on fd: Int32,
        name: String
    ) throws(SystemError) {
        _ = try retryingInterrupts("setsockopt \(name)") {
            clinux_set_option(fd, level, option, 1)
        }
    }

    /// Takes one waiting connection; nil when none waits.
    ///
    /// A connection that its peer gave up before it was taken is skipped. Throws `EMFILE`,
    /// `ENFILE`, `ENOBUFS` or `ENOMEM` when the system is out of resources: the connection then
    /// still waits, so that a level-triggered poller reports the socket at once again.
    public func accept() throws(SystemError) -> ConnectedSocket? {
        while true {
            var storage = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let fd = unsafe clinux_accept4(descriptor.rawValue, &storage, &size, flags)
            if fd >= 0 {
                return ConnectedSocket(
                    descriptor: FileDescriptor(adopting: fd),
                    peer: SocketAddress(storage: storage) ?? SocketAddress(host: .v4(0), port: 0)
                )
            }
            let code = errno
            switch code {
            case EAGAIN: return nil
            case EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP, EFAULT:
                throw SystemError(call: "accept4", code: code)
            default: continue  // accept(2): pending network errors concern that connection only.
            }
        }
    }
}
