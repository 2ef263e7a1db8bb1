import ArgumentParser
import Daemon
import Foundation

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show who changed what of a function, and when; the newest change first.",
        discussion: "A function that was deleted has its history still."
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How many changes to show.")
    var limit = 20

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    path: "/v1/functions/\(DaemonClient.segment(name))/history",
                    query: [("limit", "\(limit)")]
                )
            )
            if output.json { return Output.writeJSON(response.body) }
            var table = Table([
                ("AT", .left), ("BY", .left), ("CHANGE", .left), ("OF", .left), ("REQUEST", .left),
            ])
            for entry in try DaemonClient.json(response)["history"]?.elements ?? [] {
                table.add([
                    entry["at"]?.text ?? "", entry["by"]?.text ?? "", entry["kind"]?.text ?? "",
                    Self.subject(entry), entry["requestId"]?.text ?? "",
                ])
            }
            table.print()
        }
    }

    private static func subject(_ entry: JSONValue) -> String {
        var parts: [String] = []
        if let version = entry["version"] { parts.append("version \(version.text)") }
        if let secret = entry["secret"] { parts.append("secret \(secret.text)") }
        if let versions = entry["versions"] { parts.append("versions \(versions.text)") }
        if let alias = entry["alias"] {
            let ends = ["from", "to"].map { key in
                switch entry[key] {
                case .object(let members)?: AliasText(.object(members)).text
                default: "nothing"
                }
            }
            parts.append("\(alias.text): \(ends[0]) → \(ends[1])")
        }
        return parts.joined(separator: "; ")
    }
}
