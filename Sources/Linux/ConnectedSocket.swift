import CLinux
import Glibc

/// One connection, of TCP or between Unix-domain sockets.
///
/// Writing to it never raises `SIGPIPE`.
public struct ConnectedSocket: ~Copyable, Sendable {
    /// The descriptor to poll.
    public let descriptor: FileDescriptor

    /// The other end.
    public let peer: SocketAddress

    /// What one attempt to move bytes came to.
    public enum Transfer: Equatable, Sendable {
        /// So many bytes were moved: at least one.
        case bytes(Int)
        /// Nothing can be moved now.
        case wouldBlock
        /// The peer has ended its side. Only reading reports this.
        case ended
    }

    init(descriptor: consuming FileDescriptor, peer: SocketAddress) {
        self.descriptor = descriptor
        self.peer = peer
    }

    /// Connects to `address` and waits until it is done.
    ///
    /// The socket blocks.
    public init(connectingTo address: SocketAddress) throws(SystemError) {
        try self.init(connectingTo: address, type: SOCK_STREAM.rawValue)
    }

    /// Throws `ECONNREFUSED` when nobody listens at a Unix-domain socket's place; never waits.
    init(probing address: SocketAddress) throws(SystemError) {
        try self.init(
            connectingTo: address,
            type: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue
        )
    }

    private init(connectingTo address: SocketAddress, type: UInt32) throws(SystemError) {
        let type = Int32(type | SOCK_CLOEXEC.rawValue)
        let fd = try retryingInterrupts("socket") { socket(address.family, type, 0) }
        let descriptor = FileDescriptor(adopting: fd)
        // Of no use to a Unix-domain socket, which refuses it.
        _ = clinux_set_option(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        _ = try retryingInterrupts("connect") {
            unsafe address.withStorage { unsafe clinux_connect(fd, $0, $1) }
        }
        self.descriptor = descriptor
        peer = address
    }

    /// Reads into the front of `buffer`, whose count is the most it takes.
    ///
    /// Throws `ECONNRESET` and the like when the connection is broken.
    public func read(into buffer: inout [UInt8]) throws(SystemError) -> Transfer {
        let fd = descriptor.rawValue
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe recv(fd, bytes.baseAddress, bytes.count, 0)
            }
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let code = errno
            if code == EAGAIN { return .wouldBlock }
            if code != EINTR { throw SystemError(call: "recv", code: code) }
        }
    }

    /// Writes the bytes of `buffer` from `offset` on, as many as there is room for.
    ///
    /// `moreFollows` lets the kernel hold back a partial segment (`MSG_MORE`). Throws `EPIPE` or
    /// `ECONNRESET` when the connection is broken.
    public func write(
        _ buffer: [UInt8],
        from offset: Int,
        moreFollows: Bool = false
    ) throws(SystemError) -> Transfer {
        precondition(offset >= 0 && offset < buffer.count)
        let fd = descriptor.rawValue
        let flags = Int32(MSG_NOSIGNAL) | (moreFollows ? Int32(MSG_MORE) : 0)
        while true {
            let count = unsafe buffer.withUnsafeBytes { bytes in
                unsafe send(
                    fd,
                    bytes.baseAddress.map { unsafe $0 + offset },
                    bytes.count - offset,
                    flags
                )
            }
            if count >= 0 { return .bytes(count) }
            let code = errno
            if code == EAGAIN { return .wouldBlock }
            if code != EINTR { throw SystemError(call: "send", code: code) }
        }
    }

    /// Tells the peer that nothing more will be written; reading goes on.
    public func endOutput() {
        _ = shutdown(descriptor.rawValue, Int32(SHUT_WR))
    }

    /// Makes closing the socket reset the connection instead of ending it in order.
    public func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        _ = unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_LINGER, &option, size)
    }

    /// Limits how long a blocking read waits; a read that waits longer reports `wouldBlock`.
    public func setReadTimeout(milliseconds: Int) {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        var time = timeval(tv_sec: seconds, tv_usec: rest * 1000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    }
}
