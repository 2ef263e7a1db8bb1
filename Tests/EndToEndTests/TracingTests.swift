import Daemon
import Foundation
import HTTP
import TestSupport
import Testing

/// Traces that go through the daemon, and the spans that a collector gets of them.
struct TracingTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    private func daemon(
        _ collector: Collector,
        _ more: String = "",
        batchMilliseconds: Int = 10
    ) throws -> RunningDaemon {
        let tracing =
            #"{endpoint:"\#(collector.endpoint)",batchMs:\#(batchMilliseconds),"#
            + "retryMs:1,\(more)}"
        return try RunningDaemon(configuration: "{tracing:\(tracing)}")
    }

    private func parent(_ flags: String = "01") -> (String, String) {
        ("traceparent", "00-\(Self.trace)-\(Self.span)-\(flags)")
    }

    private func figure(_ daemon: RunningDaemon, _ result: String) throws -> Double? {
        let text = try daemon.request("GET", "/metrics").text
        return try PrometheusText(parsing: text)
            .value("roost_trace_spans_total", ["result": result])
    }

    // MARK: - Without a collector

    @Test func `the guest gets the trace with its own span, and the record has it`() throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.deploy("env", text: GuestModule.environment).status == 201)
        func call(_ fields: [(String, String)]) throws -> (guest: [String], record: String?) {
            let response = try daemon.request("GET", "/f/env", fields: fields)
            let variables = response.text.split(separator: "\0")
            let parent = variables.first { $0.hasPrefix("TRACEPARENT=") }?.dropFirst(12) ?? ""
            let record = try daemon.record(of: response)
            let state = variables.first { $0.hasPrefix("TRACESTATE=") }?.dropFirst(11)
            return (
                parent.split(separator: "-").map(String.init) + (state.map { [String($0)] } ?? []),
                record["traceId"] as? String
            )
        }
        let given = try call([parent(), ("tracestate", "a=b"), ("tracestate", "c=d")])
        #expect(given.guest.count == 5)
        #expect(given.guest[0] == "00" && given.guest[1] == Self.trace && given.guest[3] == "01")
        #expect(given.guest[2].count == 16 && given.guest[2] != Self.span)
        #expect(given.guest[4] == "a=b,c=d")
        #expect(given.record == Self.trace)
        #expect(try call([parent("00")]).guest[3] == "00")
        // A trace that is not well-formed is none, and neither is its state.
        for fields in [[], [("traceparent", "nonsense"), ("tracestate", "a=b")]] {
            let new = try call(fields)
            #expect(new.guest.count == 4 && new.guest[1].count == 32)
            #expect(new.guest[1] != Self.trace && new.guest[3] == "00")
            #expect(new.record == new.guest[1])
        }
    }

    // MARK: - Spans

    @Test func `an invocation makes a span, with one for each phase`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector, #"headers:{"X-Key":"secret"}"#)
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        let response = try daemon.request(
            "POST",
            "/f/hello/a?b=c",
            fields: [parent(), ("tracestate", "x=y")],
            body: [1, 2, 3]
        )
        #expect(try collector.waitForServerSpans(1).count == 1)
        let message = try #require(collector.messages.first)
        #expect(message.path == "/v1/traces")
        #expect(message.fields["content-type"] == "application/json")
        #expect(message.fields["x-key"] == "secret")
        let spans = try collector.spans()
        let server = try #require(spans.first { $0.kind == 2 })
        #expect(server.trace == Self.trace && server.parent == Self.span)
        #expect(server.state == "x=y")
        #expect(server.flags == 0x301)
        #expect(server.name == "POST /f/hello")
        #expect(server.statusCode == 0 && server.events.isEmpty)
        let id = try #require(response["x-request-id"])
        for (key, value) in [
            "http.request.method": "POST", "url.path": "/f/hello/a", "url.scheme": "http",
            "http.route": "/f/hello", "http.response.status_code": "200",
            "http.request.body.size": "3", "client.address": "127.0.0.1", "faas.name": "hello",
            "faas.version": "1", "faas.trigger": "http", "faas.coldstart": "false",
            "faas.invocation_id": id, "roost.start": "pooled", "roost.outcome": "ok",
        ] { #expect(server.attributes[key] == value, "\(key)") }
        #expect(server.attributes["error.type"] == nil)
        let phases = spans.filter { $0.kind == 1 }
        #expect(phases.map(\.name) == ["queue", "start", "guest"])
        for (phase, next) in zip(phases, phases.dropFirst()) { #expect(phase.end == next.start) }
        for phase in phases {
            #expect(phase.trace == server.trace && phase.parent == server.id)
            #expect(phase.start >= server.start && phase.end <= server.end)
        }
        #expect(Set(spans.map(\.id)).count == spans.count)
    }

    @Test func `a failure is an error with the trap as an exception`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector)
        #expect(try daemon.deploy("crash", GuestModule.sample("crash")).status == 201)
        _ = try daemon.request("GET", "/f/crash?kind=divide")
        let span = try #require(try collector.waitForServerSpans(1).first)
        #expect(span.parent == nil)
        #expect(span.statusCode == 2)
        #expect(span.statusMessage?.contains("integer divide by zero") == true)
        #expect(span.attributes["error.type"] == "trap")
        let event = try #require(span.events.first)
        #expect(event.name == "exception")
        #expect(event.time >= span.start && event.time <= span.end)
        #expect(event.attributes["exception.type"] == "integer divide by zero")
        #expect(event.attributes["exception.stacktrace"]?.hasPrefix("0: price_item at ") == true)
    }

    @Test func `what is not sampled is not sent`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector, "sampleRatio:0")
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        _ = try daemon.request("GET", "/f/hello")
        _ = try daemon.request("GET", "/f/hello", fields: [parent("00")])
        _ = try daemon.request("GET", "/f/hello", fields: [parent("01")])
        let spans = try collector.waitForServerSpans(1)
        #expect(spans.map(\.parent) == [Self.span])
        #expect(spans.map(\.trace) == [Self.trace])
    }

    @Test func `a function's next one has a span beneath its own`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector)
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.deploy("gate", GuestModule.sample("gate")).status == 201)
        let patch = #"{"next":"hello","env":{"HTTP_WASM_CONFIG":"k"}}"#
        #expect(try daemon.configure("gate", patch).status == 200)
        let response = try daemon.request("GET", "/f/gate", fields: [("X-Key", "k"), parent()])
        #expect(response.status == 200)
        let spans = try collector.waitForServerSpans(2)
        let gate = try #require(spans.first { $0.attributes["faas.name"] == "gate" })
        let hello = try #require(spans.first { $0.attributes["faas.name"] == "hello" })
        #expect(gate.parent == Self.span && hello.parent == gate.id)
        #expect(hello.trace == Self.trace)
        #expect(gate.flags == 0x301 && hello.flags == 0x101)
    }

    // MARK: - Collectors that fail

    private func call(_ daemon: RunningDaemon, times: Int = 1) throws {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        for _ in 0..<times { #expect(try daemon.request("GET", "/f/hello").status == 200) }
    }

    @Test(arguments: [Status.tooManyRequests, .badGateway, .serviceUnavailable, .gatewayTimeout])
    func `a batch that was not taken is sent again`(status: Status) throws {
        let refusal = Response(status: status, fields: ["Retry-After": "0"])
        let collector = try Collector(answers: [refusal, refusal])
        let daemon = try daemon(collector)
        try call(daemon)
        #expect(try collector.waitForMessages(3))
        #expect(try collector.wait { try figure(daemon, "exported") == 1 })
        #expect(Set(collector.messages.map(\.body)).count == 1)
        #expect(try figure(daemon, "failed") == 0)
    }

    @Test func `a collector that never takes a batch loses it, counted`() throws {
        let refusal = Response(status: .serviceUnavailable)
        let collector = try Collector(answers: Array(repeating: refusal, count: 3))
        let daemon = try daemon(collector, "attemptsMax:3")
        try call(daemon)
        #expect(try collector.wait { try figure(daemon, "failed") == 1 })
        #expect(collector.messages.count == 3)
    }

    @Test func `what a collector refuses is not sent again`() throws {
        let collector = try Collector(answers: [Response(status: .badRequest)])
        let daemon = try daemon(collector)
        try call(daemon)
        #expect(try collector.wait { try figure(daemon, "rejected") == 1 })
        #expect(collector.messages.count == 1)
    }

    @Test func `what a collector takes in part is counted`() throws {
        let partial = Response(
            status: .ok,
            contentType: "application/json",
            text: #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}"#
        )
        let collector = try Collector(answers: [partial])
        let daemon = try daemon(collector, "batchMax:2", batchMilliseconds: 60_000)
        try call(daemon, times: 2)
        #expect(try collector.wait { try figure(daemon, "rejected") == 1 })
        #expect(try figure(daemon, "exported") == 1)
    }

    @Test func `a full queue drops and counts, and requests go on`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector, "queueMax:2,batchMax:100", batchMilliseconds: 60_000)
        try call(daemon, times: 5)
        #expect(try collector.wait { try figure(daemon, "queue_full") == 3 })
        let text = try daemon.request("GET", "/metrics").text
        #expect(try PrometheusText(parsing: text).value("roost_trace_waiting_spans") == 2)
        #expect(collector.messages.isEmpty)
    }

    @Test func `what waits is sent when the daemon stops`() throws {
        let collector = try Collector()
        let daemon = try daemon(collector, "batchMax:2", batchMilliseconds: 60_000)
        try call(daemon, times: 5)
        try daemon.restart()
        #expect(try collector.spans().filter { $0.kind == 2 }.count == 5)
    }

    @Test func `a collector that is not there does not hold the daemon up`() throws {
        // Nobody listens at port 9 of this address.
        let tracing = #"{endpoint:"http://127.0.0.1:9/",batchMs:0,flushMs:100,retryMs:60000}"#
        let daemon = try RunningDaemon(configuration: "{tracing:\(tracing)}")
        try call(daemon, times: 3)
        let begin = Date()
        try daemon.restart()
        #expect(Date().timeIntervalSince(begin) < 10)
    }
}
