import Daemon
import Foundation
import TestSupport
import Testing
import WasmText

/// What is told of a function that failed: to its caller, in the record, and by the command line.
struct TrapReportTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func deploy(_ name: String, _ patch: String? = nil) throws {
        #expect(try daemon.deploy(name, GuestModule.sample(name)).status == 201)
        if let patch { #expect(try daemon.configure(name, patch).status == 200) }
    }

    private func record(_ response: RawHTTPClient.Response) throws -> [String: Any] {
        try daemon.record(of: response)
    }

    private func names(_ trap: [String: Any]?) -> [String] {
        let frames = trap?["backtrace"] as? [[String: Any]] ?? []
        return frames.map { $0["name"] as? String ?? "" }
    }

    @Test(arguments: [
        ("unreachable", "unreachable"), ("divide", "integer divide by zero"),
        ("overflow", "integer overflow"), ("bounds", "out of bounds memory access"),
        ("signature", "indirect call type mismatch"),
    ])
    func `the record of a trap has its kind, stack, log, fuel and memory`(
        kind: String,
        expected: String
    ) throws {
        try deploy("crash")
        let record = try record(daemon.request("GET", "/f/crash?kind=\(kind)"))
        #expect(record["outcome"] as? String == "trap")
        let trap = try #require(record["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == expected)
        #expect(trap["message"] as? String == expected)
        #expect(names(trap).prefix(3) == ["price_item", "total_order", "handle_request"])
        #expect(trap["depth"] as? Int == names(trap).count)
        #expect(trap["fuel"] as? Int == record["fuel"] as? Int)
        #expect((trap["fuel"] as? Int ?? 0) > 1_000)
        #expect(trap["memoryBytes"] as? Int == record["memoryPeakBytes"] as? Int)
        #expect((trap["memoryBytes"] as? Int ?? 0) >= 65_536)
        let lines = record["lines"] as? [[String: Any]]
        #expect(lines?.map { $0["text"] as? String } == ["about to fail: \(kind)"])
    }

    @Test func `a caller sees the stack only when the function's debug is on`() throws {
        try deploy("crash")
        let hidden = try RunningDaemon.json(daemon.request("GET", "/f/crash"))
        #expect(hidden["detail"] as? String == "the function trapped: unreachable")
        #expect(Set(hidden.keys).isDisjoint(with: ["trap", "log"]))
        #expect(try daemon.configure("crash", #"{"debug":true}"#).status == 200)
        let shown = try RunningDaemon.json(daemon.request("GET", "/f/crash"))
        let trap = shown["trap"] as? [String: Any]
        #expect(names(trap).first == "price_item")
        #expect((trap?["fuel"] as? Int ?? 0) > 0 && (trap?["memoryBytes"] as? Int ?? 0) > 0)
        #expect(shown["log"] as? [String] == ["about to fail: unreachable"])
    }

    @Test(arguments: [#"{"limits":{"timeoutMs":100}}"#, #"{"limits":{"fuel":1000000}}"#])
    func `a function that does not end has a stack too`(patch: String) throws {
        try deploy("spin", patch)
        let isTimeout = patch.contains("timeout")
        let record = try record(daemon.request("GET", "/f/spin"))
        #expect(record["outcome"] as? String == (isTimeout ? "timeout" : "fuel"))
        let trap = try #require(record["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == (isTimeout ? "interrupted" : "all fuel consumed"))
        #expect(names(trap).last == "_start")
        #expect((trap["fuel"] as? Int ?? 0) > 100_000)
    }

    @Test func `a function that sleeps too long has a stack`() throws {
        let text = """
            (module
              (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 24) "\\00\\00\\00\\00\\00\\00\\00\\7f")
              (data (i32.const 16) "\\01\\00\\00\\00")
              (func $doze (drop
                (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
              (func (export "_start") (call $doze)))
            """
        #expect(try daemon.deploy("doze", text: text).status == 201)
        #expect(try daemon.configure("doze", #"{"limits":{"timeoutMs":50}}"#).status == 200)
        let record = try record(daemon.request("GET", "/f/doze"))
        #expect(record["outcome"] as? String == "timeout")
        #expect(names(record["trap"] as? [String: Any]) == ["doze", "_start"])
    }

    @Test func `a function out of memory has a stack`() throws {
        try deploy("memhog", #"{"limits":{"memoryBytes":4194304}}"#)
        let record = try record(daemon.request("GET", "/f/memhog"))
        #expect(record["outcome"] as? String == "memory")
        let trap = try #require(record["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == "unreachable")
        #expect(names(trap).last == "_start")
        #expect((trap["memoryBytes"] as? Int ?? 0) > 1 << 20)
    }

    @Test func `an exit that is a failure has a stack, one that is none does not`() throws {
        try deploy("crash")
        let record = try record(daemon.request("GET", "/f/crash?kind=exit"))
        let trap = try #require(record["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == "exited")
        #expect(trap["message"] as? String == "exited with code 3")
        #expect(names(trap).contains("price_item"))
        try deploy("hello")
        #expect(try self.record(daemon.request("GET", "/f/hello"))["trap"] is NSNull)
    }

    @Test func `recursion is one entry, however deep`() throws {
        try deploy("recurse")
        let record = try record(daemon.request("GET", "/f/recurse"))
        let trap = try #require(record["trap"] as? [String: Any])
        #expect(trap["kind"] as? String == "call stack exhausted")
        let frames = trap["backtrace"] as? [[String: Any]] ?? []
        #expect(frames.count < 10)
        #expect((frames.first?["count"] as? Int ?? 0) > 1_000)
        let shown = frames.reduce(0) { $0 + ($1["count"] as? Int ?? 1) }
        #expect(shown == trap["depth"] as? Int)
        #expect(names(trap).last == "_start")
    }

    @Test func `a stack has lines of the source when the module has DWARF`() throws {
        // Version 4 of a line program: byte 2 of the code section's contents and on are line 10, column 7.
        let files = Array("src\0\0main.c\0".utf8) + [1, 0, 0, 0]
        let header: [UInt8] =
            [1, 1, 1, UInt8(bitPattern: -5), 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1] + files
        let program: [UInt8] = [0, 5, 2, 2, 0, 0, 0, 3, 9, 5, 7, 1, 2, 3, 0, 1, 1]
        let unit = [4, 0, UInt8(header.count), 0, 0, 0] + header + program
        let module =
            try TextModule.encode(
                #"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#
            )
            + ModuleEncoding.section(
                0,
                ModuleEncoding.name(".debug_line") + [UInt8(unit.count), 0, 0, 0] + unit
            )
        #expect(try daemon.deploy("lines", module).status == 201)
        let record = try record(daemon.request("GET", "/f/lines"))
        let trap = record["trap"] as? [String: Any]
        let frame = try #require((trap?["backtrace"] as? [[String: Any]])?.first)
        #expect(frame["file"] as? String == "src/main.c")
        #expect(frame["line"] as? Int == 10 && frame["column"] as? Int == 7)
    }

    // MARK: - The command line

    @Test func `the command line shows one invocation whole`() throws {
        try deploy("crash")
        let failed = try daemon.request("GET", "/f/crash?kind=divide")
        let id = try #require(try record(failed)["id"] as? String)
        let url = ["--url", "http://\(daemon.service.address)"]
        let text = try Program.run(["invocation", id] + url)
        #expect(text.exitCode == 0)
        let lines = text.output.split(separator: "\n").map(String.init)
        for expected in [
            "id        \(id)", "function  crash@1 (live)", "request   GET /f/crash",
            "outcome   trap 502", "trap: integer divide by zero", "log:",
        ] { #expect(lines.contains(expected), "\(expected)") }
        #expect(lines.contains { $0.hasPrefix("  0: price_item at byte 0x") })
        #expect(lines.contains { $0.hasSuffix("  stderr  about to fail: divide") })
        #expect(lines.contains { $0.hasPrefix("time      queue ") && $0.hasSuffix(" ms") })
        let json = try Program.run(["invocation", id, "--json"] + url)
        let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
        #expect((document as? [String: Any])?["id"] as? String == id)
        let none = try Program.run(["invocation", "nobody"] + url)
        #expect(none.exitCode == 1)
        #expect(none.errors.contains("there is no record of invocation 'nobody'"))
    }
}
