import HTTP
import HTTPServer
import Linux
import TestSupport
import Testing

/// All times here are those of a clock that only the test moves.
struct DeadlineTests {
    /// Moves the clock in steps until the server ends the connection, and returns what came and how
    /// far the clock went in milliseconds.
    ///
    /// `before` runs before each step; what it throws is ignored, as the connection may be over.
    private func stepUntilEnd(
        _ server: borrowing TestServer,
        _ client: RawHTTPClient,
        step: Int,
        stepsMax: Int = 200,
        before: () throws -> Void = {}
    ) throws -> (received: String, milliseconds: Int) {
        var received: [UInt8] = []
        for number in 1...stepsMax {
            try? before()
            server.advance(milliseconds: step)
            let (bytes, isEnd) = try client.readAvailable(milliseconds: 5)
            received += bytes
            if isEnd { return (String(decoding: received, as: UTF8.self), number * step) }
        }
        Issue.record("the connection is still open")
        return ("", 0)
    }

    @Test func `half a head and then silence is answered 408`() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.request("GET", "/").status == 200)
        try client.send("GET / HTTP/1.1\r\nHo")
        let (received, time) = try stepUntilEnd(server, client, step: 1000)
        #expect(received.hasPrefix("HTTP/1.1 408 "))
        #expect((10_000...20_000).contains(time))
    }

    @Test func `a head that drips does not live longer`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let (received, time) = try stepUntilEnd(server, client, step: 1000) {
            try client.send("G")
        }
        // The octets spell no method; what counts is that it did not take until their limit.
        #expect(received.hasPrefix("HTTP/1.1 408 "))
        #expect((10_000...16_000).contains(time))
    }

    @Test func `a body that drips is answered 408 when its rate is too low`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        let (received, time) = try stepUntilEnd(server, client, step: 500) {
            try client.send("0123456789")
        }
        #expect(received.hasPrefix("HTTP/1.1 408 "))
        #expect((10_000...16_000).contains(time))
    }

    @Test func `a body that arrives steadily has until the total limit`() throws {
        var limits = ServerLimits()
        limits.bodyMilliseconds = 20_000
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        let (received, time) = try stepUntilEnd(server, client, step: 500) {
            try client.send([UInt8](repeating: 0x78, count: 2000))
        }
        #expect(received.hasPrefix("HTTP/1.1 408 "))
        #expect((20_000...26_000).contains(time))
    }

    @Test func `a new connection that says nothing is closed without a word`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let (received, time) = try stepUntilEnd(server, client, step: 1000)
        #expect(received.isEmpty)
        #expect((10_000...20_000).contains(time))
    }

    @Test func `an idle connection is closed without a word`() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.request("GET", "/").status == 200)
        let (received, time) = try stepUntilEnd(server, client, step: 5000)
        #expect(received.isEmpty)
        #expect((60_000...70_000).contains(time))
    }

    @Test func `a request that waits for its response has no deadline`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        for _ in 0..<20 { server.advance(milliseconds: 60_000) }
        exchange.respond(Response(status: .ok))
        #expect(try client.readResponse().status == 200)
    }

    @Test func `a client that does not read its response is cut off`() throws {
        let server = try TestServer()
        let client = try server.connect()
        for _ in 0..<4 { try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(try server.journal.wait { server.journal.requests.count > 0 })
        #expect(
            try server.journal.wait {
                server.advance(milliseconds: 5000)
                return server.statistics.connectionCount == 0
            }
        )
        #expect(throws: (any Error).self) {
            for _ in 0..<4 { _ = try client.readResponse() }
        }
    }

    @Test func `a connection that lingers is closed in the end`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("BAD\r\n\r\n")
        #expect(try client.readResponse().status == 400)
        try client.expectEnd()
        #expect(
            try server.journal.wait {
                server.advance(milliseconds: 1000)
                return server.statistics.connectionCount == 0
            }
        )
    }
}
