import ArgumentParser
import Foundation

struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a function's project with its language's compiler.",
        discussion: """
            Needs no daemon. The language is told from the files: Cargo.toml, go.mod, or sources in C, C++, Zig or \
            Swift; JavaScript and Python need no building. An executable file 'build' in the folder takes the \
            place of all that: it leaves one .wasm file there.
            """
    )

    @Argument(help: "The project's folder.")
    var folder = "."

    @Option(help: "The function's name. (default: the folder's)")
    var name: String?

    @OptionGroup var progress: ProgressOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Output.reportingFailures {
            let project = try Project(folder: folder, name: name)
            let product = try Build(project).run(progress.makeBar())
            let size = try Output.input(product).count
            if output.json {
                let report: [String: Any] = [
                    "name": project.name, "file": product, "sizeBytes": size,
                ]
                let options: JSONSerialization.WritingOptions = [
                    .sortedKeys, .withoutEscapingSlashes,
                ]
                let data = try JSONSerialization.data(withJSONObject: report, options: options)
                return Output.writeJSON(data)
            }
            print("\(printable(product)), \(size) bytes")
        }
    }
}
