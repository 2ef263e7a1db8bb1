import HTTP
import HTTPServer
import TestSupport
import Testing

/// What happens at the limits, and that each hit is counted.
struct OverloadTests {
    private func hits(_ server: borrowing TestServer, _ limit: ServerLimit) -> Int {
        server.server.loops[0].limitHits[limit] ?? 0
    }

    @Test func `beyond the limit of connections only what is reserved is served`() throws {
        var limits = ServerLimits()
        limits.connectionsPerLoopMax = 1
        limits.reservedConnectionsMax = 1
        let server = try TestServer(limits: limits)
        let first = try server.connect()
        #expect(try first.request("GET", "/").status == 200)
        let second = try server.connect()
        let refused = try second.request("GET", "/")
        #expect(refused.status == 503 && refused["retry-after"] == "1")
        #expect(try second.request("GET", "/reserved").status == 200)
        #expect(hits(server, .connections) >= 1)
        #expect(try first.request("GET", "/").status == 200)
    }

    @Test func `an address gets so many connections and no more`() throws {
        var limits = ServerLimits()
        limits.connectionsPerAddressMax = 2
        limits.countsLoopbackAddresses = true
        let server = try TestServer(limits: limits)
        let clients = try (0..<2).map { _ in try server.connect() }
        for client in clients { #expect(try client.request("GET", "/").status == 200) }
        try server.connect().expectEnd()
        #expect(hits(server, .connectionsPerAddress) == 1)
        clients[0].close()
        #expect(try server.journal.wait { server.statistics.connectionCount == 1 })
        #expect(try server.connect().request("GET", "/").status == 200)
    }

    @Test func `a request that has waited too long is refused at once, its connection kept`() throws
    {
        let server = try TestServer()
        let client = try server.connect()
        let host = "HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.send("GET /slow \(host)GET /late \(host)GET /reserved \(host)")
        #expect(try client.readResponse().status == 200)
        #expect(try client.readResponse().status == 503)
        #expect(try client.readResponse().status == 200)
        #expect(hits(server, .queueAge) == 1)
        #expect(try client.request("GET", "/next").status == 200)
    }

    // MARK: - Bodies in pieces

    @Test func `a body is read only as far as it is consumed`() throws {
        var limits = ServerLimits()
        limits.bodyBytesHighWater = 1_000
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        let body = [UInt8](repeating: 1, count: 300_000)
        try client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
        try client.send(body)
        let exchange = try server.journal.exchange(for: "/stream")
        var consumed = 0
        while true {
            #expect(
                try server.journal.wait {
                    let (bytes, isWhole) = server.journal.body
                    return isWhole || bytes.count > consumed
                }
            )
            let (bytes, isWhole) = server.journal.body
            // A read brings 64 KiB at the most, and another follows only below the mark.
            #expect(bytes.count - consumed <= 1_000 + 65_536)
            if isWhole { break }
            exchange.consume(bytes.count - consumed)
            consumed = bytes.count
        }
        #expect(server.journal.body.bytes == body)
        exchange.respond(Response(status: .ok))
        #expect(try client.readResponse().status == 200)
    }

    @Test func `who sends is told when most of it has been written`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/stream")
        exchange.beginStream(Response(status: .ok), length: 3)
        exchange.notifyWhenDrained()
        #expect(try server.journal.wait { server.journal.drainCount == 1 })
        exchange.send([1, 2, 3])
        exchange.endStream()
        #expect(try client.readResponse().body == [1, 2, 3])
    }
}
