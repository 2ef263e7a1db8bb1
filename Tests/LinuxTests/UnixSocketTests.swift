import Glibc
import Linux
import TestSupport
import Testing

struct UnixSocketTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func address(_ name: String = "socket") throws -> SocketAddress {
        try #require(SocketAddress(unixPath: folder.file(name)))
    }

    /// The mode of a file; nil when there is none.
    private func mode(_ name: String = "socket") -> UInt32? {
        var status = stat()
        return unsafe lstat(folder.file(name), &status) == 0 ? status.st_mode & 0o777 : nil
    }

    private func expectConversation(_ listener: borrowing ListeningSocket) throws {
        let client = try ConnectedSocket(connectingTo: listener.address)
        guard let server = try listener.accept() else {
            Issue.record("nothing to accept")
            return
        }
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try client.write([1, 2], from: 0) == .bytes(2))
        #expect(try server.read(into: &buffer) == .bytes(2))
        #expect(try server.write([3], from: 0) == .bytes(1))
        #expect(try client.read(into: &buffer) == .bytes(1))
        #expect(buffer[..<2] == [3, 2])
    }

    // MARK: - Addresses

    @Test func `a path is as long as the kernel can hold`() {
        let longest = "/" + String(repeating: "a", count: SocketAddress.unixPathBytesMax - 1)
        #expect(SocketAddress(unixPath: longest)?.description == "unix:" + longest)
        for path in ["", longest + "a", "/a\u{0}b"] {
            #expect(SocketAddress(unixPath: path) == nil)
        }
    }

    @Test func `a place has no host and no port, and others cannot reach it`() throws {
        let address = try #require(SocketAddress(unixPath: "/run/s"))
        #expect(address.unixPath == "/run/s")
        #expect(address.hostText.isEmpty)
        #expect(address.port == 0)
        #expect(address.isLoopback)
        #expect(SocketAddress(host: "127.0.0.1", port: 1)?.unixPath == nil)
    }

    @Test(
        arguments: [
            ("::ffff:192.0.2.1", SocketAddress.Host.v4(0xc000_0201)),
            ("192.0.2.1", .v4(0xc000_0201)),
            ("::192.0.2.1", .v6(high: 0, low: 0xc000_0201, scope: 0)),
        ]
    )
    func `an IPv4 address in the form of IPv6 is one`(text: String, host: SocketAddress.Host) {
        #expect(SocketAddress(host: text, port: 0)?.host.unmapped == host)
    }

    // MARK: - Listening

    @Test func `bytes go both ways, and a peer has no name`() throws {
        let listener = try ListeningSocket(address: address(), sharesPort: false)
        try expectConversation(listener)
        let client = try ConnectedSocket(connectingTo: listener.address)
        guard let server = try listener.accept() else {
            Issue.record("nothing to accept")
            return
        }
        #expect(server.peer == SocketAddress(host: .unix(path: ""), port: 0))
        #expect(client.peer == listener.address)
    }

    @Test func `the longest path can be listened at`() throws {
        let count = SocketAddress.unixPathBytesMax - folder.path.utf8.count - 1
        let name = String(repeating: "a", count: count)
        let listener = try ListeningSocket(address: address(name), sharesPort: false)
        #expect(try listener.address == address(name))
        #expect(mode(name) != nil)
        try expectConversation(listener)
    }

    @Test func `the file lets owner and group in, and goes with the socket`() throws {
        let listener = try ListeningSocket(address: address(), sharesPort: false)
        #expect(try listener.address == address())
        #expect(mode() == 0o660)
        _ = consume listener
        #expect(mode() == nil)
    }

    @Test func `a file that nobody listens at is replaced`() throws {
        // What this socket makes stays behind.
        _ = try DatagramSocket(boundTo: address())
        #expect(mode() != nil)
        let listener = try ListeningSocket(address: address(), sharesPort: false)
        try expectConversation(listener)
        #expect(mode() == 0o660)
    }

    @Test func `where somebody listens nobody else can`() throws {
        let listener = try ListeningSocket(address: address(), sharesPort: false)
        let refusal = SystemError(call: "bind unix:\(folder.file("socket"))", code: EADDRINUSE)
        #expect(throws: refusal) {
            _ = try ListeningSocket(address: address(), sharesPort: false)
        }
        // That somebody tried is a connection that is over.
        _ = try listener.accept()
        try expectConversation(listener)
    }

    @Test func `a file that is something else stays`() throws {
        let receiver = try DatagramSocket(boundTo: address("messages"))
        try folder.write("text", to: "file")
        for name in ["messages", "file"] {
            #expect(throws: SystemError.self) {
                _ = try ListeningSocket(address: address(name), sharesPort: false)
            }
        }
        #expect(folder.text(of: "file") == "text")
        try DatagramSocket(connectedTo: address("messages")).send([1])
        #expect(try receiver.receive(timeoutMilliseconds: 5_000) == [1])
    }

    @Test func `a file that took the place of the socket's own stays`() throws {
        let listener = try ListeningSocket(address: address(), sharesPort: false)
        #expect(unsafe unlink(folder.file("socket")) == 0)
        try folder.write("text", to: "socket")
        _ = consume listener
        #expect(folder.text(of: "socket") == "text")
    }

    @Test func `an abstract name makes no file`() throws {
        let name = "@" + folder.path
        let address = try #require(SocketAddress(unixPath: name))
        let listener = try ListeningSocket(address: address, sharesPort: false)
        #expect(listener.address == address)
        #expect(listener.address.description == "unix:" + name)
        try expectConversation(listener)
    }

    // MARK: - Inheriting

    @Test(arguments: [true, false])
    func `a socket that listens already is taken over`(isUnix: Bool) throws {
        let free = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let opened = try ListeningSocket(
            address: isUnix ? address() : free,
            sharesPort: false
        )
        let descriptor = try opened.descriptor.duplicate().takeRawValue()
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == 0)
        do {
            let listener = try ListeningSocket(inheriting: descriptor)
            #expect(listener.address == opened.address)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            if isUnix { try expectConversation(listener) }
        }
        // The file belongs to whoever opened the socket.
        #expect((mode() != nil) == isUnix)
        if isUnix { try expectConversation(opened) }
    }

    @Test func `what does not listen is not taken over`() throws {
        let messages = try DatagramSocket(boundTo: address())
        let first = try messages.descriptor.duplicate().takeRawValue()
        #expect(throws: SystemError(call: "listen on descriptor \(first)", code: EINVAL)) {
            _ = try ListeningSocket(inheriting: first)
        }
        let event = try EventDescriptor()
        let second = try event.descriptor.duplicate().takeRawValue()
        #expect(throws: SystemError(call: "getsockopt", code: ENOTSOCK)) {
            _ = try ListeningSocket(inheriting: second)
        }
    }
}
