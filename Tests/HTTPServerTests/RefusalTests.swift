import HTTP
import HTTPServer
import TestSupport
import Testing

struct RefusalTests {
    private let post = "POST / HTTP/1.1\r\nHost: a\r\n"

    @Test func `the body is asked for only when the handler accepts it`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(post + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readResponse().status == 100)
        try client.send("ab")
        #expect(try client.readResponse().text == "ab")

        try client.send(
            "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                + "Expect: 100-continue\r\n\r\n"
        )
        let refusal = try client.readResponse()
        #expect(refusal.status == 401)
        #expect(refusal["connection"] == "close")
        try client.expectEnd()
    }

    @Test func `a body that is too large is refused before it is read`() throws {
        let server = try TestServer()
        for field in ["Content-Length: 1048577", "Content-Length: 1048577\r\nExpect: 100-continue"]
        {
            let client = try server.connect()
            try client.send(post + field + "\r\n\r\n")
            let response = try client.readResponse()
            #expect(response.status == 413)
            #expect(response["connection"] == "close")
            #expect(response["content-type"] == "application/problem+json")
            try client.expectEnd()
        }
        #expect(server.journal.requests.isEmpty)
    }

    @Test func `a client that sends a refused body all the same is not reset`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(post + "Content-Length: 3000000\r\n\r\n")
        #expect(try client.readResponse().status == 413)
        try client.send([UInt8](repeating: 0x78, count: 3_000_000))
        try client.expectEnd()
    }

    @Test func `a lingering connection is closed when it goes on sending`() throws {
        var limits = ServerLimits()
        limits.lingerBytesMax = 100_000
        let server = try TestServer(limits: limits)
        let client = try server.connect()
        try client.send("BAD\r\n\r\n")
        #expect(try client.readResponse().status == 400)
        let junk = [UInt8](repeating: 0x78, count: 50_000)
        // Sending fails once the server has closed its side for good.
        #expect(throws: (any Error).self) {
            for _ in 0..<10_000 { try client.send(junk) }
        }
    }

    @Test func `a small refused body is skipped and the connection goes on`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n")
        let refusal = try client.readResponse()
        #expect(refusal.status == 401)
        #expect(refusal["connection"] == nil)
        try client.send([UInt8](repeating: 0x78, count: 65536))
        #expect(try client.request("GET", "/after")["x-target"] == "/after")
    }

    @Test func `a refused body that ends early gets no second response`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        #expect(try client.readResponse().status == 401)
        client.endOutput()
        try client.expectEnd()
    }

    @Test(arguments: ["Content-Length: 65537", "Transfer-Encoding: chunked"])
    func `a refused body that is large or of unknown length ends the connection`(
        field: String
    ) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST /refused HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")
        let refusal = try client.readResponse()
        #expect(refusal.status == 401)
        #expect(refusal["connection"] == "close")
        try client.expectEnd()
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("\u{16}\u{3}\u{1}", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", 400),
        ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n", 414),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 100) + "\r\n",
            431
        ),
    ])
    func `a message that is no request has one response and nothing after it is read`(
        input: (text: String, status: Int)
    ) throws {
        let server = try TestServer()
        let client = try server.connect()
        // The first request is answered first; the one behind is not.
        try client.send(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + input.text + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(try client.readResponse()["x-target"] == "/1")
        let response = try client.readResponse()
        #expect(response.status == input.status)
        #expect(response["connection"] == "close")
        #expect(response.text.contains("\"status\":\(input.status)"))
        try client.expectEnd()
        #expect(server.journal.requests.count == 1)
    }

    @Test func `a refusal waits for the responses before it`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n")
        try server.journal.exchange(for: "/held").respond(Response(status: .ok))
        #expect(try client.readResponse().status == 200)
        #expect(try client.readResponse().status == 400)
        try client.expectEnd()
    }

    @Test(arguments: ["GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"])
    func `a message that ends early is never a request`(text: String) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(text)
        client.endOutput()
        #expect(try client.readResponse().status == 400)
        try client.expectEnd()
        #expect(server.journal.requests.isEmpty)
    }
}
