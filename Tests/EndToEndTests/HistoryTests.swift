import Daemon
import Foundation
import TestSupport
import Testing

/// Who changed what, and what became of versions that nothing refers to.
struct HistoryTests {
    private func history(
        _ daemon: RunningDaemon,
        _ query: String = ""
    ) throws -> [[String: Any]] {
        let target = "/v1/functions/hello/history\(query)"
        return try RunningDaemon.json(daemon.request("GET", target))["history"] as? [[String: Any]]
            ?? []
    }

    @Test func `every change is told of, with who, when, from and to`() throws {
        let daemon = try RunningDaemon()
        let base = "/v1/functions/hello"
        func send(_ method: String, _ path: String, _ body: [UInt8]?, id: String) throws {
            let fields = [("X-Request-Id", id)]
            let response = try daemon.request(method, base + path, fields: fields, body: body)
            #expect((200..<300).contains(response.status), "\(response.text)")
        }
        try send("PUT", "", GuestModule.sample("hello"), id: "r1")
        try send("PUT", "", GuestModule.sample("hello"), id: "nothing-new")
        try send("PUT", "", GuestModule.sample("echo"), id: "r2")
        try send("PATCH", "/config", Array(#"{"concurrency":3}"#.utf8), id: "r3")
        try send("PUT", "/secrets/KEY", Array("value".utf8), id: "r4")
        try send("DELETE", "/secrets/KEY", nil, id: "r5")
        let canary = #"{"version":1,"weights":{"2":0.25},"sticky":{"header":"X"}}"#
        try send("PUT", "/aliases/canary", Array(canary.utf8), id: "r6")
        try send("DELETE", "/aliases/canary", nil, id: "r7")
        try send("POST", "/rollback", nil, id: "r8")
        try send("DELETE", "", nil, id: "r9")
        try daemon.restart()
        let entries = Array(try history(daemon).reversed())
        #expect(
            entries.compactMap { $0["kind"] as? String } == [
                "deploy", "deploy", "configure", "secret-set", "secret-delete", "alias",
                "alias-delete", "rollback", "delete",
            ]
        )
        #expect(entries.compactMap { $0["requestId"] as? String } == (1...9).map { "r\($0)" })
        #expect(entries.allSatisfy { $0["by"] as? String == "dev" && $0["at"] is String })
        func end(_ index: Int, _ key: String) -> Int? {
            (entries[index][key] as? [String: Any])?["version"] as? Int
        }
        #expect(end(0, "from") == nil && end(0, "to") == 1)
        #expect(end(1, "from") == 1 && end(1, "to") == 2)
        #expect(entries[3]["secret"] as? String == "KEY" && entries[3]["version"] as? Int == 4)
        let target = try #require(entries[5]["to"] as? [String: Any])
        #expect(target["weights"] as? [String: Double] == ["2": 0.25])
        #expect(target["sticky"] as? [String: String] == ["header": "X"])
        #expect(end(6, "from") == 1 && end(6, "to") == nil)
        #expect(end(7, "from") == 5 && end(7, "to") == 4)
        #expect(end(8, "from") == 4 && end(8, "to") == nil)
        let newest = try RunningDaemon.json(daemon.request("GET", "\(base)/history?limit=2"))
        let cursor = try #require(newest["nextCursor"] as? String)
        let next = try history(daemon, "?limit=3&cursor=\(cursor)")
        #expect(next.compactMap { $0["requestId"] as? String } == ["r7", "r6", "r5"])
        #expect(try daemon.request("GET", "/v1/functions/none/history").status == 404)
    }

    private func versions(_ daemon: RunningDaemon) throws -> [Int] {
        let list = try RunningDaemon.json(
            daemon.request("GET", "/v1/functions/hello/versions?limit=100")
        )
        return (list["versions"] as? [[String: Any]] ?? []).compactMap { $0["version"] as? Int }
    }

    /// Waits until these versions are left, for twenty seconds at most.
    private func expectVersions(_ expected: [Int], _ daemon: RunningDaemon) throws {
        for _ in 0..<2_000 where try versions(daemon) != expected { usleep(10_000) }
        #expect(try versions(daemon) == expected)
    }

    @Test func `versions that nothing refers to are collected, with their modules`() throws {
        let daemon = try RunningDaemon(
            configuration: "{versions: {keepCount: 2, keepSeconds: 0, collectSeconds: 1}}"
        )
        func deploy(_ index: Int) throws {
            let module = try GuestModule.writing("Content-Type: text/plain\n\nversion \(index)")
            #expect((200...201).contains(try daemon.deploy("hello", module).status))
        }
        // In one go: the collector is not to come in between.
        try deploy(1)
        let pinned = try daemon.request(
            "PUT",
            "/v1/functions/hello/aliases/pinned",
            body: Array(#"{"version":1}"#.utf8)
        )
        #expect(pinned.status == 200)
        for index in 2...6 { try deploy(index) }
        // 1 has an alias, 5 is where a rollback goes, 6 is live, and 5 and 6 are the newest.
        try expectVersions([6, 5, 1], daemon)
        #expect(try daemon.request("GET", "/f/hello@3").status == 404)
        #expect(try daemon.request("GET", "/f/hello@pinned").text == "version 1")
        #expect(try daemon.request("POST", "/v1/functions/hello/rollback").status == 200)
        #expect(try daemon.request("GET", "/f/hello").text == "version 5")
        let collected = try history(daemon).filter { $0["kind"] as? String == "collect" }
        #expect(Set(collected.flatMap { $0["versions"] as? [Int] ?? [] }) == [2, 3, 4])
        #expect(collected.reduce(0) { $0 + ($1["modules"] as? Int ?? 0) } == 3)
        #expect(collected.allSatisfy { $0["by"] as? String == "roost" })
        try daemon.restart()
        #expect(try versions(daemon) == [6, 5, 1])
    }

    @Test func `a version is kept while a request uses it`() throws {
        let daemon = try RunningDaemon(
            configuration: "{versions: {keepCount: 1, keepSeconds: 0, collectSeconds: 1}}"
        )
        #expect(
            try daemon.deploy("hello", GuestModule.stepping("Content-Type: a/b\n\none", "two"))
                .status == 201
        )
        let client = try RawHTTPClient(daemon.service.address)
        try client.send("POST /f/hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        // Its answer begins: it runs.
        let begun = try client.readAvailable(milliseconds: 10_000, until: "one\r\n").bytes
        #expect(String(decoding: begun, as: UTF8.self).contains("one"))
        for name in ["echo", "counter", "hello"] {
            #expect(try daemon.deploy("hello", GuestModule.sample(name)).status == 200)
        }
        // 3 is where a rollback goes.
        try expectVersions([4, 3, 1], daemon)
        try client.send("1\r\nx\r\n0\r\n\r\n")
        let rest = try client.readAvailable(milliseconds: 10_000, until: "0\r\n\r\n").bytes
        #expect(String(decoding: rest, as: UTF8.self).contains("two"))
        try expectVersions([4, 3], daemon)
    }
}
