import Daemon
import Foundation
import Linux
import TestSupport
import Testing

/// Calls that are accepted now and made later.
struct AsyncCallTests {
    private func daemon(_ limits: String = "") throws -> RunningDaemon {
        try RunningDaemon(configuration: "{asyncCalls:{retryMs:1,\(limits)}}")
    }

    private func submit(
        _ daemon: RunningDaemon,
        _ target: String,
        id: String,
        body: [UInt8]? = nil
    ) throws -> RawHTTPClient.Response {
        try daemon.request(
            body == nil ? "GET" : "POST",
            target,
            fields: [("Prefer", "respond-async, wait=10"), ("X-Request-Id", id)],
            body: body
        )
    }

    /// Asks until a call is in a state.
    private func call(
        _ daemon: RunningDaemon,
        _ id: String,
        until state: String
    ) throws -> [String: Any] {
        while true {
            daemon.service.flushRecords()
            let response = try daemon.request("GET", "/v1/invocations/\(id)")
            let document = try RunningDaemon.json(response)
            let async = try #require(document["async"] as? [String: Any])
            if async["state"] as? String == state { return document }
        }
    }

    @Test func `a call is accepted, made, and its result kept`() throws {
        let daemon = try daemon()
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let accepted = try submit(daemon, "/f/echo/a?b=c", id: "later-1", body: Array("hi".utf8))
        #expect(accepted.status == 202)
        #expect(accepted["location"] == "/v1/invocations/later-1")
        #expect(accepted["preference-applied"] == "respond-async")
        let document = try call(daemon, "later-1", until: "done")
        let async = try #require(document["async"] as? [String: Any])
        let result = try #require(async["result"] as? [String: Any])
        #expect(async["attempts"] as? Int == 1)
        #expect(result["status"] as? Int == 200 && result["body"] as? String == "hi")
        #expect((result["headers"] as? [String: String])?["x-echo-method"] == "POST")
        let raw = try daemon.request("GET", "/v1/invocations/later-1/result")
        #expect(raw.text == "hi" && raw["x-function-status"] == "200")
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/later-1"))
        #expect(record["trigger"] as? String == "async")
        #expect(record["outcome"] as? String == "ok")
    }

    @Test func `an answer that is streamed is taken as it comes, and kept up to the limit`() throws
    {
        let daemon = try daemon("resultBytesMax:100000")
        #expect(try daemon.deploy("large", GuestModule.large(pieces: 40)).status == 201)
        #expect(try submit(daemon, "/f/large", id: "large").status == 202)
        let async = try call(daemon, "large", until: "done")["async"] as? [String: Any]
        #expect((async?["result"] as? [String: Any])?["truncated"] as? Bool == true)
        let kept = try daemon.request("GET", "/v1/invocations/large/result")
        #expect(kept.body.count == 100_000 && kept["x-truncated"] == "true")
    }

    @Test func `a call that fails is made again, and dead at last, until somebody retries it`()
        throws
    {
        let daemon = try daemon("attemptsMax:3")
        #expect(try daemon.deploy("crash", GuestModule.sample("crash")).status == 201)
        #expect(try submit(daemon, "/f/crash", id: "doomed").status == 202)
        let async = try call(daemon, "doomed", until: "dead")["async"] as? [String: Any]
        #expect(async?["attempts"] as? Int == 3)
        #expect(async?["error"] as? String == "it was answered with 502 Bad Gateway")
        daemon.service.flushRecords()
        #expect(try daemon.request("GET", "/v1/invocations/doomed.3").status == 200)
        let list = try daemon.request("GET", "/v1/async-calls?state=dead&function=crash")
        #expect((try RunningDaemon.json(list)["asyncCalls"] as? [Any])?.count == 1)
        #expect(try daemon.deploy("crash", GuestModule.sample("hello")).status == 200)
        #expect(try daemon.request("POST", "/v1/async-calls/doomed/retry").status == 200)
        _ = try call(daemon, "doomed", until: "done")
        #expect(try daemon.request("DELETE", "/v1/async-calls/doomed").status == 204)
        #expect(try daemon.request("DELETE", "/v1/async-calls/doomed").status == 404)
    }

    @Test func `what waits when the daemon stops is made after it starts again`() throws {
        let daemon = try daemon("concurrency:1")
        #expect(try daemon.deploy("spin", GuestModule.sample("spin")).status == 201)
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.configure("spin", #"{"limits":{"timeoutMs":200}}"#).status == 200)
        #expect(try submit(daemon, "/f/spin", id: "first").status == 202)
        for number in 0..<5 {
            #expect(try submit(daemon, "/f/hello", id: "next-\(number)").status == 202)
        }
        try daemon.restart()
        for number in 0..<5 { _ = try call(daemon, "next-\(number)", until: "done") }
    }

    @Test func `what was accepted is made, though the daemon was killed before`() throws {
        let scratch = try ScratchFolder()
        let settings = scratch.file("roost.json")
        try Data("{asyncCalls:{concurrency:1}}".utf8).write(to: URL(filePath: settings))
        let data = URL(filePath: scratch.file("data"))
        func serve() throws -> (process: Process, address: SocketAddress) {
            let (process, url) = try Program.serve(
                data: data,
                arguments: ["--dev", "--config", settings]
            )
            let port = try #require(URL(string: url)?.port.flatMap { UInt16(exactly: $0) })
            return (process, try #require(SocketAddress(host: "127.0.0.1", port: port)))
        }
        let (first, address) = try serve()
        for name in ["spin", "hello"] {
            let deployed = try RawHTTPClient(address).request(
                "PUT",
                "/v1/functions/\(name)",
                fields: [("Content-Type", "application/wasm")],
                body: GuestModule.sample(name)
            )
            #expect(deployed.status == 201)
        }
        let configured = try RawHTTPClient(address).request(
            "PATCH",
            "/v1/functions/spin/config",
            fields: [("Content-Type", "application/merge-patch+json")],
            body: Array(#"{"limits":{"timeoutMs":2000}}"#.utf8)
        )
        #expect(configured.status == 200)
        // One that takes two seconds keeps all others waiting.
        for (id, name) in [("long", "spin")] + (0..<20).map({ ("call-\($0)", "hello") }) {
            let accepted = try RawHTTPClient(address).request(
                "GET",
                "/f/\(name)",
                fields: [("Prefer", "respond-async"), ("X-Request-Id", id)]
            )
            #expect(accepted.status == 202)
        }
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        let (second, again) = try serve()
        defer {
            kill(second.processIdentifier, SIGKILL)
            second.waitUntilExit()
        }
        for number in 0..<20 {
            while true {
                let response = try RawHTTPClient(again).request(
                    "GET",
                    "/v1/invocations/call-\(number)"
                )
                let document = try RunningDaemon.json(response)
                let async = try #require(document["async"] as? [String: Any])
                if async["state"] as? String == "done" {
                    #expect(async["attempts"] as? Int == 1)
                    break
                }
                #expect(async["state"] as? String == "waiting")
            }
        }
    }

    @Test func `what cannot be accepted is refused`() throws {
        let daemon = try daemon("waitingMax:0,requestBytesMax:4")
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try submit(daemon, "/f/hello", id: "x").status == 503)
        let metrics = try daemon.request("GET", "/metrics").text
        #expect(metrics.contains("roost_limit_hits_total{limit=\"async_waiting\"} 1\n"))
        #expect(try submit(daemon, "/f/nobody", id: "x").status == 404)
        #expect(try submit(daemon, "/f/hello", id: "x", body: [1, 2, 3, 4, 5]).status == 413)
        #expect(try daemon.request("GET", "/v1/invocations/x").status == 404)
        #expect(try daemon.request("GET", "/v1/invocations/x/result").status == 404)
        #expect(try daemon.request("GET", "/v1/async-calls?state=lost").status == 400)
    }
}
