import HTTP
import HTTPServer
import Linux
import TestSupport
import Testing

struct ServerTests {
    @Test func `one connection serves many requests`() throws {
        let server = try TestServer()
        let client = try server.connect()
        for number in 0..<50 {
            let get = try client.request("GET", "/\(number)?q")
            #expect(get.status == 200)
            #expect(get["x-target"] == "/\(number)")
            #expect(get["connection"] == nil)
            let post = try client.request("POST", "/p", body: Array("body \(number)".utf8))
            #expect(post.text == "body \(number)")
        }
        #expect(server.journal.requests.count == 100)
    }

    @Test func `a request carries its times and its exchange the peer`() throws {
        let server = try TestServer(runsClock: true)
        let client = try server.connect()
        let before = Monotonic.now()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        let request = try #require(server.journal.requests.first)
        #expect(request.firstByteAt >= before)
        #expect(request.receivedAt >= request.firstByteAt)
        #expect(request.receivedAt <= Monotonic.now())
        #expect(exchange.peer.hostText == "127.0.0.1")
        exchange.respond(Response(status: .noContent))
        #expect(try client.readResponse().status == 204)
    }

    @Test func `pipelined requests are answered in order whatever order they are done in`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let names = (0..<5).map { "/held/\($0)" }
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        let exchanges = try names.map { try server.journal.exchange(for: $0) }
        let thread = try Thread.spawn(name: "responder") {
            for (name, exchange) in zip(names, exchanges).reversed() {
                exchange.respond(Response(status: .ok, body: Array(name.utf8)))
            }
        }
        for name in names { #expect(try client.readResponse().text == name) }
        thread.join()
    }

    @Test func `a request that is not safe waits for those before it`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            "GET /held/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /held/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
                + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        let first = try server.journal.exchange(for: "/held/1")
        #expect(server.journal.requests.count == 1)
        first.respond(Response(status: .ok))
        #expect(try client.readResponse().status == 200)
        let second = try server.journal.exchange(for: "/held/2")
        #expect(server.journal.requests.map(\.body) == [[], Array("ab".utf8)])
        second.respond(Response(status: .created))
        #expect(try client.readResponse().status == 201)
        #expect(try client.readResponse()["x-target"] == "/3")
    }

    @Test func `the body of a request that waits comes in order, whenever it comes`() throws {
        for target in ["/echo", "/stream"] {
            let server = try TestServer()
            let (client, other) = (try server.connect(), try server.connect())
            let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 1_000) }
            let head = "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n"
            try client.send(
                Array("GET /held/1 HTTP/1.1\r\nHost: a\r\n\r\n\(head)".utf8) + body[..<1_000]
            )
            let first = try server.journal.exchange(for: "/held/1")
            // In pieces that the loop sees while the first request waits for its answer.
            for start in [1_000, 50_000, 100_000] {
                try client.send(Array(body[start..<(start + (start == 1_000 ? 49_000 : 50_000))]))
                for _ in 0..<3 { #expect(try other.request("GET", "/").status == 200) }
            }
            first.respond(Response(status: .ok))
            #expect(try client.readResponse().status == 200)
            try client.send(Array(body[150_000...]))
            if target == "/echo" {
                #expect(try client.readResponse().body == body)
            } else {
                let exchange = try server.journal.exchange(for: target)
                #expect(try server.journal.wait { server.journal.body.isWhole })
                #expect(server.journal.body.bytes == body)
                exchange.respond(Response(status: .ok))
                #expect(try client.readResponse().status == 200)
            }
        }
    }

    @Test func `a thousand pipelined requests are all answered`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let text = (0..<500).map {
            "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\nPUT /\($0) HTTP/1.1\r\nHost: a\r\n"
                + "Content-Length: 3\r\n\r\nabc"
        }
        try client.send(text.joined())
        for number in 0..<500 {
            #expect(try client.readResponse()["x-target"] == "/\(number)")
            #expect(try client.readResponse().text == "abc")
        }
    }

    @Test func `more pipelined requests than may be pending are read later`() throws {
        var limits = ServerLimits()
        limits.pipelinedRequestsMax = 2
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        let names = (0..<6).map { "/held/\($0)" }
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        for (index, name) in names.enumerated() {
            let exchange = try server.journal.exchange(for: name)
            #expect(server.journal.requests.count <= index + 2)
            exchange.respond(Response(status: .ok, body: Array(name.utf8)))
            #expect(try client.readResponse().text == name)
        }
    }

    @Test func `HEAD has the length and no body`() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.request("HEAD", "/large")["content-length"] == "5242880")
        #expect(try client.request("GET", "/after")["x-target"] == "/after")
    }

    @Test func `a chunked upload arrives whole`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        var expected: [UInt8] = []
        for size in [1, 100, 70_000, 3] {
            let data = [UInt8](repeating: UInt8(size & 0x7f), count: size)
            expected += data
            try client.send(String(size, radix: 16) + ";x\r\n")
            try client.send(data + Array("\r\n".utf8))
        }
        try client.send("0\r\nX: y\r\n\r\n")
        #expect(try client.readResponse().body == expected)
    }

    @Test func `a large body comes back whole although the client reads late`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let body = [UInt8](
            (0..<TestHandler.bodyBytesMax).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        )
        #expect(try client.request("PUT", "/", body: body).body == body)
        // Three responses of 5 MiB wait while nothing is read.
        for _ in 0..<3 { try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n") }
        for _ in 0..<3 { #expect(try client.readResponse().body.count == 5 << 20) }
    }

    @Test func `a response that cannot be sent becomes 500`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let response = try client.request("GET", "/unsendable")
        #expect(response.status == 500)
        #expect(!response.fields.contains { $0.name == "set-cookie" })
        #expect(try client.request("GET", "/").status == 200)
    }

    @Test func `only the first response to a request counts`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        exchange.respond(Response(status: .ok))
        exchange.respond(Response(status: .badGateway))
        #expect(try client.readResponse().status == 200)
        #expect(try client.request("GET", "/").status == 200)
    }

    @Test func `a connection is closed after its last permitted request`() throws {
        var limits = ServerLimits()
        limits.requestsPerConnectionMax = 2
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        #expect(try client.request("GET", "/")["connection"] == nil)
        #expect(try client.request("GET", "/")["connection"] == "close")
        try client.expectEnd()
    }

    @Test func `a connection of HTTP 1-0 goes on when asked`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try client.readResponse()["connection"] == "keep-alive")
        try client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try client.readResponse()["connection"] == "close")
        try client.expectEnd()
    }

    @Test func `several addresses and loops serve the same handler`() throws {
        let addresses = try ["127.0.0.1", "::1", "localhost"].map {
            try #require(SocketAddress(host: $0, port: 0))
        }
        let journal = try Journal()
        let configuration = Configuration(addresses: addresses, loopCount: 2)
        let server = try Server.start(configuration) { _ in TestHandler(journal) }
        defer { server.stop(drainMilliseconds: 0) }
        for address in server.addresses {
            for _ in 0..<8 {
                let client = try RawHTTPClient(address)
                #expect(try client.request("GET", "/").status == 200)
            }
        }
        #expect(journal.requests.count == 24)
    }

    @Test func `a port in use is refused at start`() throws {
        let server = try TestServer()
        let configuration = Configuration(addresses: [server.address], loopCount: 1)
        let journal = server.journal
        #expect(throws: SystemError.self) {
            _ = try Server.start(configuration) { _ in TestHandler(journal) }
        }
    }

    @Test func `posted work runs on the loop until the loop is too far behind`() throws {
        var limits = ServerLimits()
        limits.postedWorkMax = 3
        let server = try TestServer(limits: limits)
        let loop = server.server.loops[0]
        let (entered, done) = (try TestSignal(), try TestSignal())
        let state = Gate()
        #expect(
            loop.post { _ in
                state.enter()
                entered.raise()
                _ = try? done.wait { state.isOpen }
            }
        )
        #expect(try entered.wait { state.hasEntered })
        // The loop is busy: its mailbox fills up and then refuses.
        #expect((0..<4).map { _ in loop.post { _ in state.count() } } == [true, true, true, false])
        state.open()
        done.raise()
        #expect(try entered.wait { state.counted == 3 })
    }
}
