import Daemon
import Foundation
import TestSupport
import Testing

/// What has happened to calls, asked for over HTTP.
struct RecordsTests {
    private let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    /// A daemon with a function that logs, called with status 200, and one that traps.
    private func callAll() throws {
        #expect(try daemon.deploy("logger", text: Self.logging("payment accepted")).status == 201)
        #expect(
            try daemon.deploy("broken", text: Self.trapping)
                .status == 201
        )
        for _ in 0..<3 { #expect(try daemon.request("GET", "/f/logger/x").status == 200) }
        #expect(try daemon.request("POST", "/f/broken/y").status == 502)
        daemon.service.flushRecords()
    }

    private static let trapping = """
        (module (memory (export "memory") 1) (func (export "_start") unreachable))
        """

    /// A command that writes a line to standard error and an empty answer.
    private static func logging(_ line: String) -> String {
        let count = String(line.utf8.count + 1, radix: 16)
        let length = count.count == 1 ? "0\(count)" : count
        return """
            (module
              (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "\\20\\00\\00\\00\\\(length)\\00\\00\\00")
              (data (i32.const 8) "\\80\\00\\00\\00\\1a\\00\\00\\00")
              (data (i32.const 32) "\(line)\\n")
              (data (i32.const 128) "Content-Type: text/plain\\n\\n")
              (func (export "_start")
                (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 24)))
                (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 24)))))
            """
    }

    private func list(_ query: String) throws -> Int {
        let response = try daemon.request("GET", "/v1/invocations?\(query)")
        #expect(response.status == 200)
        return (try RunningDaemon.json(response)["invocations"] as? [Any])?.count ?? -1
    }

    private func query(
        _ body: String,
        type: String = "application/sql",
        accept: String? = nil
    ) throws -> RawHTTPClient.Response {
        var fields = [("Content-Type", type)]
        if let accept { fields.append(("Accept", accept)) }
        return try daemon.request("POST", "/v1/query", fields: fields, body: Array(body.utf8))
    }

    @Test func `records are found by every filter`() throws {
        try callAll()
        let rows: [(String, Int)] = [
            ("", 4), ("function=logger", 3), ("outcome=trap", 1), ("status=200", 3),
            ("version=2", 0), ("start=pooled&status=502", 1), ("minMs=60000", 0), ("minMs=0", 4),
            ("since=2020-01-01T00:00:00Z", 4), ("until=2020-01-01T00:00:00Z", 0),
            ("q=payment", 3), ("q=unreachable", 1), ("q=payment%20NOT%20accepted", 0),
            ("q=%22payment%20accepted%22&function=logger&status=200&version=1&outcome=ok", 3),
        ]
        for (filter, count) in rows { #expect(try list(filter) == count, "\(filter)") }
    }

    @Test func `a malformed search is the caller's mistake`() throws {
        let response = try daemon.request("GET", "/v1/invocations?q=%22open")
        #expect(response.status == 400)
        let detail = try RunningDaemon.json(response)["detail"] as? String
        #expect(detail?.contains("unterminated string") == true)
    }

    @Test func `a query is answered in each format`() throws {
        try callAll()
        let sql = "SELECT function, count(*) AS n FROM invocations GROUP BY 1 ORDER BY 1"
        let json = try RunningDaemon.json(try query(sql))
        #expect(json["truncated"] as? Bool == false)
        #expect(json["elapsedMs"] is Double)
        let rows = try #require(json["rows"] as? [[Any]])
        #expect(rows.map { $0[0] as? String } == ["broken", "logger"])
        #expect(rows.map { $0[1] as? Int } == [1, 3])
        let columns = try #require(json["columns"] as? [[String: String]])
        #expect(columns == [["name": "function", "type": "TEXT"], ["name": "n"]])

        let lines = try query(sql, accept: "application/x-ndjson")
        #expect(
            lines.text
                == "{\"function\":\"broken\",\"n\":1}\n{\"function\":\"logger\",\"n\":3}\n"
        )
        #expect(lines["content-type"] == "application/x-ndjson")
        let table = try query("SELECT 'a\"b,', NULL, x'00ff', 1.5", accept: "text/csv")
        #expect(table.text.hasSuffix("\r\n\"a\"\"b,\",,00ff,1.5\r\n"))
        let names = try query("SELECT 1 AS a, 2 AS a", accept: "application/x-ndjson")
        #expect(names.text == "{\"a\":1,\"a_2\":2}\n")
    }

    @Test func `a query takes parameters and a limit`() throws {
        try callAll()
        let response = try query(
            #"{"sql":"SELECT id FROM invocations WHERE function = ?","parameters":["logger"],"limit":2}"#,
            type: "application/json"
        )
        let json = try RunningDaemon.json(response)
        #expect((json["rows"] as? [Any])?.count == 2)
        #expect(json["truncated"] as? Bool == true)
        #expect(response["x-query-truncated"] == "true")
    }

    @Test func `the views of functions show no secrets`() throws {
        try callAll()
        #expect(try daemon.configure("logger", #"{"env":{"SECRET":"hidden"}}"#).status == 200)
        let functions = try query("SELECT * FROM functions ORDER BY name", accept: "text/csv")
        #expect(functions.text.contains("\r\nlogger,2,2,"))
        let versions = try query("SELECT * FROM versions", accept: "text/csv")
        #expect(versions.text.components(separatedBy: "logger,").count == 3)
        #expect(!versions.text.contains("hidden"))
        #expect(try query("SELECT configuration FROM control.version").status == 400)
    }

    @Test(arguments: [
        (#"{"sql":1}"#, "application/json", 400),
        (#"{"sql":"SELECT 1","a":1}"#, "application/json", 400),
        (#"{"sql":"SELECT 1","limit":0}"#, "application/json", 400),
        (#"{"sql":"SELECT 1","parameters":[[]]}"#, "application/json", 400),
        ("SELECT 1", "text/plain", 415), ("DROP TABLE gaps", "application/sql", 400),
        ("SELECT missing", "application/sql", 400), ("[", "application/json", 400),
    ])
    func `a bad query is refused`(_ body: String, _ type: String, _ status: Int) throws {
        #expect(try query(body, type: type).status == status)
    }

    @Test func `an error in a statement says where`() throws {
        let json = try RunningDaemon.json(try query("SELECT missing"))
        #expect(json["detail"] as? String == "no such column: missing")
        #expect(json["offset"] as? Int == 7)
        #expect(try query("SELECT 1", accept: "image/png").status == 406)
    }

    @Test func `a log is followed with filters, as events`() throws {
        try callAll()
        let address = daemon.service.address
        let follower = try RawHTTPClient(address, timeoutMilliseconds: 30_000)
        try follower.send(
            """
            GET /v1/functions/logger/logs?follow=true&tail=1&status=200&outcome=ok&version=1&start=pooled HTTP/1.1\r
            Host: localhost\r\nAccept: text/event-stream\r\n\r\n
            """
        )
        let response = try follower.readResponse(toHead: true)
        #expect(response["content-type"] == "text/event-stream")
        #expect(try daemon.request("GET", "/f/logger").status == 200)
        var received = ""
        while received.components(separatedBy: "payment accepted").count < 3 {
            let (bytes, isEnd) = try follower.readAvailable(milliseconds: 1_000)
            received += String(decoding: bytes, as: UTF8.self)
            if isEnd { break }
        }
        #expect(received.components(separatedBy: "data: {").count == 3)
        #expect(received.contains(#""outcome":"ok""#))
        let other = try daemon.request("GET", "/v1/functions/logger/logs?outcome=trap")
        #expect(other.body.isEmpty)
        #expect(try daemon.request("GET", "/v1/functions/logger/logs?outcome=x").status == 400)
    }

    @Test func `queries that take long hold up neither deployments nor calls`() throws {
        let daemon = try RunningDaemon(configuration: #"{"query":{"timeoutMs":3000}}"#)
        let endless = Array(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
                .utf8
        )
        // As many as run at one time, and as the control plane has threads for all else.
        let clients = try (0..<2).map { _ in
            let client = try RawHTTPClient(daemon.service.address, timeoutMilliseconds: 60_000)
            try client.send(
                "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sql\r\n"
                    + "Content-Length: \(endless.count)\r\n\r\n"
            )
            try client.send(endless)
            return client
        }
        #expect(try daemon.deploy("other", text: Self.logging("x")).status == 201)
        #expect(try daemon.request("GET", "/f/other").status == 200)
        #expect(try daemon.request("GET", "/v1/functions").status == 200)
        for client in clients { #expect(try client.readAvailable(milliseconds: 1).bytes.isEmpty) }
        for client in clients {
            let response = try client.readResponse()
            #expect(response.status == 400)
            #expect(response.text.contains("longer than 3000 ms"))
        }
    }

    @Test func `the command line asks for records and logs`() throws {
        try callAll()
        let url = ["--url", "http://\(daemon.service.address)"]
        let sql = "SELECT function, status FROM invocations WHERE status > ? ORDER BY 1"
        let table = try Program.run(
            ["query", sql, "--param", "500", "--format", "table"] + url
        )
        #expect(table.output == "function  status\nbroken       502\n")
        let lines = try Program.run(["query", sql, "--param", "200", "--limit", "1"] + url)
        #expect(lines.output == "{\"function\":\"broken\",\"status\":502}\n")
        let csv = try Program.run(["query", "-", "--format", "csv"] + url, input: "SELECT 1 AS a")
        #expect(csv.output == "a\r\n1\r\n")
        let cut = try Program.run(["query", "SELECT id FROM invocations", "--limit", "1"] + url)
        #expect(cut.errors.contains("there are more rows"))
        let refused = try Program.run(["query", "PRAGMA table_list"] + url)
        #expect(refused.exitCode == 1)
        #expect(refused.errors.contains("only SELECT is allowed"))

        let logs = ["logs", "logger", "--outcome", "ok", "--status", "200", "--start", "pooled"]
        let text = try Program.run(logs + url).output
        #expect(text.components(separatedBy: "logger@1  stderr  payment accepted\n").count == 4)
        #expect(!text.contains("\u{1b}"))
        #expect(try Program.run(["logs", "logger", "--min-ms", "60000"] + url).output.isEmpty)
        #expect(try Program.run(["logs", "logger", "--version", "2"] + url).output.isEmpty)
        #expect(try Program.run(["logs", "logger", "--outcome", "x"] + url).exitCode == 1)
    }

    @Test(arguments: ["deleted", "overwritten", "replaced by a folder"])
    func `calls and deployments go on when the log's database is`(_ fate: String) throws {
        try callAll()
        let path = daemon.folder.appending(path: "log.db").path(percentEncoded: false)
        let manager = FileManager.default
        switch fate {
        case "overwritten":
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: Data(repeating: 0x5a, count: 1 << 16))
        case "deleted":
            try manager.removeItem(atPath: path)
        default:
            try manager.removeItem(atPath: path)
            try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        // Longer than it takes the writer to notice, each in its own time.
        let end = ContinuousClock.now + .milliseconds(1_500)
        var number = 0
        while ContinuousClock.now < end {
            number += 1
            #expect(try daemon.request("GET", "/f/logger").status == 200)
            if number % 50 == 1 {
                let text = Self.logging("line \(number)")
                #expect(try daemon.deploy("other", text: text).status < 300)
            }
            // Whatever it is answered, it is answered.
            if number % 20 == 1 {
                #expect(
                    [200, 500, 503].contains(try daemon.request("GET", "/v1/invocations").status)
                )
            }
        }
        if fate == "replaced by a folder" { try manager.removeItem(atPath: path) }
    }

    @Test func `figures tell what became of records`() throws {
        try callAll()
        let metrics = try daemon.request("GET", "/metrics").text
        #expect(metrics.contains("roost_records_total{result=\"stored\"} 4\n"))
        #expect(metrics.contains("roost_records_total{result=\"sampled_out\"} 0\n"))
    }

    @Test func `a sample of the successes and all failures are on record`() throws {
        try callAll()
        for name in ["logger", "broken"] {
            #expect(try daemon.configure(name, #"{"sampleSuccesses":0}"#).status == 200)
            _ = try daemon.request("GET", "/f/\(name)")
        }
        daemon.service.flushRecords()
        #expect(try list("function=logger") == 3)
        #expect(try list("function=broken") == 2)
        #expect(try daemon.configure("logger", #"{"sampleSuccesses":2}"#).status == 422)
    }
}
