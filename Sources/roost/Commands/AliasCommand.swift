import ArgumentParser
import Daemon
import Foundation

struct AliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Point an alias to a version, or split its traffic among versions.",
        discussion: """
            Plain traffic uses the alias 'live'; others are called at /f/NAME@ALIAS. Without a version, shows the \
            function's aliases.

              roost alias hello live 7 --weight 8=0.05 --sticky-header X-User

            sends 5 % of the traffic to version 8, and those who show the same X-User always to the same version.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias.")
    var alias: String?

    @Argument(help: "The version.")
    var version: Int?

    @Option(
        help: ArgumentHelp(
            "The share of another version, from 0 to 1.",
            valueName: "VERSION=SHARE"
        )
    )
    var weight: [KeyValue] = []

    @Option(help: "The header field whose value decides who gets which version.")
    var stickyHeader: String?

    @Option(help: "The cookie whose value decides who gets which version.")
    var stickyCookie: String?

    @Flag(help: "Delete the alias.")
    var delete = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if delete, alias == nil || version != nil {
            throw ValidationError("--delete takes an alias and no version")
        }
        if !delete, alias != nil, version == nil { throw ValidationError("the version is missing") }
        if stickyHeader != nil, stickyCookie != nil {
            throw ValidationError("--sticky-header and --sticky-cookie exclude one another")
        }
        for weight in weight where Double(weight.value) == nil {
            throw ValidationError(
                "'\(weight.value)' is not a share: it should be a number from 0 to 1"
            )
        }
    }

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            let path = "/v1/functions/\(DaemonClient.segment(name))"
            guard let alias else { return try list(client, path) }
            let aliasPath = "\(path)/aliases/\(DaemonClient.segment(alias))"
            if delete {
                _ = try client.control(DaemonClient.Request(method: "DELETE", path: aliasPath))
                return print("deleted alias \(alias) of \(name)")
            }
            let response = try client.control(
                DaemonClient.Request(
                    method: "PUT",
                    path: aliasPath,
                    body: try JSONEncoder().encode(goal)
                )
            )
            if output.json { return Output.writeJSON(response.body) }
            print(
                printable("\(name)@\(alias) is \(AliasText(try DaemonClient.json(response)).text)")
            )
        }
    }

    private struct Goal: Encodable {
        var version: Int?
        var weights: [String: Double]
        var sticky: [String: String]?
    }

    private var goal: Goal {
        var goal = Goal(
            version: version,
            weights: weight.reduce(into: [:]) { $0[$1.key] = Double($1.value) }
        )
        if let stickyHeader { goal.sticky = ["header": stickyHeader] }
        if let stickyCookie { goal.sticky = ["cookie": stickyCookie] }
        return goal
    }

    private func list(_ client: DaemonClient, _ path: String) throws {
        let function = try DaemonClient.json(client.control(DaemonClient.Request(path: path)))
        let aliases = function["aliases"] ?? .array([])
        if output.json { return Output.writeJSON(try JSONEncoder().encode(aliases)) }
        var table = Table([("ALIAS", .left), ("VERSION", .left), ("UPDATED", .left)])
        for alias in aliases.elements {
            table.add([
                alias["alias"]?.text ?? "", AliasText(alias).text, alias["updatedAt"]?.text ?? "",
            ])
        }
        table.print()
    }
}
