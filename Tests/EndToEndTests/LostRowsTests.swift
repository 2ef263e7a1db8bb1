import Daemon
import Foundation
import Store
import TestSupport
import Testing

/// A daemon whose database has lost rows: what others tell of them is put back, and what nobody tells is named and does
/// not serve.
struct LostRowsTests {
    private let folder: ScratchFolder
    private var data: URL { URL(filePath: folder.file("data")) }

    init() throws { folder = try ScratchFolder() }

    /// Leaves a folder with a function of each kind.
    private func fill() throws {
        let daemon = try TestDaemon(data: data)
        func change(
            _ method: String,
            _ target: String,
            _ body: [UInt8],
            type: String = "application/json"
        ) throws {
            let fields = [("Content-Type", type)]
            let answer = try daemon.request(method, "/v1" + target, fields: fields, body: body)
            #expect((200..<300).contains(answer.status), "\(target): \(answer.text)")
        }
        let interpreter = Array(ScriptFixtures.interpreter.utf8)
        try change("PUT", "/runtimes/echo", interpreter, type: "text/wat")
        let script = Array("said ".utf8)
        try change("PUT", "/functions/script?runtime=echo", script, type: "text/plain")
        try change("PUT", "/functions/files", archive, type: "application/x-tar")
        try change("PUT", "/functions/shop", Array(GuestModule.environment.utf8), type: "text/wat")
        try change("PUT", "/functions/shop/secrets/KEY", Array("first".utf8))
        try change("PUT", "/functions/shop/secrets/KEY", Array("second".utf8))
        try change("PUT", "/functions/shop/secrets/OTHER", Array("other".utf8))
        for text in ["one", "two", "three"] {
            let module = try GuestModule.writing("Status: 200\n\n\(text)")
            try change("PUT", "/functions/many", module, type: "application/wasm")
        }
        let split = #"{"version":2,"weights":{"1":0.5},"sticky":{"header":"X-User"}}"#
        try change("PUT", "/functions/many/aliases/beta", Array(split.utf8))
        let module = try GuestModule.writing("Status: 200\n\nguarded")
        try change("PUT", "/functions/guarded", module, type: "application/wasm")
        let access = Array(#"{"access":"token"}"#.utf8)
        try change("PATCH", "/functions/guarded/config", access)
        try change("POST", "/tokens", Array(#"{"name":"ci","scopes":["read"]}"#.utf8))
        try change("POST", "/tokens", Array(#"{"name":"old","scopes":["read"]}"#.utf8))
        try change("DELETE", "/tokens/old", [])
        daemon.stop()
    }

    private var archive: [UInt8] {
        let text = GuestModule.counting
        return TarWriter.archive([("main.wat", Array(text.utf8)), ("a.txt", Array("a".utf8))])
    }

    /// Changes the stored rows while no daemon runs; answers the last statement's first value.
    @discardableResult
    private func run(_ changes: [String]) throws -> String? {
        let store = try DeploymentStore(folder: DataFolder(path: data.path(percentEncoded: false)))
        defer { store.close() }
        var value: String?
        for sql in ["PRAGMA foreign_keys = OFF"] + changes {
            value = try store.file.executeOnWriter(sql)
        }
        return value
    }

    /// Fills a folder, changes its rows, and starts a daemon.
    private func daemon(after changes: String...) throws -> TestDaemon {
        try fill()
        try run(changes)
        return try TestDaemon(data: data)
    }

    /// What the daemon says that it has done, which it does not have to do again.
    private func recovery(_ daemon: TestDaemon) throws -> String {
        let notes = try daemon.json("GET", "/v1/health")["recovery"] as? [String] ?? []
        return notes.joined(separator: "\n")
    }

    private func expectSound(_ daemon: TestDaemon, except broken: [String] = []) throws {
        let answers = [
            "/f/script": "said 1", "/f/files": "1", "/f/many": "three", "/f/many@1": "one",
        ]
        for (path, text) in answers where !broken.contains(path) {
            let answer = try daemon.request("GET", path).text
            #expect(answer == text, "\(path)")
        }
        if !broken.contains("/f/shop") {
            let variables = try daemon.request("GET", "/f/shop").text.split(separator: "\0")
            #expect(variables.contains("KEY=second") && variables.contains("OTHER=other"))
            let before = try daemon.request("GET", "/f/shop@2").text.split(separator: "\0")
            #expect(before.contains("KEY=first") && !before.contains("OTHER=other"))
        }
        if !broken.contains("/f/guarded") {
            #expect(try daemon.request("GET", "/f/guarded").status == 401)
        }
    }

    private func expectQuarantine(_ daemon: TestDaemon, _ path: String, _ reason: String) throws {
        let answer = try daemon.request("GET", path)
        #expect(answer.status == 503, "\(path)")
        #expect(
            answer.text.contains("quarantined") && answer.text.contains(reason),
            "\(answer.text)"
        )
    }

    // MARK: - What comes back

    @Test(
        arguments: [
            (["DELETE FROM function"], "functions had lost their own row: files, guarded, many"),
            (["DELETE FROM alias"], "aliases were lost, and are as history has them: files@live"),
            (["DELETE FROM bundle"], "bundles of files were lost"),
            (["DELETE FROM runtimeBuild"], "are as their digests have them: echo"),
            (
                ["DELETE FROM runtimeBuild", "DELETE FROM runtime"],
                "as the audit trail has them: echo"
            ),
            (["DELETE FROM versionSecret"], "KEY of shop, KEY of shop"),
        ]
    )
    func `what others tell of lost rows is put back`(
        changes: [String],
        note: String
    ) throws {
        let daemon = try daemon(
            after: changes[0],
            changes.count > 1 ? changes[1] : "SELECT 1"
        )
        let notes = try recovery(daemon)
        #expect(notes.contains(note), "\(notes)")
        try expectSound(daemon)
        let aliases = try daemon.json("GET", "/v1/functions/many")["aliases"] as? [[String: Any]]
        let beta = try #require(aliases?.first { $0["alias"] as? String == "beta" })
        #expect(beta["version"] as? Int == 2)
        #expect(beta["weights"] as? [String: Double] == ["1": 0.5])
        #expect(beta["sticky"] as? [String: String] == ["header": "X-User"])
        // A number that was given is not given again.
        let module = try GuestModule.sample("hello")
        #expect(try daemon.deploy("many", module) == 200)
        #expect(try daemon.json("GET", "/v1/functions/many")["latestVersion"] as? Int == 4)
        let added = try daemon.request(
            "PUT",
            "/v1/functions/script?runtime=echo",
            fields: [("Content-Type", "text/plain")],
            body: Array("more ".utf8)
        )
        #expect(added.status == 200, "\(added.text)")
        daemon.stop()
        let again = try TestDaemon(data: data)
        #expect(try recovery(again).isEmpty)
        again.stop()
    }

    @Test func `a page of aliases that is gone costs no function its traffic`() throws {
        try fill()
        let path = data.appending(path: "control.db")
        let page = try run(["SELECT rootpage FROM sqlite_schema WHERE name = 'alias'"])
        let start = (try #require(page.flatMap { Int($0) }) - 1) * 4_096
        var bytes = try Data(contentsOf: path)
        bytes.replaceSubrange(start..<start + 4_096, with: Data(count: 4_096))
        try bytes.write(to: path)
        let daemon = try TestDaemon(data: data)
        #expect(try recovery(daemon).contains("many@beta, many@live"))
        try expectSound(daemon)
        daemon.stop()
    }

    @Test func `the numbers of a deleted function do not come again`() throws {
        try fill()
        let first = try TestDaemon(data: data)
        #expect(try first.request("DELETE", "/v1/functions/many").status == 204)
        first.stop()
        try run(["DELETE FROM function"])
        let daemon = try TestDaemon(data: data)
        #expect(try daemon.request("GET", "/v1/functions/many").status == 404)
        #expect(try daemon.deploy("many", GuestModule.sample("hello")) == 201)
        #expect(try daemon.json("GET", "/v1/functions/many")["latestVersion"] as? Int == 4)
        daemon.stop()
    }

    // MARK: - What does not

    @Test
    func
        `a version that is lost serves nothing, and gives nobody its place without a configuration`()
        throws
    {
        let daemon = try daemon(
            after: "DELETE FROM version WHERE function = 'guarded' AND number = 2"
        )
        #expect(try recovery(daemon) == "versions were lost: guarded version 2")
        try expectQuarantine(daemon, "/f/guarded", "it was lost")
        try expectSound(daemon, except: ["/f/guarded"])
        let module = try GuestModule.writing("Status: 200\n\nguarded")
        // Who deployed only the module would have opened the function to everybody.
        let refused = try daemon.request(
            "PUT",
            "/v1/functions/guarded",
            fields: [("Content-Type", "application/wasm")],
            body: module
        )
        #expect(refused.status == 503)
        #expect(refused.text.contains("give a whole one with the module"), "\(refused.text)")
        let patch = Array(#"{"debug":true}"#.utf8)
        #expect(
            try daemon.request("PATCH", "/v1/functions/guarded/config", body: patch).status == 503
        )
        let archive = TarWriter.archive([
            ("main.wasm", module), ("roost.json", Array(#"{"access":"token"}"#.utf8)),
        ])
        let deployed = try daemon.request(
            "PUT",
            "/v1/functions/guarded",
            fields: [("Content-Type", "application/x-tar")],
            body: archive
        )
        #expect(deployed.status == 200, "\(deployed.text)")
        #expect(try daemon.request("GET", "/f/guarded").status == 401)
        // Past the one that is lost.
        #expect(try daemon.request("POST", "/v1/functions/guarded/rollback").status == 200)
        #expect(try daemon.request("GET", "/f/guarded").text == "guarded")
        daemon.stop()
    }

    @Test func `a version does not run without a secret that was lost`() throws {
        let daemon = try daemon(
            after: "DELETE FROM secret WHERE id = (SELECT max(id) FROM secret WHERE name = 'KEY')"
        )
        #expect(try recovery(daemon).contains("KEY of shop"))
        try expectSound(daemon, except: ["/f/shop"])
        #expect(try daemon.request("GET", "/f/shop").status == 503)
        let problems = try daemon.json("GET", "/v1/functions/shop")["problems"] as? [String]
        #expect(problems?.first?.contains("the value of secret 'KEY' was lost") == true)
        #expect(try daemon.request("POST", "/v1/secrets/rotate-key").status == 200)
        let value = Array("third".utf8)
        #expect(
            try daemon.request("PUT", "/v1/functions/shop/secrets/KEY", body: value).status == 200
        )
        let variables = try daemon.request("GET", "/f/shop").text.split(separator: "\0")
        #expect(variables.contains("KEY=third") && variables.contains("OTHER=other"))
        daemon.stop()
    }

    @Test func `a share of a version that is lost goes to the alias's own`() throws {
        let daemon = try daemon(
            after: "DELETE FROM version WHERE function = 'many' AND number = 1",
            "DELETE FROM module WHERE size = (SELECT max(size) FROM module)"
        )
        #expect(try recovery(daemon).contains("shares of versions that were lost"))
        for _ in 0..<20 { #expect(try daemon.request("GET", "/f/many@beta").text == "two") }
        daemon.stop()
    }

    @Test func `files that are lost are found without a call, and the same files mend them`() throws
    {
        let daemon = try daemon(after: "DELETE FROM file WHERE bytes = CAST('a' AS BLOB)")
        var tries = 0
        while try daemon.json("GET", "/v1/health")["status"] as? String == "ok" {
            tries += 1
            try #require(tries < 10_000)
        }
        try expectQuarantine(daemon, "/f/files", "deploy the same folder or script again")
        try expectSound(daemon, except: ["/f/files"])
        let mended = try daemon.request(
            "PUT",
            "/v1/functions/files",
            fields: [("Content-Type", "application/x-tar")],
            body: archive
        )
        #expect(mended.status == 200)
        #expect(try RunningDaemon.json(mended)["version"] as? Int == 1)
        try expectSound(daemon)
        #expect((try daemon.json("GET", "/v1/health")["quarantined"] as? [Any])?.isEmpty == true)
        daemon.stop()
    }

    @Test func `a runtime that is lost stops its scripts, and the same one starts them again`()
        throws
    {
        let daemon = try daemon(
            after: "DELETE FROM runtimeBuild",
            "DELETE FROM runtime",
            "DELETE FROM audit"
        )
        try expectQuarantine(daemon, "/f/script", "the runtime of its script was lost")
        try expectSound(daemon, except: ["/f/script"])
        let added = try daemon.request(
            "PUT",
            "/v1/runtimes/echo",
            fields: [("Content-Type", "text/wat")],
            body: Array(ScriptFixtures.interpreter.utf8)
        )
        #expect(added.status == 201, "\(added.text)")
        try expectSound(daemon)
        #expect((try daemon.json("GET", "/v1/health")["quarantined"] as? [Any])?.isEmpty == true)
        daemon.stop()
        let again = try TestDaemon(data: data)
        try expectSound(again)
        again.stop()
    }

    @Test func `the doctor tells that secrets cannot be opened`() throws {
        try fill()
        let key = data.appending(path: "secret-key")
        let path = data.path(percentEncoded: false)
        let whole = try Data(contentsOf: key)
        #expect(try Program.run(["doctor", "--data", path]).exitCode == 0)
        for (contents, text) in [
            (Data("junk\n".utf8), "holds no key"),
            (Data((String(repeating: "0", count: 64) + "\n").utf8), "seals secrets of shop"),
        ] {
            try contents.write(to: key)
            let result = try Program.run(["doctor", "--data", path])
            #expect(result.exitCode == 1)
            #expect(result.output.contains(text), "\(result.output)")
        }
        // It may be somewhere else.
        try FileManager.default.removeItem(at: key)
        let result = try Program.run(["doctor", "--data", path])
        #expect(result.exitCode == 0)
        #expect(result.output.contains("secrets.keyFile"), "\(result.output)")
        try whole.write(to: key)
    }

    @Test func `lost tokens are named, and the doctor says what the daemon would do`() throws {
        try fill()
        try run(["DELETE FROM token", "DELETE FROM function WHERE name = 'many'"])
        let path = data.path(percentEncoded: false)
        let doctor = try Program.run(["doctor", "--data", path])
        #expect(doctor.exitCode == 1)
        for text in ["tokens were lost: make them anew: ci\n", "lost their own row: many\n"] {
            #expect(doctor.output.contains(text), "\(doctor.output)")
        }
        let daemon = try TestDaemon(data: data)
        #expect(try recovery(daemon).contains("tokens were lost: make them anew: ci"))
        daemon.stop()
        #expect(try Program.run(["doctor", "--data", path]).exitCode == 0)
    }
}
