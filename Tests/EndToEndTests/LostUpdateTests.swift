import Daemon
import Foundation
import Synchronization
import TestSupport
import Testing

/// Changes by several at once: none is lost, and preconditions hold for all of them.
struct LostUpdateTests {
    private let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
        #expect(try daemon.deploy("hello", GuestModule.sample("echo")).status == 200)
    }

    private static let changes: [(method: String, path: String, body: String?)] = [
        ("PUT", "", nil),
        ("PATCH", "/config", #"{"concurrency":7}"#),
        ("PUT", "/config", #"{"concurrency":8}"#),
        ("PUT", "/secrets/KEY", "value"),
        ("DELETE", "/secrets/KEY", nil),
        ("PUT", "/aliases/stable", #"{"version":1}"#),
        ("DELETE", "/aliases/stable", nil),
        ("POST", "/rollback", nil),
        ("DELETE", "", nil),
    ]

    private func tag() throws -> String {
        try #require(try daemon.request("GET", "/v1/functions/hello")["etag"])
    }

    @Test func `every change honours If-Match and If-None-Match`() throws {
        for (method, path, body) in Self.changes {
            let bytes =
                try method == "PUT" && path.isEmpty
                ? GuestModule.sample("counter") : body.map { Array($0.utf8) }
            func send(_ fields: (String, String)...) throws -> Int {
                try daemon.request(
                    method,
                    "/v1/functions/hello\(path)",
                    fields: fields,
                    body: bytes
                )
                .status
            }
            let before = try tag()
            let stale = "\"\((Int(before.filter(\.isNumber)) ?? 0) - 1)\""
            #expect(try send(("If-Match", stale)) == 412, "\(method) \(path)")
            #expect(try send(("If-Match", "W/\(before)")) == 412, "\(method) \(path)")
            #expect(try send(("If-Match", "nonsense")) == 412, "\(method) \(path)")
            #expect(try send(("If-Match", "")) == 412, "\(method) \(path)")
            #expect(try send(("If-None-Match", "*")) == 412, "\(method) \(path)")
            #expect(
                try send(("If-None-Match", "*"), ("If-Match", before)) == 412,
                "\(method) \(path)"
            )
            #expect(try tag() == before, "\(method) \(path)")
            let list = "\(stale), \(before)"
            #expect((200..<300).contains(try send(("If-Match", list))), "\(method) \(path)")
        }
        #expect(try daemon.request("GET", "/v1/functions/hello").status == 404)
    }

    @Test func `of changes at the same time, none undoes another`() throws {
        let address = daemon.service.address
        let modules = try ["hello", "counter"].map { try GuestModule.sample($0) }
        let statuses = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 12) { index in
            let isDeploy = index % 4 == 3
            let patch = Array(#"{"env":{"K\#(index)":"1"}}"#.utf8)
            let response = try? RawHTTPClient(address, timeoutMilliseconds: 60_000).request(
                isDeploy ? "PUT" : "PATCH",
                "/v1/functions/hello" + (isDeploy ? "" : "/config"),
                body: isDeploy ? modules[index / 4 % 2] : patch
            )
            statuses.withLock { $0.append(response?.status ?? 0) }
        }
        let refused = statuses.withLock { $0.filter { $0 != 200 } }
        let config = try RunningDaemon.json(daemon.request("GET", "/v1/functions/hello/config"))
        let variables = config["env"] as? [String: String] ?? [:]
        // Who gave up after many tries was told so.
        #expect(refused.allSatisfy { $0 == 409 })
        #expect(variables.count + refused.count >= 9, "\(variables) \(refused)")
    }
}
