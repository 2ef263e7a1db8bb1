import Foundation
import Store
import TestSupport
import Testing

/// A daemon that finds its data folder damaged.
struct DamageTests {
    private let folder: ScratchFolder
    private var data: URL { URL(filePath: folder.file("data")) }
    private func path(_ name: String) -> URL { data.appending(path: name) }

    init() throws { folder = try ScratchFolder() }

    /// Leaves a folder with two functions, of two versions each.
    private func fill() throws {
        let daemon = try TestDaemon(data: data)
        for name in ["hello", "echo"] {
            #expect(
                try daemon.deploy(name, GuestModule.writing("Status: 200\n\nold \(name)")) == 201
            )
            #expect(try daemon.deploy(name, GuestModule.sample(name)) == 200)
        }
        daemon.stop()
    }

    /// Changes the stored rows while no daemon runs.
    private func run(_ sql: String, _ preparation: String = "SELECT 1") throws {
        let store = try DeploymentStore(
            folder: DataFolder(path: data.path(percentEncoded: false))
        )
        for sql in [preparation, sql] { _ = try store.file.executeOnWriter(sql) }
        store.close()
    }

    private func flipBit(of module: [UInt8]) throws {
        var file = try Data(contentsOf: path("control.db"))
        let place = try #require(file.range(of: Data(module.suffix(60))))
        file[place.lowerBound + 30] ^= 1
        try file.write(to: path("control.db"))
    }

    private func expectQuarantine(_ daemon: TestDaemon, _ target: String, _ reason: String) throws {
        let answer = try daemon.request("GET", target)
        #expect(answer.status == 503)
        let problem = try RunningDaemon.json(answer)
        #expect(problem["type"] as? String == "urn:roost:problem:quarantined")
        let detail = try #require(problem["detail"] as? String)
        #expect(detail.contains("quarantined") && detail.contains(reason), "\(detail)")
    }

    @Test func `an altered module costs its version only, and the same module mends it`() throws {
        try fill()
        let module = try GuestModule.sample("hello")
        try flipBit(of: module)
        let daemon = try TestDaemon(data: data)
        try expectQuarantine(daemon, "/f/hello", "deploy the same module again")
        try expectQuarantine(daemon, "/f/hello@2", "altered")
        #expect(try daemon.request("GET", "/f/hello@1").text == "old hello")
        #expect(try daemon.request("GET", "/f/echo").status == 200)
        #expect(try daemon.json("GET", "/readyz")["quarantinedVersions"] as? Int == 1)
        let health = try daemon.json("GET", "/v1/health")
        #expect(health["status"] as? String == "degraded")
        let quarantined = try #require(health["quarantined"] as? [[String: Any]])
        #expect(quarantined.map { $0["function"] as? String } == ["hello"])
        let list = try daemon.roost("list")
        #expect(list.errors.contains("hello version 2: quarantined"))
        // Neither its bytes nor a version made of it go anywhere.
        #expect(try daemon.request("GET", "/v1/functions/hello/versions/2/module").status == 503)
        let patch = Array(#"{"env":{"A":"B"}}"#.utf8)
        #expect(
            try daemon.request("PATCH", "/v1/functions/hello/config", body: patch).status == 503
        )
        #expect(try daemon.request("GET", "/v1/export").status == 503)

        #expect(try daemon.deploy("hello", module) == 200)
        #expect(try daemon.request("GET", "/f/hello").text.contains("Hello"))
        #expect(try daemon.json("GET", "/v1/health")["status"] as? String == "ok")
        #expect(try daemon.json("GET", "/readyz")["quarantinedVersions"] == nil)
        #expect(try daemon.json("GET", "/v1/functions/hello")["latestVersion"] as? Int == 2)
        daemon.stop()
    }

    @Test func `damage is found without a call, and named in the log`() throws {
        try fill()
        try flipBit(of: GuestModule.sample("hello"))
        let daemon = try TestDaemon(data: data)
        var tries = 0
        while try daemon.json("GET", "/v1/health")["status"] as? String == "ok" {
            tries += 1
            try #require(tries < 10_000)
        }
    }

    @Test func `modules and configurations that are gone quarantine their versions`() throws {
        try fill()
        let digest = ModuleDigest(of: try GuestModule.sample("hello")).description.dropFirst(7)
        try run("UPDATE version SET configuration = x'7b' WHERE function = 'echo' AND number = 2")
        try run("DELETE FROM module WHERE digest = '\(digest)'", "PRAGMA foreign_keys = OFF")

        let daemon = try TestDaemon(data: data)
        try expectQuarantine(daemon, "/f/echo", "configuration")
        try expectQuarantine(daemon, "/f/hello", "missing")
        #expect(try daemon.request("GET", "/f/echo@1").text == "old echo")
        let health = try daemon.json("GET", "/v1/health")
        #expect((health["quarantined"] as? [Any])?.count == 2)
        #expect((health["recovery"] as? [Any])?.count == 1)
        // Another version in the place of the unreadable one.
        #expect(try daemon.request("POST", "/v1/functions/echo/rollback").status == 200)
        #expect(try daemon.request("GET", "/f/echo").text == "old echo")
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 204)
        #expect((try daemon.json("GET", "/v1/health")["quarantined"] as? [Any])?.count == 1)
        daemon.stop()
    }

    @Test(arguments: ["missing", "empty", "text", "folder", "cut", "zeroed page"])
    func `the daemon starts without a sound control.db, and says so`(_ kind: String) throws {
        try fill()
        let file = path("control.db")
        var bytes = try Data(contentsOf: file)
        try FileManager.default.removeItem(at: file)
        switch kind {
        case "empty": try Data().write(to: file)
        case "text": try Data("# my functions\n".utf8).write(to: file)
        case "folder":
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        case "cut": try bytes.prefix(bytes.count / 2).write(to: file)
        case "zeroed page":
            bytes.replaceSubrange(4_096..<8_192, with: Data(count: 4_096))
            try bytes.write(to: file)
        default: break
        }
        let daemon = try TestDaemon(data: data)
        #expect(try daemon.request("GET", "/healthz").status == 200)
        let health = try daemon.json("GET", "/v1/health")
        #expect(health["status"] as? String == "degraded")
        #expect((health["recovery"] as? [String])?.isEmpty == false)
        #expect(try daemon.deploy("new", GuestModule.sample("hello")) == 201)
        #expect(try daemon.request("GET", "/f/new").status == 200)
        daemon.stop()
        let again = try TestDaemon(data: data)
        #expect(try again.json("GET", "/v1/health")["status"] as? String == "ok")
        #expect(try again.request("GET", "/f/new").status == 200)
        again.stop()
    }

    @Test(arguments: ["missing", "text", "folder", "cut"])
    func `a damaged log.db stops neither calls nor deployments`(_ kind: String) throws {
        try fill()
        let file = path("log.db")
        let bytes = try Data(contentsOf: file)
        try FileManager.default.removeItem(at: file)
        switch kind {
        case "text": try Data(repeating: 0x41, count: 9_000).write(to: file)
        case "folder":
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        case "cut": try bytes.prefix(bytes.count / 2).write(to: file)
        default: break
        }
        let daemon = try TestDaemon(data: data)
        for _ in 0..<3 { #expect(try daemon.request("GET", "/f/hello").status == 200) }
        #expect(try daemon.deploy("new", GuestModule.sample("echo")) == 201)
        daemon.stop()
    }

    @Test func `a folder of a later version of the program is left alone`() throws {
        try fill()
        try run("INSERT INTO grdb_migrations VALUES ('from the future')")
        let result = try Program.run([
            "serve", "--data", data.path(percentEncoded: false), "--listen", "127.0.0.1:0",
        ])
        #expect(result.exitCode == 1)
        #expect(result.errors.contains("later version of roost"))
    }

    @Test func `the functions of every earlier schema serve`() throws {
        let module = try GuestModule.writing("Status: 200\n\nfrom before")
        let digest = ModuleDigest(of: module).description.dropFirst(7)
        let octets = module.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let history = SchemaHistory.control
        let rows = [
            history.migrations[0]: """
            INSERT INTO function VALUES ('old', 1000, 2000, 1, 1, 0);
            INSERT INTO module VALUES ('\(digest)', \(module.count), x'\(octets)');
            INSERT INTO version VALUES ('old', 1, '\(digest)', 1500, 'wasi-command', CAST('{}' AS BLOB), NULL);
            INSERT INTO alias VALUES ('old', 'live', 1, '{}', 1700);
            """
        ]
        for count in 1...history.migrations.count {
            try? FileManager.default.removeItem(at: data)
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            let path = path("control.db").path(percentEncoded: false)
            try history.make(path, migrations: count, rows: rows)
            let daemon = try TestDaemon(data: data)
            #expect(try daemon.request("GET", "/f/old").text == "from before")
            #expect(try daemon.json("GET", "/v1/health")["status"] as? String == "ok")
            #expect(try daemon.deploy("old", GuestModule.sample("hello")) == 200)
            daemon.stop()
        }
    }

    // MARK: - The doctor

    private func doctor(_ arguments: String...) throws -> Program.Result {
        try Program.run(["doctor", "--data", data.path(percentEncoded: false)] + arguments)
    }

    @Test func `the doctor finds nothing wrong with a sound folder, in use or not`() throws {
        try fill()
        #expect(try doctor().exitCode == 0)
        let daemon = try TestDaemon(data: data)
        let result = try doctor("--json", "--mend")
        #expect(result.exitCode == 0)
        #expect(result.output.contains(#""inUse":true"#))
        #expect(result.output.contains("stop the daemon"))
        daemon.stop()
        #expect(try Program.run(["doctor", "--data", folder.file("nowhere")]).exitCode == 1)
    }

    @Test func `the doctor names damage, and how to mend it`() throws {
        try fill()
        try flipBit(of: GuestModule.sample("hello"))
        try run(
            "UPDATE version SET configuration = x'7b7d7d' WHERE function = 'echo' AND number = 1"
        )
        try run("UPDATE alias SET weights = 'x' WHERE function = 'echo'")
        let result = try doctor()
        #expect(result.exitCode == 1)
        for text in [
            "hello version 2: the module", "is altered", "deploy the same module again",
            "echo version 1: its configuration cannot be read", "echo@live",
        ] { #expect(result.output.contains(text), "\(text)") }

        var bytes = try Data(contentsOf: path("control.db"))
        bytes.replaceSubrange(4_096..<8_192, with: Data(count: 4_096))
        try bytes.write(to: path("control.db"))
        let worse = try doctor()
        #expect(worse.exitCode == 1)
        #expect(worse.output.contains("run 'roost doctor --mend'"))
        #expect(try doctor("--mend").output.contains("control.db was made anew"))
        let after = try doctor()
        #expect(after.output.contains("a damaged file that was put aside"))
    }

    @Test func `the doctor mends modes and remains`() throws {
        try fill()
        let set = { (mode: Int, name: String) in
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: path(name).path(percentEncoded: false)
            )
        }
        try set(0o755, "")
        try set(0o644, "token")
        try Data("x".utf8).write(to: path("tmp/left"))
        let found = try doctor()
        #expect(found.exitCode == 1)
        #expect(
            found.output.contains("its mode is 0755") && found.output.contains("its mode is 0644")
        )
        let mended = try doctor("--mend")
        #expect(mended.exitCode == 0)
        #expect(mended.output.split(separator: "\n").filter { $0.hasPrefix("mended: ") }.count == 3)
        #expect(try doctor().output.contains("is sound"))
    }
}
