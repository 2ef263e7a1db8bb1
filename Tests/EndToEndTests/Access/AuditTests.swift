import Daemon
import Foundation
import TestSupport
import Testing

/// Every change of the control plane is on record, with who made it.
struct AuditTests {
    @Test func `each change leaves one entry with who, what and where from`() throws {
        let guarded = try GuardedDaemon()
        let ci = try guarded.makeToken("ci", ["deploy", "read"])
        func change(_ method: String, _ target: String, _ body: String? = nil) throws {
            let response = try guarded.request(
                method,
                target,
                token: ci,
                fields: [("X-Request-Id", "\(method)-\(target.split(separator: "/").count)")],
                body: body.map { Array($0.utf8) }
            )
            #expect((200..<300).contains(response.status), "\(response.text)")
        }
        let first = try guarded.deploy("hello", token: ci)
        let digest = try #require(try RunningDaemon.json(first)["digest"] as? String)
        try change("PATCH", "/v1/functions/hello/config", #"{"env":{"A":"B"}}"#)
        try change("PUT", "/v1/functions/hello/aliases/beta", #"{"version":1}"#)
        try change("DELETE", "/v1/functions/hello/aliases/beta")
        try change("POST", "/v1/functions/hello/rollback", "")
        try change("POST", "/v1/functions/hello/bench", #"{"count":1}"#)
        // Neither what only looks nor what fails is a change.
        #expect(try guarded.request("GET", "/v1/functions/hello", token: ci).status == 200)
        #expect(try guarded.configure("hello", #"{"none":1}"#, token: ci).status == 422)
        #expect(try guarded.deploy("hello", text: GuestModule.invalid, token: ci).status == 422)
        try change("DELETE", "/v1/functions/hello")
        let revoked = try guarded.request("DELETE", "/v1/tokens/ci", token: guarded.owner)
        #expect(revoked.status == 204)

        let entries = try guarded.list("/v1/audit", "entries").reversed() as [[String: Any]]
        #expect(
            entries.map { $0["action"] as? String } == [
                "token.create", "deploy", "configure", "alias.set", "alias.delete", "rollback",
                "bench", "delete", "token.revoke",
            ]
        )
        #expect(
            entries.map { $0["actor"] as? String }
                == ["admin"] + Array(repeating: "ci", count: 7) + ["admin"]
        )
        #expect(
            entries.map { $0["function"] as? String }
                == [nil] + Array(repeating: "hello", count: 7) + [nil]
        )
        #expect(
            entries.map { $0["version"] as? Int } == [nil, 1, 2, 1, nil, 1, nil, nil, nil]
        )
        #expect(
            entries.map { $0["digest"] as? String }
                == [nil, digest, digest, digest, nil, digest, nil, nil, nil]
        )
        #expect(entries.allSatisfy { $0["clientAddress"] as? String == "127.0.0.1" })
        #expect(entries[2]["requestId"] as? String == "PATCH-4")
        #expect((entries[3]["detail"] as? [String: Any])?["alias"] as? String == "beta")
        #expect((entries[2]["detail"] as? [String: Any])?["keys"] as? [String] == ["env"])
        #expect((entries[0]["detail"] as? [String: Any])?["token"] as? String == "ci")
        #expect(!"\(entries)".contains(ci))

        // Pages, and one function's.
        let page = try guarded.request("GET", "/v1/audit?limit=2", token: guarded.owner)
        let cursor = try #require(try RunningDaemon.json(page)["nextCursor"] as? String)
        let next = try guarded.list("/v1/audit?limit=2&cursor=\(cursor)", "entries")
        #expect(next.map { $0["action"] as? String } == ["bench", "rollback"])
        #expect(try guarded.list("/v1/audit?function=hello", "entries").count == 7)
        #expect(try guarded.list("/v1/audit?function=none", "entries").isEmpty)
        try guarded.daemon.restart()
        #expect(try guarded.list("/v1/audit", "entries").count == 9)
    }

    @Test func `an entry says what the change was about`() throws {
        let guarded = try GuardedDaemon()
        func change(_ method: String, _ target: String, _ body: [UInt8], text: Bool = false) throws
        {
            let type = text ? "text/wat" : "application/json"
            let response = try guarded.request(
                method,
                target,
                token: guarded.owner,
                fields: [("Content-Type", type)],
                body: method == "GET" || method == "HEAD" ? nil : body
            )
            #expect((200..<300).contains(response.status), "\(target): \(response.text)")
        }
        try guarded.deploy("hello")
        try change("PUT", "/v1/functions/hello/secrets/KEY", Array("hidden".utf8))
        let split = #"{"version":1,"weights":{"2":0.5},"sticky":{"cookie":"sid"}}"#
        try change("PUT", "/v1/functions/hello/aliases/live", Array(split.utf8))
        let interpreter = Array(ScriptFixtures.interpreter.utf8)
        try change("PUT", "/v1/runtimes/echo", interpreter, text: true)
        try change("DELETE", "/v1/runtimes/echo", [])
        try change("GET", "/v1/export?functions=hello&secrets=true", [])
        let file = try guarded.request("GET", "/v1/export", token: guarded.owner).body
        try change("POST", "/v1/import?existing=skip", file)
        // Nothing is exported by it.
        try change("HEAD", "/v1/export", [])

        let entries = try guarded.list("/v1/audit", "entries").reversed() as [[String: Any]]
        #expect(
            entries.map { $0["action"] as? String } == [
                "deploy", "secret.set", "alias.set", "runtime.put", "runtime.delete", "export",
                "export", "import",
            ]
        )
        let details = entries.map { $0["detail"] as? [String: Any] ?? [:] }
        #expect(details[1]["secret"] as? String == "KEY")
        #expect(details[2]["sticky"] as? [String: String] == ["cookie": "sid"])
        for entry in 3...4 {
            #expect(details[entry]["runtime"] as? String == "echo")
            #expect((entries[entry]["digest"] as? String)?.hasPrefix("sha256:") == true)
        }
        #expect(details[5]["names"] as? [String] == ["hello"])
        #expect(details[5]["secrets"] as? Bool == true)
        #expect(details[6]["secrets"] as? Bool == false)
        #expect(details[6]["functions"] as? Int == 1)
        #expect(details[7]["names"] as? [String] == ["hello"])
        #expect(details[7]["existing"] as? String == "skip")
        #expect(!"\(entries)".contains("hidden"))
    }

    @Test func `only so many entries are kept`() throws {
        let guarded = try GuardedDaemon(configuration: #"{"access":{"auditRecordsMax":3}}"#)
        try guarded.deploy("hello")
        for number in 1...5 {
            #expect(try guarded.configure("hello", #"{"env":{"N":"\#(number)"}}"#).status == 200)
        }
        let entries = try guarded.list("/v1/audit", "entries")
        #expect(entries.map { $0["version"] as? Int } == [6, 5, 4])
    }
}
