import ArgumentParser
import Daemon
import Foundation

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what functions logged.",
        discussion: "With --json, prints the daemon's NDJSON: one object per log line."
    )

    @Argument(help: "The function. (default: all that the token may see)")
    var name: String?

    @Option(help: "How many of the last lines to print, at most 10000.")
    var tail = 100

    @Flag(name: [.short, .long], help: "Go on with what is logged from now on.")
    var follow = false

    @Option(help: "Leave out what is older: RFC 3339, or an age as 90s, 10m, 2h or 7d.")
    var since: PointInTime?

    @Option(help: "Only of calls that ended so: ok, trap, timeout, fuel, memory, bad-output, …")
    var outcome: String?

    @Option(help: "Only of calls that were answered with this status code.")
    var status: Int?

    @Option(help: "Only of this version.")
    var version: Int?

    @Option(help: "Only of calls that started so: pooled, fresh or compiled.")
    var start: String?

    @Option(help: "Only of calls that took at least so many milliseconds.")
    var minMs: Double?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if tail < 0 { throw ValidationError("--tail must not be negative") }
    }

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            let terminal = output.json ? nil : Terminal.output
            if follow {
                return try client.stream(request) { LogLine(bytes: $0).print(terminal) }
            }
            let body = try client.control(request).body
            for line in body.split(separator: UInt8(ascii: "\n")) {
                LogLine(bytes: line).print(terminal)
            }
        }
    }

    private var request: DaemonClient.Request {
        var query = [(name: "tail", value: String(tail))]
        let filters = [
            ("since", since?.text), ("outcome", outcome), ("status", status.map(String.init)),
            ("version", version.map(String.init)), ("start", start),
            ("minMs", minMs.map { String($0) }),
        ]
        for case (let name, let value?) in filters { query.append((name: name, value: value)) }
        if follow { query.append((name: "follow", value: "true")) }
        return DaemonClient.Request(
            path: name.map { "/v1/functions/\(DaemonClient.segment($0))/logs" } ?? "/v1/logs",
            query: query,
            headers: [(name: "Accept", value: "application/x-ndjson")]
        )
    }
}

/// One line of an NDJSON log.
private struct LogLine {
    let bytes: Data
    private let json: JSONValue

    init(bytes: Data) {
        self.bytes = Data(bytes)
        json = (try? JSONDecoder().decode(JSONValue.self, from: self.bytes)) ?? .null
    }

    var time: String { json["at"]?.text ?? json["gap"]?["at"]?.text ?? "" }

    /// Prints the line; as JSON when there is no terminal to print for.
    func print(_ terminal: Terminal?) {
        guard let terminal else { return Output.writeJSON(bytes) }
        if let gap = json["gap"] {
            let dropped = gap["dropped"]?.text ?? ""
            let since = gap["since"]?.text ?? ""
            let text = "\(dropped) records were dropped between \(since) and \(time)"
            return write(terminal.styled(printable(text), .yellow))
        }
        // An object without text is not a log line, but a sign of life.
        guard let text = json["text"]?.text else { return }
        let source = "\(json["function"]?.text ?? "")@\(json["version"]?.text ?? "")"
        let stream = json["stream"]?.text ?? ""
        let hasFailed = json["outcome"].map { $0.text != "ok" } ?? false
        write(
            [
                terminal.styled(printable(time), .dim), terminal.styled(printable(source), .cyan),
                terminal.styled(printable(stream), stream == "stderr" ? .yellow : .dim),
                hasFailed ? terminal.styled(printable(text), .red) : printable(text),
            ].joined(separator: "  ")
        )
    }

    private func write(_ line: String) { Output.write(Data("\(line)\n".utf8)) }
}

/// A moment, given as such or as an age.
struct PointInTime: ExpressibleByArgument {
    /// As RFC 3339.
    let text: String

    init?(argument: String) {
        self.init(argument, now: Date())
    }

    init?(_ argument: String, now: Date) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let last = argument.last, let unit = units[last],
            argument.first != "+", let count = UInt32(argument.dropLast())
        {
            text = (now - Double(count) * unit).formatted(.iso8601)
            return
        }
        // The daemon reads the rest; this only catches slips early.
        guard argument.count >= 20, argument.dropFirst(4).first == "-",
            argument.dropFirst(7).first == "-"
        else { return nil }
        text = argument
    }
}
