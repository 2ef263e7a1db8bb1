import ArgumentParser
import Daemon
import Foundation

struct VersionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List a function's versions, the newest first.",
        discussion:
            "ALIASES names the aliases that lead to a version, with its share where they lead to several."
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "How many versions to show.")
    var limit = 20

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            let path = "/v1/functions/\(DaemonClient.segment(name))"
            let response = try client.control(
                DaemonClient.Request(path: "\(path)/versions", query: [("limit", "\(limit)")])
            )
            if output.json { return Output.writeJSON(response.body) }
            let function = try DaemonClient.json(client.control(DaemonClient.Request(path: path)))
            let aliases = (function["aliases"]?.elements ?? []).map(AliasText.init)
            var table = Table([
                ("VERSION", .right), ("ALIASES", .left), ("BYTES", .right), ("INTERFACE", .left),
                ("CREATED", .left), ("DIGEST", .left),
            ])
            for version in try DaemonClient.json(response)["versions"]?.elements ?? [] {
                let number = version["version"]?.text ?? ""
                table.add([
                    number,
                    aliases.compactMap { $0.share(of: number) }.joined(separator: ", "),
                    version["sizeBytes"]?.text ?? "",
                    version["interface"]?.text ?? "",
                    version["createdAt"]?.text ?? "",
                    String((version["digest"]?.text ?? "").dropFirst("sha256:".count).prefix(12)),
                ])
            }
            table.print()
        }
    }
}
