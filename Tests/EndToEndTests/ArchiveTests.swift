import Daemon
import Foundation
import Gzip
import TestSupport
import Testing

/// Functions with files: deployed as archives, read by the guest.
struct ArchiveTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    /// A command that answers with the file `data/text`, or with the number of the error that opening it gives.
    private static let reader = """
        (module
          (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 2)
          (data (i32.const 64) "data/text")
          (data (i32.const 128) "Status: 200\\n\\n")
          (func $put (param $at i32) (param $count i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $count))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
          (func (export "_start") (local $error i32)
            (call $put (i32.const 128) (i32.const 13))
            (local.set $error
              (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 9)
                (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))
            (if (local.get $error)
              (then
                (i32.store8 (i32.const 300)
                  (i32.add (i32.const 48) (i32.div_u (local.get $error) (i32.const 10))))
                (i32.store8 (i32.const 301)
                  (i32.add (i32.const 48) (i32.rem_u (local.get $error) (i32.const 10))))
                (call $put (i32.const 300) (i32.const 2))
                (return)))
            (i32.store (i32.const 0) (i32.const 1024))
            (i32.store (i32.const 4) (i32.const 60000))
            (drop (call $read (i32.load (i32.const 32)) (i32.const 0) (i32.const 1)
              (i32.const 16)))
            (call $put (i32.const 1024) (i32.load (i32.const 16)))))
        """

    private func deploy(_ name: String, text: String) throws -> RawHTTPClient.Response {
        try daemon.deploy(name, files: [("main.wat", Self.reader), ("data/text", text)])
    }

    @Test func `a function reads the files that came with it`() throws {
        let deployed = try deploy("files", text: "from a file")
        #expect(deployed.status == 201)
        #expect(try RunningDaemon.json(deployed)["filesDigest"] is String)
        #expect(try daemon.request("GET", "/f/files").text == "from a file")
        #expect(
            try RunningDaemon.json(deploy("files", text: "from a file"))["version"] as? Int == 1
        )
        #expect(try RunningDaemon.json(deploy("files", text: "another"))["version"] as? Int == 2)
        #expect(try daemon.request("GET", "/f/files").text == "another")
        #expect(try daemon.request("GET", "/f/files@1").text == "from a file")
        try daemon.restart()
        #expect(try daemon.request("GET", "/f/files").text == "another")
        #expect(try daemon.request("GET", "/f/files@1").text == "from a file")
        // A change of settings keeps the files.
        #expect(try daemon.configure("files", #"{"env": {"A": "1"}}"#).status == 200)
        #expect(try daemon.request("GET", "/f/files").text == "another")
    }

    @Test func `a function without files has no root`() throws {
        #expect(try daemon.deploy("bare", text: Self.reader).status == 201)
        // EBADF
        #expect(try daemon.request("GET", "/f/bare").text == "08")
        // ENOENT
        let other = try daemon.deploy("other", files: [("main.wat", Self.reader), ("x", "y")])
        #expect(other.status == 201)
        #expect(try daemon.request("GET", "/f/other").text == "44")
    }

    @Test func `an archive may be packed, and may not unpack to too much`() throws {
        let daemon = try RunningDaemon(configuration: "{control: {moduleBytesMax: 100000}}")
        func put(_ archive: [UInt8]) throws -> RawHTTPClient.Response {
            try daemon.request(
                "PUT",
                "/v1/functions/packed",
                fields: [("Content-Type", "application/x-tar"), ("Content-Encoding", "gzip")],
                body: try #require(GzipEncoder()).pack(archive, isLast: true)
            )
        }
        let good = TarWriter.archive([
            ("main.wat", Array(Self.reader.utf8)), ("data/text", Array("packed".utf8)),
        ])
        #expect(try put(good).status == 201)
        #expect(try daemon.request("GET", "/f/packed").text == "packed")
        let bomb = TarWriter.archive([("zeros", [UInt8](repeating: 0, count: 1_000_000))])
        let refused = try put(bomb)
        #expect(refused.status == 413)
        #expect(refused.text.contains("100000 bytes"))
    }

    @Test func `a refused archive names the member and its place`() throws {
        let refused = try daemon.deploy("f", files: [("a", "b"), ("../evil", "x")])
        #expect(refused.status == 422)
        let problem = try RunningDaemon.json(refused)
        #expect(problem["member"] as? String == "../evil")
        #expect(problem["offset"] as? Int == 1024)
        #expect(try daemon.request("GET", "/v1/functions/f").status == 404)
        #expect(try daemon.deploy("f", files: [("readme.txt", "x")]).status == 422)
        #expect(try daemon.deploy("f", files: [("a.wasm", "no module")]).status == 415)
    }

    @Test func `settings in the archive are the function's, and are checked`() throws {
        func deploy(_ settings: String) throws -> RawHTTPClient.Response {
            try daemon.deploy(
                "set",
                files: [("main.wat", Self.reader), ("data/text", "x"), ("roost.json", settings)]
            )
        }
        let deployed = try deploy(#"{module: "main.wat", limits: {timeoutMs: 1234}}"#)
        #expect(deployed.status == 201)
        let config = try RunningDaemon.json(daemon.request("GET", "/v1/functions/set/config"))
        #expect((config["limits"] as? [String: Any])?["timeoutMs"] as? Int == 1234)
        let wrong = try deploy(#"{limits: {timeoutMS: 1}}"#)
        #expect(wrong.status == 422)
        #expect(wrong.text.contains("limits.timeoutMS"))
        #expect(try deploy("{limits: ").status == 422)
        // Neither the module nor the settings are among the files.
        let files = try daemon.request("GET", "/v1/functions/set/versions/1/files")
        let list = try RunningDaemon.json(files)["files"] as? [[String: Any]]
        #expect(list?.map { $0["path"] as? String } == ["data/text"])
    }

    @Test func `a script comes with its files`() throws {
        #expect(
            try daemon.addRuntime("echo", Array(ScriptFixtures.interpreter.utf8)).status == 201
        )
        let deployed = try daemon.deploy(
            "f",
            files: [
                ("main.script", "a script "), ("lib/other", "x"),
                ("roost.json", #"{module: "main.script", runtime: "echo", env: {A: "1"}}"#),
            ]
        )
        #expect(deployed.status == 201)
        #expect(try daemon.request("GET", "/f/f").text == "a script 1")
    }

    @Test func `what was deployed is given back, and makes the same function again`() throws {
        #expect(try deploy("files", text: "from a file").status == 201)
        #expect(try daemon.configure("files", #"{"env": {"A": "1"}}"#).status == 200)
        let path = "/v1/functions/files/versions/2/module"
        let archive = try daemon.request("GET", path)
        #expect(archive["content-type"] == "application/x-tar")
        let tag = try #require(archive["etag"])
        let known = try daemon.request("GET", path, fields: [("If-None-Match", tag)])
        #expect(known.status == 304 && known.body.isEmpty)
        let put = [("Content-Type", "application/x-tar")]
        let again = try daemon.request(
            "PUT",
            "/v1/functions/again",
            fields: put,
            body: archive.body
        )
        #expect(again.status == 201)
        let (first, second) = (
            try RunningDaemon.json(daemon.request("GET", "/v1/functions/files/versions/2")),
            try RunningDaemon.json(again)
        )
        #expect(first["digest"] as? String == second["digest"] as? String)
        #expect(first["filesDigest"] as? String == second["filesDigest"] as? String)
        #expect(try daemon.request("GET", "/f/again").text == "from a file")
        let settings = try daemon.request("GET", "/v1/functions/again/config")
        #expect((try RunningDaemon.json(settings)["env"] as? [String: String]) == ["A": "1"])
        // Nothing has changed: no version is made.
        let same = try daemon.request("PUT", "/v1/functions/files", fields: put, body: archive.body)
        #expect(try RunningDaemon.json(same)["version"] as? Int == 2)
    }

    @Test func `what was deployed before kill -9 has its files afterwards`() throws {
        let data = FileManager.default.temporaryDirectory.appending(path: "roost-\(UUID())")
        let folder = FileManager.default.temporaryDirectory.appending(path: "roost-\(UUID())")
        defer {
            try? FileManager.default.removeItem(at: data)
            try? FileManager.default.removeItem(at: folder)
        }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "data/cache"),
            withIntermediateDirectories: true
        )
        let files = [
            "main.wat": Self.reader, "data/text": "from a folder", ".hidden": "secret",
            "notes.md": "not for the guest", "data/cache/x": "neither",
            ".roostignore": "# comment\n*.md\ncache/\n",
        ]
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path))
        }
        let path = folder.path(percentEncoded: false)
        let (first, url) = try Program.serve(data: data)
        let environment = ["ROOST_URL": url, "ROOST_DATA": data.path(percentEncoded: false)]
        let deployed = try Program.run(["deploy", "files", path], environment: environment)
        #expect(deployed.exitCode == 0, "\(deployed.errors)")
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        let (second, newURL) = try Program.serve(data: data)
        defer {
            second.terminate()
            second.waitUntilExit()
        }
        let again = environment.merging(["ROOST_URL": newURL]) { $1 }
        let called = try Program.run(["invoke", "files"], environment: again)
        #expect(called.output == "from a folder")
        let listed = try Program.run(
            ["runtime", "list", "--json"],
            environment: again
        )
        #expect(listed.exitCode == 0)
        #expect(listed.output.isEmpty)
    }
}
