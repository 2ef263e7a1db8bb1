import Foundation
import Gzip
import TestSupport
import Testing

/// What `GET /metrics` says, and whether `docs/OBSERVABILITY.md` says the same.
struct MetricsTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/OBSERVABILITY.md").standardizedFileURL

    private func metrics(_ daemon: RunningDaemon) throws -> PrometheusText {
        try PrometheusText(parsing: daemon.request("GET", "/metrics").text)
    }

    /// A daemon in which every metric has samples.
    private func busyDaemon(_ configuration: String? = nil) throws -> RunningDaemon {
        let daemon = try RunningDaemon(configuration: configuration)
        for name in ["hello", "crash", "spin"] {
            #expect(try daemon.deploy(name, GuestModule.sample(name)).status == 201)
        }
        #expect(try daemon.configure("spin", #"{"limits":{"timeoutMs":50}}"#).status == 200)
        for _ in 0..<3 {
            #expect(try daemon.request("POST", "/f/hello", body: [1, 2]).status == 200)
        }
        #expect(try daemon.request("GET", "/f/crash").status == 502)
        let stopped = try daemon.request("GET", "/f/spin")
        #expect(stopped.status == 504)
        #expect(try daemon.request("GET", "/f/nobody").status == 404)
        // What has a record is counted.
        #expect(try daemon.record(of: stopped)["outcome"] as? String == "timeout")
        return daemon
    }

    @Test func `invocations are counted by function, start and outcome`() throws {
        let daemon = try busyDaemon()
        let metrics = try metrics(daemon)
        func count(_ function: String, _ outcome: String) -> Double? {
            metrics.value(
                "roost_invocations_total",
                ["function": function, "outcome": outcome]
            )
        }
        #expect(count("hello", "ok") == 3)
        #expect(count("crash", "trap") == 1)
        #expect(count("spin", "timeout") == 1)
        #expect(count("hello", "trap") == nil)
        let pooled = ["function": "hello", "start": "pooled"]
        let fresh = ["function": "hello", "start": "fresh"]
        for phase in ["duration", "queue", "start", "guest"] {
            let name = "roost_invocation_\(phase)_seconds"
            let total =
                (metrics.value("\(name)_count", pooled) ?? 0)
                + (metrics.value("\(name)_count", fresh) ?? 0)
            #expect(total == 3, "\(phase)")
        }
        let spin = metrics["roost_invocation_guest_seconds"]?.samples.filter {
            $0["function"] == "spin" && $0.name.hasSuffix("_sum")
        }
        #expect(try #require(spin?.first).value >= 0.05)
        let function = ["function": "hello"]
        #expect(metrics.value("roost_invocation_request_bytes_total", function) == 6)
        #expect(try #require(metrics.value("roost_invocation_fuel_total", function)) > 0)
        #expect(metrics.value("roost_records_total", ["result": "stored"]) == 5)
        #expect(metrics.value("roost_log_records_dropped_total", ["reason": "ring_full"]) == 0)
        #expect(try #require(metrics.value("roost_log_commit_seconds_count")) >= 1)
        #expect(try #require(metrics.value("roost_database_bytes", ["database": "log"])) > 0)
        func responses(_ plane: String, _ statusClass: String) throws -> Double {
            let labels = ["plane": plane, "class": statusClass]
            return try #require(metrics.value("roost_http_responses_total", labels))
        }
        #expect(try responses("data", "4xx") >= 1)
        #expect(try responses("data", "5xx") == 2)
        #expect(try responses("data", "2xx") == 3)
        #expect(try responses("control", "2xx") >= 2)
        #expect(try responses("control", "5xx") == 0)
        #expect(metrics.value("roost_invocations_in_progress") == 0)
        #expect(
            try #require(metrics.value("roost_scheduler_slices_total", ["thread": "worker"])) > 0
        )
        #expect(try #require(metrics.value("process_cpu_seconds_total")) > 0)
        #expect(metrics.value("roost_build_info", ["version": "0.1.0"]) == 1)
    }

    @Test func `functions beyond the limit are counted together`() throws {
        let metrics = try metrics(busyDaemon("{metrics:{functionsMax:1}}"))
        func count(_ function: String, _ outcome: String) -> Double? {
            metrics.value(
                "roost_invocations_total",
                ["function": function, "outcome": outcome]
            )
        }
        #expect(count("hello", "ok") == 3)
        #expect(count("_other", "trap") == 1 && count("_other", "timeout") == 1)
        let names = metrics["roost_invocations_total"]?.samples.compactMap { $0["function"] }
        #expect(Set(names ?? []) == ["hello", "_other"])
    }

    @Test func `a function that was deleted has no metrics`() throws {
        let daemon = try busyDaemon()
        #expect(try daemon.request("DELETE", "/v1/functions/hello").status == 204)
        let samples = try metrics(daemon).families.flatMap(\.samples)
        #expect(samples.contains { $0["function"] == "crash" })
        #expect(!samples.contains { $0["function"] == "hello" })
    }

    @Test func `the figures come packed to those who take that`() throws {
        let daemon = try busyDaemon()
        let fields = [("Accept-Encoding", "deflate, gzip")]
        let response = try daemon.request("GET", "/metrics", fields: fields)
        #expect(response["content-encoding"] == "gzip")
        let text = try GzipDecoder.unpack(response.body, byteCountMax: 1 << 24)
        let metrics = try PrometheusText(parsing: String(decoding: text, as: UTF8.self))
        #expect(metrics["roost_build_info"] != nil)
    }

    // MARK: - The page

    private struct Row: Hashable {
        let name: String
        let type: String
        let labels: Set<String>
    }

    /// The rows `| name | type | labels | … |` of the page's tables; names and labels in backticks.
    private func documented() throws -> [Row] {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 6, ["counter", "gauge", "histogram"].contains(cells[2]) else {
                return nil
            }
            let labels = cells[3].split(separator: "`").enumerated()
                .filter { $0.offset % 2 == (cells[3].hasPrefix("`") ? 0 : 1) }
                .map { String($0.element) }
            return Row(
                name: cells[1].replacing("`", with: ""),
                type: cells[2],
                labels: Set(labels)
            )
        }
    }

    @Test func `the page names the metrics that there are, with their types and labels`() throws {
        let found = try metrics(busyDaemon()).families.map {
            Row(name: $0.name, type: $0.type, labels: $0.labelNames)
        }
        let documented = try documented()
        #expect(documented.count == Set(documented.map(\.name)).count)
        for row in Set(found).symmetricDifference(documented) {
            Issue.record("only in one of page and daemon: \(row)")
        }
    }

    @Test func `the page's queries and alerts name metrics that there are`() throws {
        let families = try metrics(busyDaemon()).families
        var names: Set<String> = []
        for family in families {
            names.insert(family.name)
            guard family.type == "histogram" else { continue }
            for suffix in ["bucket", "sum", "count"] { names.insert("\(family.name)_\(suffix)") }
        }
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let words = text.split { !($0.isLetter || $0 == "_") }.filter { $0.hasPrefix("roost_") }
        #expect(words.count > 40)
        for word in Set(words) { #expect(names.contains(String(word)), "\(word)") }
    }

    // MARK: - promtool

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
        .map { URL(filePath: $0) }

    private static let absence: Comment = "promtool is not installed: apt-get install prometheus"

    /// Runs promtool; returns what it says, and its exit code.
    private func check(_ arguments: [String], input text: [UInt8]) throws -> (String, Int32) {
        let process = Process()
        process.executableURL = Self.promtool
        process.arguments = ["check"] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (String(decoding: said, as: UTF8.self), process.terminationStatus)
    }

    @Test(.enabled(if: promtool != nil, absence))
    func `promtool has nothing to say of the metrics`() throws {
        let text = try busyDaemon().request("GET", "/metrics").body
        let (said, code) = try check(["metrics"], input: text)
        #expect(said == "")
        #expect(code == 0)
    }

    @Test(.enabled(if: promtool != nil, absence))
    func `promtool takes the page's alerts`() throws {
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let rules = page.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0 != "    groups:" }.prefix { $0.hasPrefix("    ") }
            .map { $0.dropFirst(4) }.joined(separator: "\n")
        let folder = try ScratchFolder()
        try folder.write(rules, to: "rules.yml")
        let (said, code) = try check(["rules", folder.file("rules.yml")], input: [])
        #expect(said.contains("SUCCESS: 6 rules found"))
        #expect(code == 0)
    }
}
