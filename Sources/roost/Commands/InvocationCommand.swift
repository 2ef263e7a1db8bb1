import ArgumentParser
import Daemon

struct InvocationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invocation",
        abstract: "Show one invocation: its phases, its costs, its log, and why it failed.",
        discussion: """
            The id is the answer's X-Request-Id. A record is there a moment after the answer. With --json, prints the \
            daemon's JSON.
            """
    )

    @Argument(help: "The invocation's id.")
    var id: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let response = try connection.makeClient().control(
                DaemonClient.Request(path: "/v1/invocations/\(DaemonClient.segment(id))")
            )
            if output.json { return Output.writeJSON(response.body) }
            let record = try DaemonClient.json(response)
            for line in InvocationText.lines(of: record) { print(printable(line)) }
        }
    }
}

/// An invocation's record as people read it.
enum InvocationText {
    static func lines(of record: JSONValue) -> [String] {
        var lines: [String] = []
        func text(_ key: String) -> String { record[key]?.text ?? "" }
        func add(_ title: String, _ value: String) {
            guard !value.isEmpty else { return }
            lines.append(title.padding(to: 10) + value)
        }
        add("id", text("id"))
        let alias = text("alias")
        add(
            "function",
            text("function") + (record["version"].map { "@\($0.text)" } ?? "")
                + (alias.isEmpty ? "" : " (\(alias))")
        )
        add("request", "\(text("method")) \(text("path"))".trimmed)
        add("trigger", text("trigger"))
        add("outcome", [text("outcome"), text("status")].joined(separator: " ").trimmed)
        add("error", text("error"))
        add("started", text("startedAt"))
        add("start", text("start"))
        let phases = ["queue", "start", "guest", "total"].compactMap { phase in
            record["\(phase)Us"]?.integerValue.map { "\(phase) \(milliseconds($0))" }
        }
        add("time", phases.joined(separator: ", "))
        add("fuel", record["fuel"].map { "\($0.text) instructions" } ?? "")
        add("memory", record["memoryPeakBytes"].map { "\($0.text) bytes at most" } ?? "")
        if let received = record["bytesIn"]?.text, let sent = record["bytesOut"]?.text {
            add("bodies", "\(received) bytes in, \(sent) bytes out")
        }
        add("trace", text("traceId"))
        if let call = record["async"] { add("async", call["state"]?.text ?? "") }
        if let trap = record["trap"], trap["kind"] != nil {
            lines += ["", "trap: \(trap["message"]?.text ?? "")"]
            if trap["message"]?.text != trap["kind"]?.text {
                lines[lines.count - 1] += " (\(trap["kind"]?.text ?? ""))"
            }
            lines += BacktraceText.lines(of: trap).map { "  \($0)" }
        }
        let logged = record["lines"]?.elements ?? []
        if !logged.isEmpty { lines += ["", "log:"] }
        for line in logged {
            let moment = milliseconds(line["atUs"]?.integerValue ?? 0)
            lines.append("  \(moment)  \(line["stream"]?.text ?? "")  \(line["text"]?.text ?? "")")
        }
        if record["linesTruncated"] == true { lines.append("  … cut: a limit was reached") }
        return lines
    }

    /// Microseconds as milliseconds, with three digits after the point.
    private static func milliseconds(_ microseconds: Int64) -> String {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return "\(whole).\(String(1_000 + rest).dropFirst()) ms"
    }
}

extension String {
    /// The text with blanks after it, so that columns begin below one another.
    fileprivate func padding(to count: Int) -> String {
        self + String(repeating: " ", count: max(1, count - self.count))
    }

    /// The text without blanks at its ends.
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension JSONValue {
    /// The value if it is an integer.
    fileprivate var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }
}
