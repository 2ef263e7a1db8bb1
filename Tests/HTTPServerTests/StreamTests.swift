import HTTP
import HTTPServer
import TestSupport
import Testing

struct StreamTests {
    private func begin(
        _ server: borrowing TestServer,
        _ client: RawHTTPClient,
        method: String = "GET",
        version: String = "1.1"
    ) throws -> Exchange {
        try client.send("\(method) /held HTTP/\(version)\r\nHost: a\r\n\r\n")
        return try server.journal.exchange(for: "/held")
    }

    @Test func `a stream arrives piece by piece as chunks`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let exchange = try begin(server, client)
        exchange.beginStream(Response(status: .ok, fields: ["X": "y"]))
        exchange.send(Array("one,".utf8))
        let (first, _) = try client.readAvailable(milliseconds: 5000, until: "one,\r\n")
        #expect(String(decoding: first, as: UTF8.self).contains("\r\n\r\n4\r\none,\r\n"))
        exchange.send([])
        exchange.send(Array("two".utf8))
        exchange.endStream()
        let (rest, _) = try client.readAvailable(milliseconds: 5000, until: "0\r\n\r\n")
        #expect(String(decoding: rest, as: UTF8.self) == "3\r\ntwo\r\n0\r\n\r\n")
        #expect(try client.request("GET", "/next")["x-target"] == "/next")
    }

    @Test func `a stream with large pieces arrives whole`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let exchange = try begin(server, client)
        exchange.beginStream(Response(status: .ok, body: [1, 2]))
        for number in 0..<20 { exchange.send([UInt8](repeating: UInt8(number), count: 50_000)) }
        exchange.endStream()
        let body = try client.readResponse().body
        #expect(body.count == 1_000_002)
        #expect(body.last == 19)
    }

    @Test func `a stream to a client of HTTP 1-0 is ended by closing`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let exchange = try begin(server, client, version: "1.0")
        exchange.beginStream(Response(status: .ok))
        exchange.send(Array("abc".utf8))
        exchange.endStream()
        let response = try client.readResponse()
        #expect(response.text == "abc")
        #expect(response["connection"] == "close")
        #expect(response["transfer-encoding"] == nil)
    }

    @Test func `a stream in answer to HEAD has no body`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let exchange = try begin(server, client, method: "HEAD")
        exchange.beginStream(Response(status: .ok))
        exchange.send(Array("abc".utf8))
        exchange.endStream()
        #expect(try client.readResponse(toHead: true).status == 200)
        #expect(try client.request("GET", "/next")["x-target"] == "/next")
    }

    @Test func `a stream waits for the responses before it and those behind wait for it`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let names = ["/held/1", "/held/2", "/held/3"]
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        let exchanges = try names.map { try server.journal.exchange(for: $0) }
        exchanges[2].respond(Response(status: .ok, body: [0x63]))
        exchanges[1].beginStream(Response(status: .ok))
        exchanges[1].send([0x62])
        exchanges[1].endStream()
        exchanges[0].respond(Response(status: .ok, body: [0x61]))
        for text in ["a", "b", "c"] { #expect(try client.readResponse().text == text) }
    }

    @Test func `a stream that is aborted is visibly incomplete`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let exchange = try begin(server, client)
        exchange.beginStream(Response(status: .ok))
        exchange.send(Array("abc".utf8))
        exchange.abort()
        #expect(throws: (any Error).self) { try client.readResponse() }
    }

    @Test func `a client that does not keep up with a stream is cut off`() throws {
        var limits = ServerLimits()
        limits.streamBytesMax = 100_000
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        let exchange = try begin(server, client)
        exchange.beginStream(Response(status: .ok))
        #expect(
            try server.journal.wait {
                exchange.send([UInt8](repeating: 1, count: 200_000))
                return server.journal.gone == ["/held"]
            }
        )
        #expect(throws: (any Error).self) { try client.readResponse() }
    }
}
