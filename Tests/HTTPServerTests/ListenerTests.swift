import Glibc
import HTTP
import HTTPServer
import Linux
import TestSupport
import Testing

/// Sockets that all loops of a server accept from.
struct ListenerTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func address() throws -> SocketAddress {
        try #require(SocketAddress(unixPath: folder.file("socket")))
    }

    @Test func `requests come in through a Unix-domain socket`() throws {
        let server = try TestServer(address: address(), runsClock: true)
        #expect(try server.address == address())
        let client = try server.connect()
        let body = [UInt8](repeating: 7, count: 200_000)
        for _ in 0..<3 { #expect(try client.request("PUT", "/", body: body).body == body) }
        #expect(try client.request("GET", "/large").body.count == 5 << 20)
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        #expect(exchange.peer.hostText.isEmpty)
        exchange.respond(Response(status: .noContent))
        #expect(try client.readResponse().status == 204)
        try client.expectEnd()
    }

    @Test func `a client of a Unix-domain socket that goes away is noticed`() throws {
        let server = try TestServer(address: address())
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try server.journal.exchange(for: "/held")
        client.close()
        #expect(try server.journal.wait { server.journal.gone == ["/held"] })
        #expect(try server.journal.wait { server.statistics.connectionCount == 0 })
    }

    @Test func `loops that share a socket all get connections`() throws {
        let server = try TestServer(address: address(), loops: 3)
        var clients: [RawHTTPClient] = []
        for _ in 0..<60 {
            let client = try server.connect()
            #expect(try client.request("GET", "/").status == 200)
            clients.append(client)
        }
        let loops = server.server.loops
        // The loops count when they wake.
        server.advance(milliseconds: 0)
        #expect(
            try server.journal.wait { loops.allSatisfy { $0.statistics.acceptedCount > 0 } },
            "\(loops.map(\.statistics.acceptedCount))"
        )
        for client in clients { #expect(try client.request("GET", "/").status == 200) }
    }

    @Test func `a loop that is full leaves a shared socket to the others`() throws {
        var limits = ServerLimits()
        limits.connectionsPerLoopMax = 2
        limits.reservedConnectionsMax = 0
        let server = try TestServer(address: address(), loops: 2, limits: limits)
        var clients: [RawHTTPClient] = []
        for _ in 0..<4 {
            let client = try server.connect()
            #expect(try client.request("GET", "/").status == 200)
            clients.append(client)
        }
        let last = try server.connect()
        try last.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.removeFirst().close()
        #expect(try last.readResponse()["x-target"] == "/last")
    }

    @Test func `a server that stops takes its socket with it`() throws {
        let server = try TestServer(address: address(), loops: 2, runsClock: true)
        let client = try server.connect()
        #expect(try client.request("GET", "/").status == 200)
        server.server.stop(drainMilliseconds: 60_000)
        try client.expectEnd()
        #expect(throws: SystemError(call: "connect", code: ENOENT)) { _ = try server.connect() }
        let next = try TestServer(address: address())
        #expect(try next.connect().request("GET", "/").status == 200)
    }

    @Test func `sockets that listen already are served beside addresses`() throws {
        let free = SocketAddress(host: .v4(0x7f00_0001), port: 0)
        let journal = try Journal()
        var configuration = Configuration(addresses: [try address()], loopCount: 2)
        configuration.listeners = [
            Listener(try ListeningSocket(address: free, sharesPort: false))
        ]
        let server = try Server.start(configuration) { _ in TestHandler(journal) }
        defer { server.stop(drainMilliseconds: 0) }
        #expect(server.addresses.count == 2)
        #expect(server.addresses[0].port != 0)
        #expect(try server.addresses[1] == address())
        for address in server.addresses {
            for _ in 0..<8 {
                #expect(try RawHTTPClient(address).request("GET", "/").status == 200)
            }
        }
    }

    // MARK: - Limits

    @Test func `limits that are changed hold for the next request`() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.request("GET", "/")["connection"] == nil)
        var limits = ServerLimits()
        limits.requestsPerConnectionMax = 2
        server.server.setLimits(limits, messageLimits: Limits())
        #expect(try client.request("GET", "/")["connection"] == "close")
        try client.expectEnd()
    }

    @Test func `fewer and more connections can be allowed`() throws {
        let server = try TestServer()
        let first = try server.connect()
        #expect(try first.request("GET", "/").status == 200)
        var limits = ServerLimits()
        limits.connectionsPerLoopMax = 1
        limits.reservedConnectionsMax = 0
        server.server.setLimits(limits, messageLimits: Limits())
        #expect(try first.request("GET", "/").status == 200)
        let second = try server.connect()
        try second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try first.request("GET", "/").status == 200)
        #expect(server.statistics.acceptedCount == 1)
        server.server.setLimits(ServerLimits(), messageLimits: Limits())
        #expect(try first.request("GET", "/").status == 200)
        #expect(try second.readResponse()["x-target"] == "/second")
    }
}
