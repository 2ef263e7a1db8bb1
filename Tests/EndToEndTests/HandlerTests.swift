import Daemon
import Foundation
import TestSupport
import Testing
import WasmText

/// Functions that are http-wasm handlers, alone and in front of others.
struct HandlerTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func deploy(_ name: String) throws {
        #expect(try daemon.deploy(name, GuestModule.sample(name)).status == 201)
    }

    /// A handler whose `handle_request` is some code, with a page of memory.
    private func deploy(handler code: String) throws {
        let text = """
            (module
              (import "http_handler" "get_uri" (func $get_uri (param i32 i32) (result i32)))
              (import "http_handler" "set_uri" (func $set_uri (param i32 i32)))
              (import "http_handler" "write_body" (func $write_body (param i32 i32 i32)))
              (import "http_handler" "read_body" (func $read_body (param i32 i32 i32) (result i64)))
              (import "http_handler" "set_status_code" (func $set_status_code (param i32)))
              (import "http_handler" "set_header_value"
                (func $set_header_value (param i32 i32 i32 i32 i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "bad name\\0d\\0a")
              (func (export "handle_request") (result i64) \(code))
              (func (export "handle_response") (param i32 i32)))
            """
        #expect(try daemon.deploy("made", TextModule.encode(text)).status == 201)
    }

    @Test func `a handler answers, and is told apart from a command`() throws {
        let deployed = try daemon.deploy("gate", GuestModule.sample("gate"))
        #expect(try RunningDaemon.json(deployed)["interface"] as? String == "http-wasm-handler")
        let response = try daemon.request("GET", "/f/gate")
        #expect(response.status == 200 && response.text == "Hello from a handler!\n")
        #expect(response["content-type"] == "text/plain; charset=utf-8")
        #expect(response["x-start"] == "pooled")
    }

    @Test func `a handler passes requests on to the next function, or does not`() throws {
        try deploy("gate")
        try deploy("echo")
        let patch = #"{"env":{"HTTP_WASM_CONFIG":"sesame"},"next":"echo"}"#
        #expect(try daemon.configure("gate", patch).status == 200)
        let refused = try daemon.request("GET", "/f/gate", fields: [("X-Request-Id", "r")])
        #expect(refused.status == 401)
        daemon.service.flushRecords()
        let record = try RunningDaemon.json(daemon.request("GET", "/v1/invocations/r"))
        let line = (record["lines"] as? [[String: Any]])?.first
        #expect(line?["text"] as? String == "warn: a request without the key")
        #expect(line?["stream"] as? String == "log")
        let passed = try daemon.request(
            "POST",
            "/f/gate/deep?x=1",
            fields: [("X-Key", "sesame"), ("Content-Type", "text/plain")],
            body: Array("body".utf8)
        )
        #expect(passed.status == 200 && passed.text == "body")
        #expect(passed["x-gate"] == "passed" && passed["x-echo-method"] == "POST")
        let described = try daemon.request("GET", "/f/gate/deep?x=1", fields: [("X-Key", "sesame")])
        let document = try RunningDaemon.json(described)
        #expect(document["path"] as? String == "/deep")
        #expect(document["query"] as? String == "x=1")
    }

    @Test func `the answer of a next function that streams is passed on whole`() throws {
        try deploy("gate")
        #expect(try daemon.deploy("large", GuestModule.large(pieces: 40)).status == 201)
        let patch = #"{"env":{"HTTP_WASM_CONFIG":"k"},"next":"large"}"#
        #expect(try daemon.configure("gate", patch).status == 200)
        let response = try daemon.request("GET", "/f/gate", fields: [("X-Key", "k")])
        #expect(response.status == 200 && response.body.count == 40 * 65_536)
    }

    @Test func `a next function that fails, is missing or comes back to itself is an answer`()
        throws
    {
        try deploy("gate")
        try deploy("crash")
        func answer(next: String) throws -> RawHTTPClient.Response {
            let patch = #"{"env":{"HTTP_WASM_CONFIG":"k"},"next":\#(next)}"#
            #expect(try daemon.configure("gate", patch).status == 200)
            return try daemon.request("GET", "/f/gate", fields: [("X-Key", "k")])
        }
        #expect(try answer(next: "\"crash\"").status == 502)
        #expect(try answer(next: "\"nobody\"").status == 404)
        #expect(try answer(next: "null").status == 404)
        let looped = try answer(next: "\"gate\"")
        #expect(looped.status == 508)
        #expect(looped["x-gate"] == "passed")
    }

    @Test(
        arguments: [
            (
                "(call $write_body (i32.const 1) (i32.const 65530) (i32.const 100)) i64.const 0",
                "outside"
            ),
            ("(call $write_body (i32.const 7) (i32.const 0) (i32.const 1)) i64.const 0", "no kind"),
            ("(call $set_status_code (i32.const 99)) i64.const 0", "99"),
            (
                """
                (call $set_header_value (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 3))
                i64.const 0
                """, "malformed"
            ),
            (
                "(drop (call $read_body (i32.const 1) (i32.const 0) (i32.const 1))) i64.const 0",
                "before"
            ),
            (
                "(drop (call $read_body (i32.const 0) (i32.const 0) (i32.const 0))) i64.const 0",
                "no room"
            ),
            ("(drop (call $get_uri (i32.const 65536) (i32.const 9))) i64.const 0", "outside"),
        ]
    )
    func `a call that the interface forbids stops the guest, and says why`(
        code: String,
        reason: String
    ) throws {
        try deploy(handler: code)
        let response = try daemon.request("GET", "/f/made")
        #expect(response.status == 502)
        #expect(response["x-function-error"] == "trap")
        #expect(response.text.contains(reason))
    }

    @Test func `what a handler makes of a request must be one`() throws {
        try deploy(handler: "(call $set_uri (i32.const 0) (i32.const 10)) i64.const 1")
        try deploy("echo")
        #expect(try daemon.configure("made", #"{"next":"echo"}"#).status == 200)
        let response = try daemon.request("GET", "/f/made")
        #expect(response.status == 502)
        #expect(response.text.contains("what the function made of the request is none"))
    }

    @Test func `a large answer goes out before the handler has ended`() throws {
        try deploy(
            handler: """
                (local $left i32)
                (local.set $left (i32.const 40))
                (loop $again
                  (call $write_body (i32.const 1) (i32.const 0) (i32.const 65536))
                  (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                  (br_if $again (local.get $left)))
                i64.const 0
                """
        )
        let response = try daemon.request("GET", "/f/made")
        #expect(response["transfer-encoding"] == "chunked")
        #expect(response.body.count == 40 * 65_536)
    }

    @Test func `a module that exports half of the interface is refused`() throws {
        let text = """
            (module (memory (export "memory") 1)
              (func (export "handle_request") (result i64) i64.const 0))
            """
        let response = try daemon.deploy("half", TextModule.encode(text))
        #expect(response.status == 422)
        #expect(response.text.contains("handle_response"))
    }
}
