import Daemon
import Foundation
import TestSupport
import Testing

/// Functions that nobody calls leave memory, and come back when they are called.
struct DormancyTests {
    /// Gives functions up as soon as it looks at them.
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon(configuration: "{pool: {dormantAfterMs: 1}}") }

    private func total() throws -> [String: Any] {
        let report = try RunningDaemon.json(daemon.request("GET", "/v1/pool"))
        return report["total"] as? [String: Any] ?? [:]
    }

    /// Waits until so many functions are dormant, for ten seconds at most.
    private func awaitDormant(_ count: Int) throws {
        for _ in 0..<1_000 where try total()["dormantFunctions"] as? Int != count {
            usleep(10_000)
        }
        #expect(try total()["dormantFunctions"] as? Int == count)
    }

    @Test func `a function that nobody calls leaves memory, and answers when it is called`() throws
    {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        try awaitDormant(1)
        #expect(try total()["functions"] as? Int == 1)
        #expect(try total()["loadedVersions"] as? Int == 0)
        let response = try daemon.request("GET", "/f/hello")
        #expect(response.status == 200 && response["x-start"] == "compiled")
        #expect(try daemon.request("GET", "/f/other").status == 404)
        try awaitDormant(1)
        let version = try daemon.request("GET", "/f/hello@1/deep")
        #expect(version.status == 200 && version["x-function-version"] == "1")
    }

    @Test func `who wants instances at all times, or has routes, stays`() throws {
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.deploy("routed", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.deploy("warm", GuestModule.sample("hello")).status == 201)
        let patch = #"{"routes":[{"path":"/shop"}]}"#
        #expect(try daemon.configure("routed", patch).status == 200)
        #expect(try daemon.configure("warm", #"{"pool":{"min":2}}"#).status == 200)
        try awaitDormant(1)
        #expect(try daemon.request("GET", "/f/warm")["x-start"] == "pooled")
        try daemon.restart()
        #expect(try daemon.request("GET", "/shop/x").status == 200)
    }

    @Test func `a body, requests in a row and a deletion find the function as it is stored`() throws
    {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        try awaitDormant(1)
        let body = [UInt8](repeating: 7, count: 100_000)
        let echoed = try daemon.request("POST", "/f/echo", body: body)
        #expect(echoed.status == 200 && echoed.body == body)
        try awaitDormant(1)
        let client = try RawHTTPClient(daemon.service.address, timeoutMilliseconds: 30_000)
        let get = "GET /f/echo HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.send(Array((get + "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + get).utf8))
        #expect(try (0..<3).map { _ in try client.readResponse().status } == [200, 200, 200])
        try awaitDormant(1)
        #expect(try daemon.request("DELETE", "/v1/functions/echo").status == 204)
        #expect(try daemon.request("GET", "/f/echo").status == 404)
        #expect(try total()["functions"] as? Int == 0)
    }

    @Test func `a handler's next function, a later call and a measurement wake functions`() throws {
        #expect(try daemon.deploy("gate", GuestModule.sample("gate")).status == 201)
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        let patch = #"{"env":{"HTTP_WASM_CONFIG":"k"},"next":"echo"}"#
        #expect(try daemon.configure("gate", patch).status == 200)
        try awaitDormant(2)
        let passed = try daemon.request(
            "POST",
            "/f/gate",
            fields: [("X-Key", "k")],
            body: Array("body".utf8)
        )
        #expect(passed.status == 200 && passed.text == "body")
        try awaitDormant(2)
        let later = try daemon.request(
            "POST",
            "/f/echo",
            fields: [("Prefer", "respond-async"), ("X-Request-Id", "later")],
            body: Array("later".utf8)
        )
        #expect(later.status == 202)
        var result = try daemon.request("GET", "/v1/invocations/later/result")
        for _ in 0..<1_000 where result.status != 200 {
            usleep(10_000)
            result = try daemon.request("GET", "/v1/invocations/later/result")
        }
        #expect(result.text == "later")
        try awaitDormant(2)
        let bench = try daemon.request(
            "POST",
            "/v1/functions/echo/bench",
            body: Array(#"{"count":5}"#.utf8)
        )
        #expect(bench.status == 200)
    }

    @Test func `after a restart nothing is in memory until it is called`() throws {
        for index in 0..<20 {
            let deployed = try daemon.deploy("x\(index)", GuestModule.sample("hello"))
            #expect(deployed.status == 201)
        }
        try daemon.restart()
        #expect(try total()["dormantFunctions"] as? Int == 20)
        for index in 0..<20 {
            #expect(try daemon.request("GET", "/f/x\(index)").status == 200)
        }
        #expect(try daemon.request("GET", "/f/x20").status == 404)
        try awaitDormant(20)
    }
}
