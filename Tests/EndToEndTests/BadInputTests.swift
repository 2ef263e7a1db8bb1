import Daemon
import TestSupport
import Testing

/// What cannot work gets the status and the problem document of the contract, and the daemon goes
/// on serving.
struct BadInputTests {
    private let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        #expect(try daemon.deploy("hello", GuestModule.sample("hello")).status == 201)
    }

    private func expectProblem(
        _ response: RawHTTPClient.Response,
        _ status: Int,
        _ kind: String,
        error: String? = nil
    ) throws {
        #expect(response.status == status, "\(response.text)")
        #expect(response["content-type"] == "application/problem+json")
        let document = try RunningDaemon.json(response)
        #expect(document["type"] as? String == "urn:roost:problem:\(kind)")
        #expect(document["status"] as? Int == status)
        #expect(document["title"] as? String != nil)
        #expect(document["detail"] as? String != nil)
        #expect(document["requestId"] as? String != nil)
        #expect(response["x-function-error"] == error)
        try expectService()
    }

    private func expectService() throws {
        let response = try daemon.request("GET", "/f/hello")
        #expect(response.status == 200)
        #expect(response.text == "Hello from WebAssembly!\n")
    }

    @Test func `a truncated module is refused with the offset`() throws {
        let module = try GuestModule.sample("hello")
        let response = try daemon.deploy("bad", Array(module.prefix(module.count / 2)))
        try expectProblem(response, 422, "invalid-module")
        let document = try RunningDaemon.json(response)
        #expect(document["offset"] as? Int != nil)
        #expect(document["rule"] as? String == "malformed")
        #expect(try daemon.request("GET", "/v1/functions/bad").status == 404)
    }

    @Test func `an invalid module is refused with the rule`() throws {
        let response = try daemon.deploy("bad", text: GuestModule.invalid)
        try expectProblem(response, 422, "invalid-module")
        #expect(try RunningDaemon.json(response)["rule"] as? String == "invalid")
    }

    @Test func `a refusal names the function and the instruction`() throws {
        let text = "(module (func) (func $sum (result i64) (i64.add (i32.const 1) (i64.const 2))))"
        let response = try daemon.deploy("bad", text: text)
        try expectProblem(response, 422, "invalid-module")
        let document = try RunningDaemon.json(response)
        #expect(document["function"] as? Int == 1)
        #expect(document["functionName"] as? String == "sum")
        let detail = document["detail"] as? String
        #expect(detail?.contains("i64.add expects i64, found i32, at byte") == true)
        #expect(detail?.hasSuffix("in function 1 (sum)") == true)
    }

    @Test func `an initialiser that traps is refused, with its stack`() throws {
        let text = """
            (module
              (memory (export "memory") 1)
              (func $inner unreachable)
              (func (export "_initialize") (call $inner))
              (func (export "_start")))
            """
        let response = try daemon.deploy("bad", text: text)
        try expectProblem(response, 422, "initialisation-failed")
        let document = try RunningDaemon.json(response)
        #expect(document["function"] as? String == "_initialize")
        let trap = try #require(document["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == "unreachable")
        let frames = try #require(trap["backtrace"] as? [[String: Any]])
        #expect(frames.map { $0["name"] as? String } == ["inner", "_initialize"])
    }

    @Test func `an initialiser that waits is refused`() throws {
        let text = """
            (module
              (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              ;; A clock's subscription, ten seconds from now.
              (data (i32.const 16) "\\01\\00\\00\\00\\00\\00\\00\\00\\00\\e4\\0b\\54\\02")
              (func (export "_initialize")
                (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
              (func (export "_start")))
            """
        let response = try daemon.deploy("bad", text: text)
        try expectProblem(response, 422, "initialisation-failed")
        let detail = try RunningDaemon.json(response)["detail"] as? String
        #expect(detail?.hasSuffix("it waits, which initialisation must not") == true)
    }

    @Test func `what every instance would share is warned of`() throws {
        let text = """
            (module
              (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "clock_time_get"
                (func $clock (param i32 i64 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "_initialize")
                (drop (call $random (i32.const 0) (i32.const 8)))
                (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 8))))
              (func (export "_start")))
            """
        let response = try daemon.deploy("seeded", text: text)
        #expect(response.status == 201)
        let warnings = try RunningDaemon.json(response)["warnings"] as? [String]
        #expect(warnings?.count == 2)
        #expect(warnings?.first?.hasPrefix("random values were read") == true)
        // Without a snapshot each instance initialises itself.
        let patched = try daemon.configure("seeded", #"{"snapshot":false}"#)
        #expect((try RunningDaemon.json(patched)["warnings"] as? [String])?.isEmpty == true)
    }

    @Test func `a text that cannot be read is refused with the line and the column`() throws {
        let response = try daemon.deploy("bad", text: "(module\n  (func (i32.ad)))")
        try expectProblem(response, 422, "invalid-module")
        let document = try RunningDaemon.json(response)
        #expect(document["rule"] as? String == "malformed")
        #expect(document["line"] as? Int == 2)
        #expect(document["column"] as? Int == 10)
        #expect((document["detail"] as? String)?.contains("i32.ad") == true)
    }

    @Test func `a text over the limit is refused`() throws {
        let text = "(module)" + String(repeating: " ", count: 16 << 20)
        try expectProblem(try daemon.deploy("bad", text: text), 413, "too-large")
    }

    @Test func `an unknown import is refused by its name`() throws {
        let response = try daemon.deploy("bad", text: GuestModule.withUnknownImport)
        try expectProblem(response, 422, "unlinkable")
        let imports = try RunningDaemon.json(response)["imports"] as? [[String: Any]]
        #expect(imports?.count == 1)
        #expect(imports?.first?["module"] as? String == "env")
        #expect(imports?.first?["name"] as? String == "missing")
    }

    @Test(arguments: ["", "hello", "\u{0}asm", "<html>"])
    func `what is not WebAssembly is refused`(text: String) throws {
        let response = try daemon.deploy("bad", Array(text.utf8))
        let isPrefix = text.utf8.count == 4
        try expectProblem(
            response,
            isPrefix ? 422 : 415,
            isPrefix ? "invalid-module" : "not-wasm"
        )
    }

    @Test func `another media type is refused`() throws {
        let response = try daemon.request(
            "PUT",
            "/v1/functions/bad",
            fields: [("Content-Type", "image/png")],
            body: GuestModule.sample("hello")
        )
        try expectProblem(response, 415, "not-wasm")
    }

    @Test func `a module of 100 MB is refused before it is read`() throws {
        let client = try RawHTTPClient(daemon.service.address)
        try client.send(
            "PUT /v1/functions/bad HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"
                + "Content-Type: application/wasm\r\n\r\n"
        )
        try expectProblem(try client.readResponse(), 413, "too-large")
    }

    @Test(arguments: ["a%2Fb", "A", "-a", "a_b", "%2e%2e", "a%00b"])
    func `a name outside the rule is refused`(name: String) throws {
        let response = try daemon.deploy(name, GuestModule.sample("hello"))
        #expect([400, 404].contains(response.status))
        #expect(response["content-type"] == "application/problem+json")
        try expectService()
    }

    @Test func `a name with slashes is no place`() throws {
        let response = try daemon.deploy("a/b", GuestModule.sample("hello"))
        try expectProblem(response, 404, "not-found")
    }

    @Test func `a body over the function's limit is refused`() throws {
        #expect(try daemon.deploy("echo", GuestModule.sample("echo")).status == 201)
        #expect(try daemon.configure("echo", #"{"limits":{"requestBytes":10}}"#).status == 200)
        let fits = try daemon.request("POST", "/f/echo", body: [UInt8](repeating: 65, count: 10))
        #expect(fits.status == 200)
        let client = try RawHTTPClient(daemon.service.address)
        try client.send("POST /f/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        try expectProblem(try client.readResponse(), 413, "too-large")
    }

    @Test func `OPTIONS for the server as such says which methods there are`() throws {
        let client = try RawHTTPClient(daemon.service.address)
        try client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try client.readResponse()
        #expect(response.status == 204)
        #expect(response["allow"]?.contains("GET, HEAD") == true)
    }

    @Test func `a guest that never ends is stopped at its deadline`() throws {
        #expect(try daemon.deploy("spin", GuestModule.sample("spin")).status == 201)
        #expect(try daemon.configure("spin", #"{"limits":{"timeoutMs":50}}"#).status == 200)
        try expectProblem(try daemon.request("GET", "/f/spin"), 504, "timeout", error: "timeout")
    }

    @Test func `a guest that uses up its fuel is stopped`() throws {
        #expect(try daemon.deploy("spin", GuestModule.sample("spin")).status == 201)
        #expect(try daemon.configure("spin", #"{"limits":{"fuel":100000}}"#).status == 200)
        let response = try daemon.request("GET", "/f/spin")
        try expectProblem(response, 504, "fuel", error: "fuel")
        let fuel = try #require(response["x-fuel-used"].flatMap { Int($0) })
        #expect((99_000...100_000).contains(fuel))
    }

    @Test func `a guest that eats memory is told from one that crashes`() throws {
        #expect(try daemon.deploy("memhog", GuestModule.sample("memhog")).status == 201)
        let patch = #"{"limits":{"memoryBytes":4194304}}"#
        #expect(try daemon.configure("memhog", patch).status == 200)
        try expectProblem(try daemon.request("GET", "/f/memhog"), 502, "memory", error: "memory")
        #expect(try daemon.deploy("crash", GuestModule.sample("crash")).status == 201)
        try expectProblem(try daemon.request("GET", "/f/crash"), 502, "trap", error: "trap")
    }

    @Test func `a guest that recurses for ever traps`() throws {
        #expect(try daemon.deploy("recurse", GuestModule.sample("recurse")).status == 201)
        try expectProblem(try daemon.request("GET", "/f/recurse"), 502, "trap", error: "trap")
    }

    @Test(arguments: ["Content-Ty", "Content-Type: text/plain\n", "hello\n\n", ""])
    func `output that is not a response is the function's fault`(output: String) throws {
        #expect(try daemon.deploy("half", try GuestModule.writing(output)).status == 201)
        try expectProblem(
            try daemon.request("GET", "/f/half"),
            502,
            "bad-output",
            error: "bad-output"
        )
    }

    @Test func `output over the limit is the function's fault`() throws {
        let text = "Content-Type: text/plain\n\n0123456789"
        #expect(try daemon.deploy("large", try GuestModule.writing(text)).status == 201)
        let size = text.utf8.count
        _ = try daemon.configure("large", #"{"limits":{"outputBytes":\#(size)}}"#)
        #expect(try daemon.request("GET", "/f/large").text == "0123456789")
        _ = try daemon.configure("large", #"{"limits":{"outputBytes":\#(size - 1)}}"#)
        try expectProblem(
            try daemon.request("GET", "/f/large"),
            502,
            "bad-output",
            error: "bad-output"
        )
    }

    @Test func `a guest that exits with a code other than zero has failed`() throws {
        let module = try GuestModule.writing("Content-Type: text/plain\n\nhi", thenExit: 3)
        #expect(try daemon.deploy("exit", module).status == 201)
        let response = try daemon.request("GET", "/f/exit")
        try expectProblem(response, 502, "trap", error: "trap")
        #expect(response.text.contains("exited with code 3"))
    }

    @Test func `a function that is not there, and a version that is not, are not found`() throws {
        for target in [
            "/f/nobody", "/f/hello@2", "/f/hello@+1", "/f/hello@01", "/f/hello@beta", "/",
        ] {
            try expectProblem(try daemon.request("GET", target), 404, "not-found")
        }
    }

    @Test func `a body that only claims to be gzip is refused`() throws {
        let response = try daemon.request(
            "PUT",
            "/v1/functions/bad",
            fields: [("Content-Encoding", "gzip"), ("Content-Type", "application/wasm")],
            body: [0x1f, 0x8b, 0x08, 0, 0, 0]
        )
        try expectProblem(response, 400, "bad-request")
    }
}

/// The control plane shows nothing to whoever lacks the token.
struct TokenTests {
    @Test func `a missing or wrong token is refused, the right one is not`() throws {
        let daemon = try RunningDaemon(dev: false)
        let token = daemon.service.token
        for value in [nil, "Bearer", "Bearer wrong", "Basic \(token)", "Bearer \(token)x"] {
            let fields = value.map { [("Authorization", $0)] } ?? []
            let response = try daemon.request("GET", "/v1/functions", fields: fields)
            #expect(response.status == 401)
            #expect(response["www-authenticate"] == #"Bearer realm="roost""#)
            #expect(response["content-type"] == "application/problem+json")
        }
        let fields = [("Authorization", "Bearer \(token)")]
        #expect(try daemon.request("GET", "/v1/functions", fields: fields).status == 200)
        #expect(try daemon.request("GET", "/healthz").status == 200)
        #expect(try daemon.request("GET", "/readyz").status == 200)
        #expect(try daemon.request("GET", "/version").status == 200)
    }
}
