import Daemon
import Foundation
import TestSupport
import Testing

/// Deploying and calling functions, as a user does.
struct FunctionTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func deploy(_ name: String) throws {
        #expect(try daemon.deploy(name, GuestModule.sample(name)).status == 201)
    }

    @Test func `a function is deployed, called and reported on`() throws {
        let deployed = try daemon.deploy("hello", GuestModule.sample("hello"))
        #expect(deployed.status == 201)
        #expect(deployed["location"] == "/v1/functions/hello/versions/1")
        let response = try daemon.request("GET", "/f/hello", fields: [("X-Request-Id", "mine-1")])
        #expect(response.status == 200)
        #expect(response.text == "Hello from WebAssembly!\n")
        #expect(response["x-request-id"] == "mine-1")
        #expect(response["x-function-version"] == "1")
        #expect(response["x-start"] == "pooled")
        let timing = try #require(response["server-timing"])
        #expect(timing.contains("queue;dur=") && timing.contains("total;dur="))
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/mine-1"))
        #expect(record["function"] as? String == "hello")
        #expect(record["outcome"] as? String == "ok")
        #expect(record["start"] as? String == "pooled")
        #expect(record["status"] as? Int == 200)
        #expect(String(record["fuel"] as? Int ?? 0) == response["x-fuel-used"])
    }

    @Test func `fuel is the same for the same request`() throws {
        try deploy("fib")
        let fuel = try (0..<5).map { _ in try daemon.request("GET", "/f/fib?n=15")["x-fuel-used"] }
        #expect(Set(fuel).count == 1)
    }

    @Test func `the same bytes make no second version, others do`() throws {
        try deploy("hello")
        let again = try daemon.deploy("hello", GuestModule.sample("hello"))
        #expect(again.status == 200)
        #expect(try RunningDaemon.json(again)["version"] as? Int == 1)
        let other = try daemon.deploy("hello", GuestModule.sample("echo"))
        #expect(other.status == 200)
        #expect(try RunningDaemon.json(other)["version"] as? Int == 2)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "2")
        #expect(try daemon.request("GET", "/f/hello@1").text == "Hello from WebAssembly!\n")
    }

    @Test func `method, path, query, header and body reach the function`() throws {
        try deploy("echo")
        let body = (0...255).map { UInt8($0) }
        let binary = try daemon.request("POST", "/f/echo/a%20b?x=1&y", body: body)
        #expect(binary.status == 200)
        #expect(binary.body == body)
        let described = try RunningDaemon.json(daemon.request("GET", "/f/echo/a%20b?x=1"))
        #expect(described["method"] as? String == "GET")
        #expect(described["path"] as? String == "/a b")
        #expect(described["query"] as? String == "x=1")
    }

    @Test func `a function remembers nothing, unless it asks to be reused`() throws {
        try deploy("counter")
        for _ in 0..<20 { #expect(try daemon.request("GET", "/f/counter").text == "1\n") }
        #expect(try daemon.deploy("count", text: GuestModule.counting).status == 201)
        for _ in 0..<5 { #expect(try daemon.request("GET", "/f/count").text == "1") }
        let reused = try daemon.configure("count", #"{"reuse":3}"#)
        #expect(reused.status == 200)
        #expect((try RunningDaemon.json(reused)["warnings"] as? [String])?.count == 1)
        let texts = try (0..<6).map { _ in try daemon.request("GET", "/f/count").text }
        #expect(texts == ["1", "2", "3", "1", "2", "3"])
    }

    @Test func `functions and configuration survive a restart`() throws {
        try deploy("hello")
        let patch = #"{"env":{"A":"1"},"limits":{"timeoutMs":1234}}"#
        #expect(try daemon.configure("hello", patch).status == 200)
        let tag = try daemon.request("GET", "/v1/functions/hello")["etag"]
        try daemon.restart()
        let first = try daemon.request("GET", "/f/hello")
        #expect(first.status == 200)
        #expect(first["x-start"] == "compiled")
        #expect(first["x-function-version"] == "2")
        // The first call's instance goes back to the pool after its answer.
        let starts = try (0..<50).map { _ in try daemon.request("GET", "/f/hello")["x-start"] }
        #expect(starts.contains("pooled") && !starts.contains("compiled"))
        #expect(try daemon.request("GET", "/v1/functions/hello")["etag"] == tag)
        let configuration = try RunningDaemon.json(
            daemon.request("GET", "/v1/functions/hello/config")
        )
        #expect((configuration["env"] as? [String: String]) == ["A": "1"])
        #expect((configuration["limits"] as? [String: Any])?["timeoutMs"] as? Int == 1_234)
    }

    @Test func `the pool is counted, function by function and in all`() throws {
        try deploy("hello")
        try deploy("echo")
        for _ in 0..<5 { _ = try daemon.request("GET", "/f/hello") }
        let report = try RunningDaemon.json(daemon.request("GET", "/v1/pool"))
        let total = try #require(report["total"] as? [String: Any])
        let versions = try #require(report["versions"] as? [[String: Any]])
        #expect(versions.map { $0["function"] as? String } == ["hello", "echo"])
        let hello = try #require(versions.first)
        let hits = hello["hits"] as? Int ?? 0
        #expect(hits + (hello["misses"] as? Int ?? 0) == 5)
        #expect(hits >= 1)
        #expect(hello["waiting"] as? Int == 0)
        for key in ["codeBytes", "imageBytes", "privateBytes", "moduleBytes"] {
            #expect((hello[key] as? Int ?? 0) > 0, "\(key)")
            let sum = versions.reduce(0) { $0 + ($1[key] as? Int ?? 0) }
            #expect(total[key] as? Int == sum, "\(key)")
        }
        #expect(total["functions"] as? Int == 2)
        #expect(total["loadedVersions"] as? Int == 2)
        #expect((total["residentBytes"] as? Int ?? 0) > 0)
        let metrics = try daemon.request("GET", "/metrics")
        #expect(metrics["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(metrics.text.contains("\nroost_pool_takes_total{result=\"hit\"} \(hits)\n"))
        // What a version has done stays in the sum when the version goes.
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 204)
        let rest = try RunningDaemon.json(daemon.request("GET", "/v1/pool?limit=0"))
        let left = try #require(rest["total"] as? [String: Any])
        #expect(left["hits"] as? Int == hits)
        #expect(left["loadedVersions"] as? Int == 1)
        #expect((rest["versions"] as? [Any])?.isEmpty == true)
    }

    @Test func `a configuration is patched, and null removes`() throws {
        try deploy("echo")
        _ = try daemon.configure("echo", #"{"env":{"A":"1","B":"2"},"concurrency":3}"#)
        let patched = try daemon.configure("echo", #"{"env":{"A":null},"concurrency":null}"#)
        #expect(patched.status == 200)
        let json = try RunningDaemon.json(daemon.request("GET", "/v1/functions/echo/config"))
        #expect((json["env"] as? [String: String]) == ["B": "2"])
        #expect(json["concurrency"] as? Int == 128)
        let bad = try daemon.configure("echo", #"{"concurency":3}"#)
        #expect(bad.status == 422)
        #expect(try RunningDaemon.json(bad)["key"] as? String == "concurency")
    }

    @Test func `preconditions are honoured`() throws {
        let module = try GuestModule.sample("hello")
        func put(_ field: String, _ value: String) throws -> Int {
            try daemon.request("PUT", "/v1/functions/hello", fields: [(field, value)], body: module)
                .status
        }
        #expect(try put("If-Match", "*") == 412)
        #expect(try put("If-None-Match", "*") == 201)
        #expect(try put("If-None-Match", "*") == 412)
        let tag = try #require(try daemon.request("GET", "/v1/functions/hello")["etag"])
        #expect(try put("If-Match", "\"999\"") == 412)
        #expect(try put("If-Match", tag) == 200)
    }

    @Test func `a version can wait, and live can go back`() throws {
        try deploy("hello")
        let target = "/v1/functions/hello?activate=false"
        let second = try daemon.request("PUT", target, body: GuestModule.sample("echo"))
        #expect(try RunningDaemon.json(second)["active"] as? Bool == false)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "1")
        let alias = try daemon.request(
            "PUT",
            "/v1/functions/hello/aliases/live",
            body: Array(#"{"version":2}"#.utf8)
        )
        #expect(alias.status == 200)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "2")
        #expect(try daemon.request("POST", "/v1/functions/hello/rollback").status == 200)
        #expect(try daemon.request("GET", "/f/hello")["x-function-version"] == "1")
        #expect(try daemon.request("POST", "/v1/functions/hello/rollback").status == 409)
    }

    @Test func `a deleted function is gone, and its bytes with it`() throws {
        try deploy("hello")
        let module = try daemon.request("GET", "/v1/functions/hello/versions/1/module")
        #expect(module.body == (try GuestModule.sample("hello")))
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 204)
        #expect(try daemon.request("GET", "/f/hello").status == 404)
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 404)
        #expect(try daemon.deploy("hello", module.body).status == 201)
        #expect(try daemon.request("GET", "/f/hello").status == 200)
    }

    @Test func `log lines are found by function and by request`() throws {
        try deploy("chatty")
        _ = try daemon.request("GET", "/f/chatty", fields: [("X-Request-Id", "talk")])
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/talk"))
        #expect((record["lines"] as? [Any])?.count == 10)
        let logs = try daemon.request("GET", "/v1/functions/chatty/logs?tail=3")
        #expect(logs["content-type"] == "application/x-ndjson")
        #expect(logs.text.split(separator: "\n").count == 3)
    }

    @Test func `a log is followed`() throws {
        try deploy("chatty")
        let follower = try RawHTTPClient(daemon.service.address)
        try follower.send(
            "GET /v1/functions/chatty/logs?tail=0&follow=true HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        let head = try follower.readAvailable(milliseconds: 10_000, until: "\r\n\r\n")
        #expect(String(decoding: head.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
        _ = try daemon.request("GET", "/f/chatty")
        let lines = try follower.readAvailable(milliseconds: 10_000, until: "line 10 of 10")
        #expect(String(decoding: lines.bytes, as: UTF8.self).contains("line 10 of 10"))
    }

    @Test func `invocations are filtered, and read page by page`() throws {
        try deploy("hello")
        try deploy("crash")
        for index in 0..<5 {
            _ = try daemon.request("GET", "/f/hello", fields: [("X-Request-Id", "h\(index)")])
        }
        _ = try daemon.request("GET", "/f/crash")
        daemon.service.flushRecords()
        func list(_ query: String) throws -> (ids: [String], cursor: String?) {
            let json = try RunningDaemon.json(daemon.request("GET", "/v1/invocations?\(query)"))
            let records = json["invocations"] as? [[String: Any]] ?? []
            return (records.compactMap { $0["id"] as? String }, json["nextCursor"] as? String)
        }
        #expect(try list("function=hello").ids == ["h4", "h3", "h2", "h1", "h0"])
        #expect(try list("outcome=trap").ids.count == 1)
        #expect(try list("status=502").ids.count == 1)
        #expect(try list("function=hello&outcome=trap").ids.isEmpty)
        let first = try list("function=hello&limit=2")
        #expect(first.ids == ["h4", "h3"])
        let cursor = try #require(first.cursor)
        #expect(try list("function=hello&limit=2&cursor=\(cursor)").ids == ["h2", "h1"])
        #expect(try daemon.request("GET", "/v1/invocations?outcome=nothing").status == 400)
        #expect(try daemon.request("GET", "/v1/invocations?unknown=1").status == 400)
    }

    @Test func `a measurement gives the phases of each kind of start`() throws {
        try deploy("hello")
        let body = Array(#"{"count":20}"#.utf8)
        let response = try daemon.request("POST", "/v1/functions/hello/bench", body: body)
        #expect(response.status == 200)
        let kinds = try RunningDaemon.json(response)["kinds"] as? [String: [String: Any]]
        #expect(Set(kinds?.keys.map { $0 } ?? []) == ["pooled", "fresh", "compiled"])
        #expect(kinds?["pooled"]?["count"] as? Int == 20)
        #expect(kinds?["pooled"]?["failures"] as? Int == 0)
        let version = try RunningDaemon.json(
            daemon.request("GET", "/v1/functions/hello/versions/1")
        )
        #expect((version["benchmarks"] as? [Any])?.count == 1)
    }

    @Test func `a measurement tells how far it is, line by line, when asked`() throws {
        try deploy("hello")
        let response = try daemon.request(
            "POST",
            "/v1/functions/hello/bench",
            fields: [("Accept", "application/x-ndjson")],
            body: Array(#"{"count":20}"#.utf8)
        )
        #expect(response.status == 200)
        #expect(response["content-type"] == "application/x-ndjson")
        let lines = try String(decoding: response.body, as: UTF8.self).split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        let phases = lines.compactMap { ($0["progress"] as? [String: Any])?["phase"] as? String }
        #expect(Set(phases) == ["pooled", "fresh", "compiled"])
        #expect((lines.last?["result"] as? [String: Any])?["kinds"] != nil)
        // What is refused before there is anything to report is refused as ever.
        let refused = try daemon.request(
            "POST",
            "/v1/functions/hello/bench",
            fields: [("Accept", "application/x-ndjson")],
            body: Array("{}x".utf8)
        )
        #expect(refused.status == 400)
    }

    @Test func `a function that is full sheds, and says when to come back`() throws {
        try deploy("spin")
        let patch = #"{"concurrency":1,"queue":0,"limits":{"timeoutMs":2000}}"#
        #expect(try daemon.configure("spin", patch).status == 200)
        let busy = try RawHTTPClient(daemon.service.address)
        try busy.send("GET /f/spin HTTP/1.1\r\nHost: a\r\n\r\n")
        // The first one is on its way: ask until it has arrived.
        var shed: RawHTTPClient.Response
        repeat { shed = try daemon.request("GET", "/f/spin") } while shed.status == 504
        #expect(shed.status == 429)
        #expect(shed["retry-after"] == "1")
        #expect(shed["x-function-error"] == "overloaded")
        #expect(try busy.readResponse().status == 504)
    }

    @Test func `a request that waits in line is served in its turn`() throws {
        try deploy("spin")
        let patch = #"{"concurrency":1,"queue":8,"limits":{"timeoutMs":300}}"#
        #expect(try daemon.configure("spin", patch).status == 200)
        let clients = try (0..<3).map { _ in try RawHTTPClient(daemon.service.address) }
        for client in clients { try client.send("GET /f/spin HTTP/1.1\r\nHost: a\r\n\r\n") }
        for client in clients { #expect(try client.readResponse().status == 504) }
    }

    @Test func `a client that goes away stops its guest`() throws {
        try deploy("spin")
        #expect(try daemon.configure("spin", #"{"limits":{"timeoutMs":60000}}"#).status == 200)
        let client = try RawHTTPClient(daemon.service.address)
        try client.send(
            "GET /f/spin HTTP/1.1\r\nHost: a\r\nX-Request-Id: gone\r\n\r\n"
        )
        // A response on another connection shows that the loop has come past the first request.
        _ = try daemon.request("GET", "/healthz")
        client.close()
        let deadline = Date() + 10
        var outcome: String?
        while outcome == nil, Date() < deadline {
            daemon.service.flushRecords()
            let response = try daemon.request("GET", "/v1/invocations/gone")
            if response.status == 200 {
                outcome = try RunningDaemon.json(response)["outcome"] as? String
            }
        }
        #expect(outcome == "canceled")
    }

    @Test func `a function's own route leads to it`() throws {
        try deploy("echo")
        let patch = #"{"routes":[{"path":"/shop"},{"path":"/","host":"echo.example"}]}"#
        #expect(try daemon.configure("echo", patch).status == 200)
        let json = try RunningDaemon.json(daemon.request("GET", "/shop/a"))
        #expect(json["path"] as? String == "/a")
        #expect(try daemon.request("GET", "/shopping").status == 404)
        let client = try RawHTTPClient(daemon.service.address)
        try client.send("GET /x HTTP/1.1\r\nHost: echo.example:80\r\n\r\n")
        #expect(try RunningDaemon.json(client.readResponse())["path"] as? String == "/x")
    }
}
