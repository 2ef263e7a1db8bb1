import ArgumentParser
import Daemon
import Foundation

struct SecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Set, list and delete a function's secrets.",
        discussion: """
            A secret is a variable of the function's environment whose value nobody can read back. Setting or \
            deleting one makes a new version.
            """,
        subcommands: [Set.self, List.self, Delete.self, RotateKey.self]
    )

    private static func path(_ name: String, _ key: String? = nil) -> String {
        let path = "/v1/functions/\(DaemonClient.segment(name))/secrets"
        return key.map { "\(path)/\(DaemonClient.segment($0))" } ?? path
    }

    private static func change(
        _ request: DaemonClient.Request,
        _ client: DaemonClient,
        staysInactive: Bool
    ) throws -> String {
        var request = request
        if staysInactive { request.query = [(name: "activate", value: "false")] }
        let version = try DaemonClient.json(client.control(request))
        for warning in version["warnings"]?.elements ?? [] {
            Output.warn(printable(warning.text))
        }
        let state = version["active"] == .boolean(true) ? "live" : "not live"
        return "version \(version["version"]?.text ?? "?"), \(state)"
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a secret.",
            discussion: """
                The value is read from standard input, and asked for at a terminal, without an echo; it is never an \
                argument, which others could see. One line end at its end is left out.
                """
        )

        @Argument(help: "The function.")
        var name: String

        @Argument(help: "The name of the variable.")
        var key: String

        @Flag(
            name: .customLong("no-activate"),
            help: "Keep plain traffic on the version it uses now."
        )
        var staysInactive = false

        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let client = try connection.makeClient()
                let request = DaemonClient.Request(
                    method: "PUT",
                    path: SecretCommand.path(name, key),
                    headers: [(name: "Content-Type", value: "text/plain")],
                    body: try value()
                )
                let result = try SecretCommand.change(request, client, staysInactive: staysInactive)
                print("set \(key) of \(name): \(result)")
            }
        }

        private func value() throws -> Data {
            if isatty(STDIN_FILENO) == 1 {
                guard let line = HiddenInput.readLine(prompt: "value of \(key): ") else {
                    throw Failure(code: .noInput, message: "no value was given")
                }
                return Data(line.utf8)
            }
            var value = try Output.input("-")
            if value.last == UInt8(ascii: "\n") { value.removeLast() }
            if value.last == UInt8(ascii: "\r") { value.removeLast() }
            return value
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the names of a function's secrets, and when they were set."
        )

        @Argument(help: "The function.")
        var name: String

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let response = try connection.makeClient().control(
                    DaemonClient.Request(path: SecretCommand.path(name))
                )
                if output.json { return Output.writeJSON(response.body) }
                var table = Table([("NAME", .left), ("SET", .left), ("PROBLEM", .left)])
                for secret in try DaemonClient.json(response)["secrets"]?.elements ?? [] {
                    table.add(["name", "setAt", "problem"].map { secret[$0]?.text ?? "" })
                }
                table.print()
            }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a secret.",
            discussion: """
                Versions that had it keep it until they are collected: going back to one finds it as it was.
                """
        )

        @Argument(help: "The function.")
        var name: String

        @Argument(help: "The name of the variable.")
        var key: String

        @Flag(
            name: .customLong("no-activate"),
            help: "Keep plain traffic on the version it uses now."
        )
        var staysInactive = false

        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let request = DaemonClient.Request(
                    method: "DELETE",
                    path: SecretCommand.path(name, key)
                )
                let client = try connection.makeClient()
                let result = try SecretCommand.change(request, client, staysInactive: staysInactive)
                print("deleted \(key) of \(name): \(result)")
            }
        }
    }

    struct RotateKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key",
            abstract: "Seal all secrets with a new key.",
            discussion: """
                A key of the data folder is replaced. For a key file of your own, put the new key in a line before \
                the old one, run this, and then take the old one out.
                """
        )

        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let response = try connection.makeClient().control(
                    DaemonClient.Request(method: "POST", path: "/v1/secrets/rotate-key")
                )
                let count = try DaemonClient.json(response)["resealed"]?.text ?? "?"
                print("sealed \(count) secrets with another key")
            }
        }
    }
}
