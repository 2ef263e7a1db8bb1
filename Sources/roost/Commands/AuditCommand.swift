import ArgumentParser
import Daemon
import Foundation

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Print who changed what, the newest first.",
        discussion: "With --json, prints one JSON object per entry and line."
    )

    @Argument(help: "The function. (default: everything)")
    var function: String?

    @Option(help: "How many entries to print.")
    var limit = 50

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        try Output.reportingFailures {
            let entries = try entries(connection.makeClient())
            if output.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                for entry in entries { Output.writeJSON(try encoder.encode(entry)) }
                return
            }
            var table = Table([
                ("AT", .left), ("WHO", .left), ("FROM", .left), ("WHAT", .left),
                ("FUNCTION", .left), ("VERSION", .right), ("DIGEST", .left), ("MORE", .left),
            ])
            for entry in entries {
                let keys = ["at", "actor", "clientAddress", "action", "function", "version"]
                let digest = (entry["digest"]?.text ?? "").prefix(19)
                let more = entry["detail"].flatMap { $0 == .null ? nil : $0.text } ?? ""
                table.add(keys.map { entry[$0]?.text ?? "" } + [String(digest), more])
            }
            table.print()
        }
    }

    private func entries(_ client: DaemonClient) throws -> [JSONValue] {
        var entries: [JSONValue] = []
        var cursor = ""
        repeat {
            var query = [(name: "limit", value: String(min(limit - entries.count, 1_000)))]
            if !cursor.isEmpty { query.append((name: "cursor", value: cursor)) }
            if let function { query.append((name: "function", value: function)) }
            let page = try DaemonClient.json(
                client.control(DaemonClient.Request(path: "/v1/audit", query: query))
            )
            let more = page["entries"]?.elements ?? []
            entries += more
            cursor = more.isEmpty ? "" : page["nextCursor"]?.text ?? ""
        } while !cursor.isEmpty && entries.count < limit
        return entries
    }
}
