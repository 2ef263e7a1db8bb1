import ArgumentParser
import Daemon
import Foundation

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the functions.",
        discussion: "With --json, prints one JSON object per function and line."
    )

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let functions = try connection.makeClient().functions()
            if output.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                for function in functions { Output.writeJSON(try encoder.encode(function)) }
                return
            }
            var table = Table([
                ("NAME", .left), ("LIVE", .right), ("LATEST", .right), ("INTERFACE", .left),
                ("BYTES", .right), ("UPDATED", .left),
            ])
            for function in functions {
                table.add(
                    ["name", "liveVersion", "latestVersion", "interface", "sizeBytes", "updatedAt"]
                        .map { function[$0]?.text ?? "" }
                )
            }
            table.print()
            for function in functions {
                for fault in function["faults"]?.elements ?? [] {
                    Output.complain(
                        printable(
                            "\(function["name"]?.text ?? "") version \(fault["version"]?.text ?? ""):"
                                + " quarantined: \(fault["reason"]?.text ?? "")"
                        )
                    )
                }
            }
        }
    }
}

extension DaemonClient {
    /// All functions, page by page.
    func functions() throws -> [JSONValue] {
        var functions: [JSONValue] = []
        var cursor: String?
        repeat {
            var query = [(name: "limit", value: "100")]
            if let cursor { query.append((name: "cursor", value: cursor)) }
            let page = try Self.json(control(Request(path: "/v1/functions", query: query)))
            guard case .array(let elements)? = page["functions"] else {
                throw Failure(code: .protocolError, message: "the daemon's list has no functions")
            }
            functions += elements
            let next = page["nextCursor"]?.text ?? ""
            // A cursor that leads nowhere must not make this go on for ever.
            cursor = next.isEmpty || elements.isEmpty ? nil : next
        } while cursor != nil
        return functions
    }
}
