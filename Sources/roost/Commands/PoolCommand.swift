import ArgumentParser
import Daemon
import Foundation

struct PoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Show what is in memory: instances, and what they take.",
        discussion: """
            The first line is all together; then come the versions in memory, those used last first. RESET is the \
            mean time in microseconds, SHARED what instances of a version have in common, PRIVATE what they have each \
            for themselves.
            """
    )

    @Option(help: "How many versions to show.")
    var limit = 20

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let report = try DaemonClient.json(
                connection.makeClient().control(
                    DaemonClient.Request(path: "/v1/pool", query: [("limit", "\(limit)")])
                )
            )
            if output.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                Output.writeJSON(try encoder.encode(report))
                return
            }
            var table = Table([
                ("FUNCTION", .left), ("IDLE", .right), ("USED", .right), ("WAIT", .right),
                ("HITS", .right), ("MISSES", .right), ("RESET", .right), ("SHARED", .right),
                ("PRIVATE", .right),
            ])
            if let total = report["total"] { table.add(Self.row("all", total)) }
            guard case .array(let versions)? = report["versions"] else { return table.print() }
            for version in versions {
                let name = version["function"]?.text ?? ""
                table.add(Self.row("\(name)@\(version["version"]?.text ?? "")", version))
            }
            table.print()
        }
    }

    private static func row(_ name: String, _ counts: JSONValue) -> [String] {
        func number(_ key: String) -> Int { Int(counts[key]?.text ?? "") ?? 0 }
        let shared = number("moduleBytes") + number("codeBytes") + number("imageBytes")
        return [name]
            + ["idle", "inUse", "waiting", "hits", "misses", "resetUs"]
            .map { counts[$0]?.text ?? "" } + ["\(shared)", "\(number("privateBytes"))"]
    }
}
