import CLinux
import Glibc

/// A non-blocking socket that accepts connections, of TCP or of the Unix domain.
public struct ListeningSocket: ~Copyable, Sendable {
    /// The descriptor to poll: readable while connections wait.
    public let descriptor: FileDescriptor

    /// The address it is bound to, with the port that the kernel chose.
    public let address: SocketAddress

    /// The file that binding has made; it goes when the socket closes.
    private let file: SocketFile?

    /// Binds to `address` and listens.
    ///
    /// Sockets that share their port spread connections among themselves (`SO_REUSEPORT`); all of
    /// them must ask for it. Connections inherit `TCP_NODELAY`. An IPv6 socket takes IPv6 only.
    /// A Unix-domain socket's file has mode 0660, takes the place of one that nobody listens at,
    /// and is removed when the socket closes. Throws the refused call: `bind`, with the path if
    /// there is one, and `EADDRINUSE` when another program has the port or listens at the path.
    public init(
        address: SocketAddress,
        sharesPort: Bool,
        backlog: Int32 = 4096
    ) throws(SystemError) {
        let descriptor = try Self.bind(to: address, sharesPort: sharesPort)
        let fd = descriptor.rawValue
        _ = try retryingInterrupts("listen") { listen(fd, backlog) }
        self.address = try Self.name(of: fd) ?? address
        file = address.unixPath.flatMap { SocketFile(at: $0) }
        self.descriptor = descriptor
    }

    /// Takes over a descriptor that listens already, from whoever started this process.
    ///
    /// It no longer blocks, and is closed at `exec`. A file that belongs to it stays. Throws
    /// `EBADF` or `ENOTSOCK` for what is no socket, `EINVAL` for one that does not listen or has no
    /// streams, `EAFNOSUPPORT` for one of another family.
    public init(inheriting rawValue: Int32) throws(SystemError) {
        let descriptor = FileDescriptor(adopting: rawValue)
        let listens = try Self.option(SO_ACCEPTCONN, of: rawValue) != 0
        let type = try Self.option(SO_TYPE, of: rawValue)
        guard listens, type == Int32(SOCK_STREAM.rawValue) else {
            throw SystemError(call: "listen on descriptor \(rawValue)", code: EINVAL)
        }
        guard let address = try Self.name(of: rawValue) else {
            throw SystemError(call: "listen on descriptor \(rawValue)", code: EAFNOSUPPORT)
        }
        _ = try retryingInterrupts("fcntl F_SETFD") {
            clinux_set_descriptor_flags(rawValue, FD_CLOEXEC)
        }
        try descriptor.setStatusFlags(O_NONBLOCK)
        // Of no use to a Unix-domain socket, which refuses it.
        _ = clinux_set_option(rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        self.address = address
        file = nil
        self.descriptor = descriptor
    }

    deinit {
        // While it still listens: whoever binds next finds either a listener or no file.
        file?.remove()
    }

    /// Throws `EADDRINUSE` when some program listens at `address`, a TCP port, even one that shares
    /// it.
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
        if let path = address.unixPath {
            try SocketFile.bind(fd, to: address, path: path)
            return descriptor
        }
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

    private static func option(_ option: Int32, of fd: Int32) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        _ = try retryingInterrupts("getsockopt") {
            unsafe getsockopt(fd, SOL_SOCKET, option, &value, &size)
        }
        return value
    }

    /// The address that a socket is bound to; nil when its family is not one of ours.
    private static func name(of fd: Int32) throws(SystemError) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = try retryingInterrupts("getsockname") {
            unsafe clinux_getsockname(fd, &storage, &size)
        }
        return SocketAddress(storage: storage)
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
