import ArgumentParser
import Daemon
import Foundation

struct RuntimeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runtime",
        abstract: "Add, list and remove the interpreters that run scripts.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Upload an interpreter, or another build of it.",
            discussion: """
                Scripts that are deployed from then on use the new build; those that are there keep theirs. A folder \
                is uploaded as an archive of the module and its files, such as a standard library. 'scripts/runtimes' \
                gets interpreters of JavaScript and Python.
                """
        )

        @Argument(help: "The runtime: 'javascript' and 'python' are used for .js and .py files.")
        var name: String

        @Argument(help: "The interpreter, as .wasm or .wat, or a folder with it and its files.")
        var file: String

        @Option(
            help: ArgumentHelp(
                "Whose scripts it runs: javascript, python, or none for a module that speaks the protocol itself.",
                valueName: "language"
            )
        )
        var language: String?

        @OptionGroup var progress: ProgressOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let isFolder = ProjectFolder.isFolder(file)
                let code = try isFolder ? FunctionFolder(file).archive() : Output.input(file)
                let isText = file.hasSuffix(".wat")
                let type = isText ? "text/wat" : "application/wasm"
                var request = DaemonClient.Request(
                    method: "PUT",
                    path: "/v1/runtimes/\(DaemonClient.segment(name))",
                    query: language.map { [(name: "language", value: $0)] } ?? [],
                    headers: [
                        (name: "Content-Type", value: isFolder ? "application/x-tar" : type)
                    ],
                    body: code
                )
                request.progress = progress.makeBar()
                let response = try connection.makeClient().control(request)
                if output.json { return Output.writeJSON(response.body) }
                let runtime = try DaemonClient.json(response)
                let size = runtime["sizeBytes"]?.text ?? "?"
                let language = runtime["language"]?.text ?? ""
                print(
                    printable(
                        "runtime \(name), \(size) bytes" + (language.isEmpty ? "" : ", \(language)")
                    )
                )
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the runtimes.",
            discussion: "With --json, prints one JSON object per runtime and line."
        )

        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                let request = DaemonClient.Request(path: "/v1/runtimes")
                let document = try DaemonClient.json(connection.makeClient().control(request))
                let runtimes = document["runtimes"]?.elements ?? []
                if output.json {
                    let encoder = JSONEncoder()
                    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                    for runtime in runtimes { Output.writeJSON(try encoder.encode(runtime)) }
                    return
                }
                var table = Table([
                    ("NAME", .left), ("LANGUAGE", .left), ("BYTES", .right),
                    ("FUNCTIONS", .right), ("UPDATED", .left),
                ])
                for runtime in runtimes {
                    table.add(
                        ["name", "language", "sizeBytes", "functions", "updatedAt"]
                            .map { runtime[$0]?.text ?? "" }
                    )
                }
                table.print()
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Remove a runtime that no function uses."
        )

        @Argument(help: "The runtime.")
        var name: String

        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            try Output.reportingFailures {
                _ = try connection.makeClient().control(
                    DaemonClient.Request(
                        method: "DELETE",
                        path: "/v1/runtimes/\(DaemonClient.segment(name))"
                    )
                )
                print("removed \(name)")
            }
        }
    }
}
