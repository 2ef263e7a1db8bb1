import Daemon
import Foundation
import Gzip
import TestSupport
import Testing

/// Bodies that go to guests and come from them in pieces.
struct StreamingTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func client() throws -> RawHTTPClient { try RawHTTPClient(daemon.service.address) }

    private func read(_ client: RawHTTPClient, until end: String) throws -> String {
        let (bytes, _) = try client.readAvailable(milliseconds: 10_000, until: end)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func record(_ identifier: String) throws -> [String: Any] {
        // A record is written after the answer.
        while true {
            daemon.service.flushRecords()
            let response = try daemon.request("GET", "/v1/invocations/\(identifier)")
            if response.status == 200 { return try RunningDaemon.json(response) }
        }
    }

    // MARK: - Requests

    @Test func `a body reaches the guest as it arrives, and its answer the client`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let client = try client()
        try client.send(
            "POST /f/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Request-Id: s1\r\n\r\n"
                + "5\r\nhello\r\n"
        )
        #expect(try read(client, until: "5\r\nhello\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
        try client.send("6\r\n world\r\n")
        #expect(try read(client, until: "\r\n") == "6\r\n world\r\n")
        try client.send("0\r\n\r\n")
        #expect(try read(client, until: "0\r\n\r\n") == "0\r\n\r\n")
        let record = try record("s1")
        #expect(record["bytesIn"] as? Int == 11)
        #expect(record["bytesOut"] as? Int == 11)
        #expect(record["outcome"] as? String == "ok")
        // The connection goes on.
        #expect(try client.request("POST", "/f/echo", body: [65]).text == "A")
    }

    @Test func `a body of known length arrives in pieces too`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let client = try client()
        try client.send("PUT /f/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        #expect(try read(client, until: "2\r\nab\r\n").contains("X-Echo-Method: PUT\r\n"))
        try client.send("cd")
        #expect(try read(client, until: "0\r\n\r\n") == "2\r\ncd\r\n0\r\n\r\n")
    }

    @Test func `who waits for its client gives its place to others`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        #expect(try daemon.configure("echo", #"{"concurrency":1,"queue":0}"#).status == 200)
        let slow = try client()
        try slow.send("POST /f/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        _ = try read(slow, until: "1\r\na\r\n")
        #expect(try daemon.request("POST", "/f/echo", body: [66]).text == "B")
        try slow.send("b")
        #expect(try read(slow, until: "0\r\n\r\n") == "1\r\nb\r\n0\r\n\r\n")
    }

    @Test func `a client that goes away in the middle of its body cancels the guest`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let gone = try client()
        try gone.send(
            "POST /f/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nX-Request-Id: gone\r\n\r\na"
        )
        _ = try read(gone, until: "1\r\na\r\n")
        gone.close()
        #expect(try record("gone")["outcome"] as? String == "canceled")
    }

    @Test func `a body that turns out malformed is refused, or the answer cut`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let head = "POST /f/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let early = try client()
        try early.send(head + "zz\r\n")
        #expect(try early.readResponse().status == 400)
        let late = try client()
        try late.send(head + "1\r\na\r\n")
        _ = try read(late, until: "1\r\na\r\n")
        try late.send("zz\r\n")
        let (rest, isEnd) = try late.readAvailable(milliseconds: 10_000, until: "never")
        #expect(isEnd && rest.isEmpty)
    }

    @Test func `a guest that answers without reading need not wait for the body`() throws {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        let client = try client()
        try client.send("POST /f/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        #expect(try client.readResponse().text == "Hello from WebAssembly!\n")
        // The rest is dropped, and the connection goes on.
        try client.send("67890GET /f/hello HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.readResponse().status == 200)
    }

    @Test func `a body over the limit is refused while it comes`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        #expect(try daemon.configure("echo", #"{"limits":{"requestBytes":4}}"#).status == 200)
        let client = try client()
        try client.send(
            "POST /f/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        )
        #expect(try client.readResponse().status == 413)
    }

    // MARK: - Answers

    @Test func `an answer goes out as it is written, with the length that the guest tells`() throws
    {
        let guest = try GuestModule.stepping("Status: 201\nContent-Length: 6\n\none", "two")
        #expect(try daemon.deploy("step", guest).status == 201)
        let client = try client()
        try client.send(
            "POST /f/step HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        let head = try read(client, until: "one")
        #expect(head.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(head.contains("\r\nContent-Length: 6\r\n"))
        #expect(!head.contains("X-Fuel-Used"))
        try client.send("1\r\nx\r\n0\r\n\r\n")
        #expect(try read(client, until: "two") == "two")
        #expect(try client.request("GET", "/f/step").text == "onetwo")
    }

    @Test(arguments: ["Content-Length: 5\n\none", "Content-Length: 7\n\none"])
    func `an answer of another length than was told is cut`(head: String) throws {
        let guest = try GuestModule.stepping("Status: 200\n" + head, "two")
        #expect(try daemon.deploy("step", guest).status == 201)
        let client = try client()
        try client.send(
            "POST /f/step HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Request-Id: l\r\n\r\n"
        )
        _ = try read(client, until: "one")
        try client.send("1\r\nx\r\n0\r\n\r\n")
        let (_, isEnd) = try client.readAvailable(milliseconds: 10_000, until: "never")
        #expect(isEnd)
        #expect(try record("l")["outcome"] as? String == "bad-output")
    }

    @Test func `a guest that fails in the middle of its answer cuts the connection`() throws {
        let guest = try GuestModule.stepping("Status: 200\n\none", nil)
        #expect(try daemon.deploy("step", guest).status == 201)
        let client = try client()
        try client.send(
            "POST /f/step HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Request-Id: t\r\n\r\n"
        )
        _ = try read(client, until: "3\r\none\r\n")
        try client.send("1\r\nx\r\n")
        let (rest, isEnd) = try client.readAvailable(milliseconds: 10_000, until: "never")
        #expect(isEnd && !String(decoding: rest, as: UTF8.self).contains("0\r\n\r\n"))
        let record = try record("t")
        #expect(record["outcome"] as? String == "trap")
        #expect(record["status"] as? Int == 200)
        #expect((record["error"] as? String)?.hasPrefix("the response was broken off") == true)
    }

    @Test func `the length of a body that HEAD leaves out is told`() throws {
        let text = "Content-Type: text/plain\nContent-Length: 12345\n\n"
        #expect(try daemon.deploy("long", GuestModule.writing(text)).status == 201)
        let client = try client()
        try client.send("HEAD /f/long HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try client.readResponse(toHead: true)
        #expect(response["content-length"] == "12345")
    }

    // MARK: - Compression

    private func compressible(_ fields: String = "") throws -> [UInt8] {
        let body = String(repeating: "compress me. ", count: 200)
        return try GuestModule.writing("Content-Type: text/plain\nETag: \"1\"\n\(fields)\n\(body)")
    }

    private func get(_ encoding: String?) throws -> RawHTTPClient.Response {
        let fields = encoding.map { [("Accept-Encoding", $0)] } ?? []
        return try daemon.request("GET", "/f/text", fields: fields)
    }

    @Test func `text is packed for who accepts that`() throws {
        #expect(try daemon.deploy("text", compressible()).status == 201)
        let plain = try get(nil)
        #expect(plain["content-encoding"] == nil && plain.body.count == 2_600)
        #expect(plain["vary"] == "Accept-Encoding" && plain["etag"] == "\"1\"")
        let packed = try get("br, gzip;q=0.5")
        #expect(packed["content-encoding"] == "gzip" && packed["etag"] == "W/\"1\"")
        #expect(packed["vary"] == "Accept-Encoding")
        #expect(packed.body.count < 200)
        #expect(try GzipDecoder.unpack(packed.body, byteCountMax: 1 << 20) == plain.body)
        for refused in ["gzip;q=0", "br", "*;q=0", "identity"] {
            #expect(try get(refused)["content-encoding"] == nil)
        }
        #expect(try get("*")["content-encoding"] == "gzip")
        #expect(try daemon.configure("text", #"{"compression":false}"#).status == 200)
        let off = try get("gzip")
        #expect(off["content-encoding"] == nil && off["vary"] == nil)
    }

    @Test(arguments: ["Content-Encoding: br\n", "Cache-Control: no-transform\n"])
    func `what must stay as it is stays`(fields: String) throws {
        #expect(try daemon.deploy("text", compressible(fields)).status == 201)
        #expect(try get("gzip").body.count == 2_600)
    }

    @Test func `each piece of a packed answer can be unpacked when it comes`() throws {
        let guest = try GuestModule.stepping(
            "Content-Type: text/event-stream\n\ndata: 1\n\n",
            "data: 2\n\n"
        )
        #expect(try daemon.deploy("step", guest).status == 201)
        let client = try client()
        try client.send(
            "POST /f/step HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        // A piece that is flushed ends with an empty block.
        var received: [UInt8] = []
        while !received.contains(0xff) {
            received += try client.readAvailable(milliseconds: 10_000, until: "\r\n").bytes
        }
        #expect(String(decoding: received, as: UTF8.self).contains("Content-Encoding: gzip\r\n"))
        try client.send("1\r\nx\r\n0\r\n\r\n")
        _ = try read(client, until: "0\r\n\r\n")
    }
}
