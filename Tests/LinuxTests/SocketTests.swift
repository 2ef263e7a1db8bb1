import Glibc
import Linux
import Testing

struct SocketTests {
    private func loopback(_ host: String = "127.0.0.1") throws -> SocketAddress {
        try #require(SocketAddress(host: host, port: 0))
    }

    private func expectOneEvent(_ poller: inout Poller) throws {
        let count = try poller.wait(timeoutMilliseconds: 5000)
        #expect(count == 1)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:8", true), ("0.0.0.0", "0.0.0.0:8", false),
        ("localhost", "127.0.0.1:8", true), ("::1", "[::1]:8", true), ("[::]", "[::]:8", false),
        ("2001:DB8::1", "[2001:db8::1]:8", false),
    ])
    func `a literal address is read and written`(
        text: String,
        description: String,
        isLoopback: Bool
    ) throws {
        let address = try #require(SocketAddress(host: text, port: 8))
        #expect(address.description == description)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: ["", "example.org", "1.2.3", "256.0.0.1", "[127.0.0.1", ":::", "127.0.0.1 "])
    func `what is no literal address is refused`(text: String) {
        #expect(SocketAddress(host: text, port: 0) == nil)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `bytes go both ways and the end is seen`(host: String) throws {
        let listener = try ListeningSocket(address: loopback(host), sharesPort: false)
        #expect(listener.address.port != 0)
        let client = try ConnectedSocket(connectingTo: listener.address)
        var buffer = [UInt8](repeating: 0, count: 8)
        var poller = try Poller(eventsPerWaitMax: 4)
        try poller.add(listener.descriptor, for: .readable, token: 1)
        try expectOneEvent(&poller)
        #expect(poller.event(at: 0).token == 1)
        guard let server = try listener.accept() else {
            Issue.record("nothing to accept")
            return
        }
        #expect(server.peer.host == listener.address.host)
        if let second = try listener.accept() { Issue.record("accepted \(second.peer)") }
        #expect(try server.read(into: &buffer) == .wouldBlock)
        #expect(try server.write([1, 2, 3], from: 1) == .bytes(2))
        #expect(try client.read(into: &buffer) == .bytes(2))
        #expect(buffer[..<2] == [2, 3])
        client.endOutput()
        try poller.add(server.descriptor, for: [.inputEnded, .edgeTriggered], token: 2)
        try expectOneEvent(&poller)
        #expect(poller.event(at: 0).readiness.contains(.inputEnded))
        #expect(try server.read(into: &buffer) == .ended)
    }

    @Test func `writing to a peer that is gone fails without a signal`() throws {
        let listener = try ListeningSocket(address: loopback(), sharesPort: false)
        let client = try ConnectedSocket(connectingTo: listener.address)
        var poller = try Poller(eventsPerWaitMax: 1)
        try poller.add(listener.descriptor, for: .readable, token: 1)
        _ = try poller.wait(timeoutMilliseconds: 5000)
        do {
            guard let server = try listener.accept() else {
                Issue.record("nothing to accept")
                return
            }
            server.resetOnClose()
        }
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(throws: SystemError(call: "recv", code: ECONNRESET)) {
            _ = try client.read(into: &buffer)
        }
        #expect(throws: SystemError(call: "send", code: EPIPE)) {
            _ = try client.write([1], from: 0)
        }
    }

    @Test func `a port that is taken is noticed even if it is shared`() throws {
        let listener = try ListeningSocket(address: loopback(), sharesPort: true)
        _ = try ListeningSocket(address: listener.address, sharesPort: true)
        #expect(throws: SystemError(call: "bind", code: EADDRINUSE)) {
            try ListeningSocket.probe(listener.address)
        }
    }
}
