import ArgumentParser
import Daemon
import Foundation

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke tokens.",
        discussion: """
            A token says what its owner may do: 'read' looks at functions, records and logs; \
            'deploy' changes functions; 'invoke' calls functions that ask for a token; 'admin' may do \
            everything.
            """,
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self]
    )
}

struct TokenCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token, and print its secret, which is shown only now."
    )

    @Argument(help: "Its name: lower-case letters, digits and hyphens.")
    var name: String

    @Option(
        help: ArgumentHelp("What it allows: read, deploy, invoke or admin.", valueName: "scope")
    )
    var scope: [String]

    @Option(
        help: ArgumentHelp(
            "A function that it is for, or the beginning of names as 'shop-*'. (default: all)",
            valueName: "pattern"
        )
    )
    var function: [String] = []

    @Option(help: ArgumentHelp("From when on it is worth nothing: RFC 3339, or as 12h or 90d."))
    var expires: Expiry?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    private struct Body: Encodable {
        var name: String
        var scopes: [String]
        var functions: [String]?
        var expiresAt: String?
        var expiresInSeconds: Int?
    }

    func run() throws {
        try Output.reportingFailures {
            let body = Body(
                name: name,
                scopes: scope,
                functions: function.isEmpty ? nil : function,
                expiresAt: expires?.moment,
                expiresInSeconds: expires?.seconds
            )
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/tokens",
                    headers: [(name: "Content-Type", value: "application/json")],
                    body: try JSONEncoder().encode(body)
                )
            )
            if output.json { return Output.writeJSON(response.body) }
            print(printable(try DaemonClient.json(response)["token"]?.text ?? ""))
            Output.complain("keep it: only its hash is stored")
        }
    }
}

struct TokenListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tokens, without their secrets."
    )

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let response = try connection.makeClient().control(
                DaemonClient.Request(path: "/v1/tokens")
            )
            if output.json { return Output.writeJSON(response.body) }
            var table = Table([
                ("NAME", .left), ("SCOPES", .left), ("FUNCTIONS", .left), ("EXPIRES", .left),
                ("CREATED", .left), ("BY", .left),
            ])
            for token in try DaemonClient.json(response)["tokens"]?.elements ?? [] {
                func list(_ key: String) -> String {
                    (token[key]?.elements ?? []).map(\.text).joined(separator: ",")
                }
                let expiry = token["expiresAt"]?.text ?? ""
                table.add([
                    token["name"]?.text ?? "", list("scopes"), list("functions"),
                    token["expired"] == .boolean(true) ? "expired" : expiry,
                    token["createdAt"]?.text ?? "", token["createdBy"]?.text ?? "",
                ])
            }
            table.print()
        }
    }
}

struct TokenRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Make a token worth nothing, at once."
    )

    @Argument(help: "The token's name.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            _ = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "DELETE",
                    path: "/v1/tokens/\(DaemonClient.segment(name))"
                )
            )
            if output.json {
                return Output.writeJSON(try JSONEncoder().encode(["revoked": name]))
            }
            print("revoked \(name)")
        }
    }
}

/// When something ends: a moment, or a time from now.
struct Expiry: ExpressibleByArgument {
    /// As RFC 3339; nil when it is a time from now.
    let moment: String?
    let seconds: Int?

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let last = argument.last, let unit = units[last], argument.first != "+",
            let count = UInt32(argument.dropLast()), count > 0
        {
            moment = nil
            seconds = Int(count) * unit
            return
        }
        // The daemon reads it; this only catches slips early.
        guard argument.count >= 20, argument.dropFirst(4).first == "-" else { return nil }
        moment = argument
        seconds = nil
    }
}
