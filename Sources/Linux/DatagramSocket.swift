import CLinux
import Glibc

/// A Unix-domain socket for messages that are sent and received whole.
public struct DatagramSocket: ~Copyable, Sendable {
    /// The descriptor to poll: readable while messages wait.
    public let descriptor: FileDescriptor

    /// Makes a socket that messages can be sent to at `address`, which must be of the Unix domain.
    ///
    /// The file that it makes there stays when the socket closes.
    public init(boundTo address: SocketAddress) throws(SystemError) {
        let descriptor = try Self.make()
        let fd = descriptor.rawValue
        _ = try retryingInterrupts("bind") {
            unsafe address.withStorage { unsafe clinux_bind(fd, $0, $1) }
        }
        self.descriptor = descriptor
    }

    /// Makes a socket that sends its messages to `address`, which must be of the Unix domain.
    ///
    /// Throws `ECONNREFUSED` or `ENOENT` when nobody receives there.
    public init(connectedTo address: SocketAddress) throws(SystemError) {
        let descriptor = try Self.make()
        let fd = descriptor.rawValue
        _ = try retryingInterrupts("connect") {
            unsafe address.withStorage { unsafe clinux_connect(fd, $0, $1) }
        }
        self.descriptor = descriptor
    }

    private static func make() throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        return FileDescriptor(
            adopting: try retryingInterrupts("socket") { socket(AF_UNIX, type, 0) }
        )
    }

    /// Sends a message; waits while the receiver has no room.
    public func send(_ message: [UInt8]) throws(SystemError) {
        try descriptor.writeAll(message)
    }

    /// Waits for a message, of which it takes 64 KiB at most; nil when none comes in time.
    public func receive(timeoutMilliseconds: Int32) throws(SystemError) -> [UInt8]? {
        var waiting = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        let ready = try retryingInterrupts("poll") {
            unsafe poll(&waiting, 1, timeoutMilliseconds)
        }
        return ready > 0 ? try descriptor.read(upTo: 64 << 10) : nil
    }
}
