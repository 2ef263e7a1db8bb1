import Daemon
import Foundation
import TestSupport
import Testing

/// Runtimes and their scripts, on an interpreter that is small enough to be here.
struct RuntimeTests {
    private let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        let added = try daemon.addRuntime("echo", Array(ScriptFixtures.interpreter.utf8))
        #expect(added.status == 201)
    }

    private func deploy(_ name: String, _ script: String) throws -> RawHTTPClient.Response {
        try daemon.deploy(name, script: script, query: "?runtime=echo")
    }

    @Test func `scripts of one runtime are functions of their own`() throws {
        let one = try deploy("one", "first ")
        #expect(one.status == 201)
        let version = try RunningDaemon.json(one)
        #expect(version["interface"] as? String == "script")
        #expect(version["script"] as? String == "main.script")
        #expect((version["runtime"] as? [String: Any])?["name"] as? String == "echo")
        #expect(try deploy("two", "second ").status == 201)
        // Each request starts from the state of the deploy: the count never goes beyond 1.
        for _ in 0..<3 {
            let answer = try daemon.request("GET", "/f/one")
            #expect(answer.status == 200)
            #expect(answer.text == "first 1")
            #expect(answer["content-type"] == "text/plain")
            #expect(answer["x-start"] != "compiled")
            #expect(try daemon.request("GET", "/f/two").text == "second 1")
        }
        #expect(try daemon.request("POST", "/f/one", body: [1, 2, 3]).text == "first 1")
    }

    @Test func `an export takes scripts along, with what runs them, and an import checks both`()
        throws
    {
        #expect(try deploy("one", "first ").status == 201)
        let file = try daemon.request("GET", "/v1/export").body
        let other = try RunningDaemon()
        var bytes = file
        let place = try #require(bytes.firstRange(of: Array("first ".utf8)))
        bytes.replaceSubrange(place, with: Array("worst ".utf8))
        let refused = try other.request("POST", "/v1/import", body: bytes)
        #expect(refused.status == 422 && refused.text.contains("main.script"))
        #expect(try other.request("POST", "/v1/import", body: file).status == 200)
        #expect(try other.request("GET", "/f/one").text == "first 1")
        try other.restart()
        #expect(try other.request("GET", "/f/one").text == "first 1")
    }

    @Test func `the same script again changes nothing, another is a version`() throws {
        #expect(try deploy("one", "first ").status == 201)
        #expect(try RunningDaemon.json(deploy("one", "first "))["version"] as? Int == 1)
        #expect(try RunningDaemon.json(deploy("one", "other "))["version"] as? Int == 2)
        #expect(try daemon.request("GET", "/f/one").text == "other 1")
        #expect(try daemon.request("GET", "/f/one@1").text == "first 1")
        let module = try daemon.request("GET", "/v1/functions/one/versions/1/files")
        let files = try RunningDaemon.json(module)["files"] as? [[String: Any]]
        #expect(files?.first?["path"] as? String == "main.script")
        #expect(files?.first?["sizeBytes"] as? Int == 6)
    }

    @Test func `what is deployed for a runtime is a script, whatever its name`() throws {
        let environment = [
            "ROOST_URL": "http://\(daemon.service.address)",
            "ROOST_DATA": daemon.folder.path(percentEncoded: false),
        ]
        let deployed = try Program.run(
            ["deploy", "piped", "-", "--runtime", "echo"],
            input: "from a pipe ",
            environment: environment
        )
        #expect(deployed.exitCode == 0, "\(deployed.errors)")
        #expect(try daemon.request("GET", "/f/piped").text == "from a pipe 1")
        let refused = try Program.run(
            ["deploy", "piped", "-"],
            input: "x",
            environment: environment
        )
        #expect(refused.exitCode == 1 && refused.errors.contains("\\0asm"))
    }

    @Test func `a script is given back as it was deployed, with its files in an archive`() throws {
        #expect(try deploy("one", "first ").status == 201)
        let script = try daemon.request("GET", "/v1/functions/one/versions/1/module")
        #expect(script.status == 200 && script.text == "first ")
        #expect(script["content-type"] == "text/plain")
        let files = [
            ("roost.json", #"{"runtime": "echo", "module": "main.script", "env": {"A": "1"}}"#),
            ("main.script", "second "), ("data/text", "of the script"),
        ]
        #expect(try daemon.deploy("two", files: files).status == 201)
        let archive = try daemon.request("GET", "/v1/functions/two/versions/1/module")
        #expect(archive["content-type"] == "application/x-tar")
        let again = try daemon.request(
            "PUT",
            "/v1/functions/two",
            fields: [("Content-Type", "application/x-tar")],
            body: archive.body
        )
        #expect(try RunningDaemon.json(again)["version"] as? Int == 1)
    }

    @Test func `a runtime that is not there is told from one that is spelled otherwise`() throws {
        let near = try daemon.deploy("one", script: "x", query: "?runtime=ecko")
        #expect(near.status == 422)
        #expect(near.text.contains("there is no runtime 'ecko', did you mean 'echo'?"))
        let problem = try RunningDaemon.json(near)
        #expect(problem["runtimes"] as? [String] == ["echo"])
        let missing = try daemon.deploy("one", script: "x", type: "text/x-python")
        #expect(
            missing.text.contains(
                "add it with 'scripts/runtimes python', or 'roost runtime add python"
            )
        )
    }

    @Test(arguments: [
        ("cpython", "python"), ("micropython-2", "python"), ("quickjs", "javascript"),
    ])
    func `the language of a runtime is told from its name`(name: String, language: String) throws {
        // It gets the adapter as an argument, and speaks the protocol all the same.
        let added = try daemon.addRuntime(name, Array(ScriptFixtures.interpreter.utf8))
        #expect(try RunningDaemon.json(added)["language"] as? String == language)
    }

    @Test func `a script that does not load is refused with its line`() throws {
        let refused = try deploy("bad", "!/main.script:7:3: SyntaxError: no such word")
        #expect(refused.status == 422)
        let problem = try RunningDaemon.json(refused)
        #expect(problem["line"] as? Int == 7)
        #expect(problem["column"] as? Int == 3)
        #expect(problem["file"] as? String == "/main.script")
        #expect(problem["message"] as? String == "SyntaxError: no such word")
        #expect(try daemon.request("GET", "/f/bad").status == 404)
    }

    @Test func `a script that fails says where in its record`() throws {
        #expect(try deploy("fails", "?/main.script:2: Error: broken").status == 201)
        let answer = try daemon.request("GET", "/f/fails", fields: [("X-Request-Id", "mine")])
        #expect(answer.status == 502)
        #expect(answer["x-function-error"] == "trap")
        #expect(answer.text.contains("/main.script:2: Error: broken"))
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/mine"))
        #expect(record["outcome"] as? String == "trap")
        let error = try #require(record["error"] as? String)
        #expect(error.contains("/main.script:2: Error: broken"))
    }

    @Test func `scripts and runtimes are there after a restart`() throws {
        #expect(try deploy("one", "first ").status == 201)
        try daemon.restart()
        let answer = try daemon.request("GET", "/f/one")
        #expect(answer.text == "first 1")
        #expect(answer["x-start"] == "compiled")
        #expect(try daemon.request("GET", "/f/one")["x-start"] != "compiled")
        let listed = try RunningDaemon.json(daemon.request("GET", "/v1/runtimes"))
        let runtimes = try #require(listed["runtimes"] as? [[String: Any]])
        #expect(runtimes.map { $0["name"] as? String } == ["echo"])
        #expect(runtimes[0]["functions"] as? Int == 1)
    }

    @Test func `a runtime goes only when no function uses it`() throws {
        #expect(try deploy("one", "first ").status == 201)
        let refused = try daemon.request("DELETE", "/v1/runtimes/echo")
        #expect(refused.status == 409)
        #expect(refused.text.contains("used by 1 function: one"))
        #expect(try daemon.request("DELETE", "/v1/functions/one").status == 204)
        #expect(try daemon.request("DELETE", "/v1/runtimes/echo").status == 204)
        #expect(try daemon.request("DELETE", "/v1/runtimes/echo").status == 404)
        #expect(try daemon.request("GET", "/v1/runtimes/echo").status == 404)
    }

    @Test func `another build is for new versions, and the old ones keep theirs`() throws {
        #expect(try deploy("one", "first ").status == 201)
        let shout = ScriptFixtures.interpreter.replacing(
            "(i32.const 200) \"0\"",
            with: "(i32.const 200) \"5\""
        )
        #expect(try daemon.addRuntime("echo", Array(shout.utf8)).status == 200)
        #expect(try daemon.request("GET", "/f/one").text == "first 1")
        #expect(try RunningDaemon.json(deploy("one", "first "))["version"] as? Int == 2)
        #expect(try daemon.request("GET", "/f/one").text == "first 6")
        #expect(try daemon.request("GET", "/f/one@1").text == "first 1")
    }

    @Test func `what is no runtime, or names none, is refused`() throws {
        let module = try GuestModule.sample("hello")
        let ended = try daemon.addRuntime("hello", module)
        #expect(ended.status == 422)
        #expect(ended.text.contains("before it asked for more input"))
        #expect(try daemon.addRuntime("Bad_Name", module).status == 400)
        #expect(try daemon.addRuntime("x", module, query: "?language=cobol").status == 400)
        let unknown = try daemon.deploy("f", script: "x", type: "text/javascript")
        #expect(unknown.status == 422)
        #expect(unknown.text.contains("roost runtime add javascript"))
        #expect(try daemon.deploy("f", script: "x", type: "text/cobol").status == 415)
        #expect(try deploy("f", "").status == 422)
        let binary = try daemon.request(
            "PUT",
            "/v1/functions/f?runtime=echo",
            fields: [("Content-Type", "text/plain")],
            body: [0x61, 0x62, 0xff, 0x63]
        )
        #expect(binary.status == 422)
        #expect(binary.text.contains("not UTF-8 at byte 2"))
    }

    @Test func `a script cannot ask for reuse, nor to go without a snapshot`() throws {
        #expect(try deploy("one", "first ").status == 201)
        #expect(try daemon.configure("one", #"{"reuse": 2}"#).status == 422)
        #expect(try daemon.configure("one", #"{"snapshot": false}"#).status == 422)
        #expect(try daemon.configure("one", #"{"limits": {"memoryBytes": 65536}}"#).status == 422)
        #expect(try daemon.configure("one", #"{"env": {"A": "1"}}"#).status == 200)
        #expect(try daemon.request("GET", "/f/one").text == "first 1")
    }
}
