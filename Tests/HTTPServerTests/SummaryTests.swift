import HTTP
import HTTPServer
import Linux
import TestSupport
import Testing

/// What a handler is told at the end of each request.
struct SummaryTests {
    private func wait(
        _ server: borrowing TestServer,
        count: Int
    ) throws -> [AnswerSummary] {
        let journal = server.journal
        #expect(try journal.wait { journal.summaries.count >= count })
        let summaries = journal.summaries
        #expect(summaries.count == count)
        return summaries
    }

    @Test func `a summary tells what was asked and what was answered`() throws {
        let server = try TestServer(runsClock: true, wantsSummaries: true)
        let client = try server.connect()
        _ = try client.request("POST", "/a?b", fields: [("X", "y")], body: [1, 2, 3])
        _ = try client.request("HEAD", "/large")
        let summaries = try wait(server, count: 2)
        #expect(summaries.map(\.head?.target) == ["/a?b", "/large"])
        #expect(summaries.map(\.head?.method) == [.post, .head])
        #expect(summaries.map(\.status) == [.ok, .ok])
        #expect(summaries.map(\.fields["x-target"]) == ["/a", nil])
        #expect(summaries.map(\.bytesIn) == [3, 0])
        #expect(summaries.map(\.bytesOut) == [3, 0])
        for summary in summaries {
            #expect(summary.isComplete)
            #expect(summary.endedAt >= summary.firstByteAt)
            #expect(summary.exchange.peer.hostText == "127.0.0.1")
        }
    }

    @Test func `what is refused has a summary, with a head if it had one`() throws {
        let server = try TestServer(wantsSummaries: true)
        let client = try server.connect()
        #expect(try client.request("GET", "/refused").status == 401)
        #expect(try client.request("GET", "/unsendable").status == 500)
        try client.send("nonsense\r\n\r\n")
        #expect(try client.readResponse().status == 400)
        let summaries = try wait(server, count: 3)
        #expect(summaries.map(\.status?.code) == [401, 500, 400])
        #expect(summaries.map(\.head?.path) == ["/refused", "/unsendable", nil])
        #expect(summaries.allSatisfy { $0.isComplete && $0.bytesOut > 0 })
    }

    @Test func `the octets of a stream are counted without their framing`() throws {
        let server = try TestServer(wantsSummaries: true)
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        exchange.beginStream(Response(status: .created, body: [1]))
        exchange.send([2, 3])
        exchange.endStream()
        #expect(try client.readResponse().body == [1, 2, 3])
        let summary = try wait(server, count: 1)[0]
        #expect(summary.exchange == exchange)
        #expect(summary.status == .created)
        #expect(summary.bytesOut == 3)
    }

    @Test func `requests are reported in order, whatever order they are done in`() throws {
        let server = try TestServer(wantsSummaries: true)
        let client = try server.connect()
        let names = ["/held/1", "/held/2"]
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        let exchanges = try names.map { try server.journal.exchange(for: $0) }
        exchanges[1].respond(Response(status: .ok))
        exchanges[0].respond(Response(status: .noContent))
        for _ in names { _ = try client.readResponse() }
        #expect(try wait(server, count: 2).map(\.head?.path) == names)
    }

    @Test func `a request whose client has gone is reported once, as not complete`() throws {
        let server = try TestServer(wantsSummaries: true)
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchange = try server.journal.exchange(for: "/held")
        client.resetOnClose()
        client.close()
        #expect(try server.journal.wait { server.statistics.connectionCount == 0 })
        exchange.respond(Response(status: .ok))
        let summary = try wait(server, count: 1)[0]
        #expect(!summary.isComplete)
        #expect(summary.status == nil)
    }

    @Test func `what stands behind a response that closes is reported as not complete`() throws {
        let server = try TestServer(wantsSummaries: true)
        let client = try server.connect()
        let names = ["/held/1", "/held/2"]
        try client.send(names.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        let first = try server.journal.exchange(for: names[0])
        _ = try server.journal.exchange(for: names[1])
        var response = Response(status: .ok)
        response.closesConnection = true
        first.respond(response)
        _ = try client.readResponse()
        try client.expectEnd()
        #expect(try wait(server, count: 2).map(\.isComplete) == [true, false])
    }

    @Test func `a handler that does not want summaries gets none`() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.request("GET", "/").status == 200)
        #expect(server.journal.summaries.isEmpty)
    }
}
