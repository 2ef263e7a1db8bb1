import ArgumentParser
import Daemon
import Foundation

struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Begin a function: write a small project into a new folder.",
        discussion: "Needs no daemon. 'roost dev' builds and deploys what it writes."
    )

    @Argument(help: "The function: lower-case letters, digits and hyphens.")
    var name: String

    @Option(help: "The language it is written in.")
    var language: Language

    @Option(help: "The folder to make. (default: one of the function's name, here)")
    var directory: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard isFunctionName(name) else {
            throw ValidationError("'\(name)' is not a function's name: \(functionNameRule)")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            let folder = directory ?? name
            let files = Template(language: language).files(named: name)
            try write(files, into: folder)
            if output.json {
                let report: [String: Any] = [
                    "name": name, "language": language.rawValue, "directory": folder,
                    "files": files.map(\.path),
                ]
                let options: JSONSerialization.WritingOptions = [
                    .sortedKeys, .withoutEscapingSlashes,
                ]
                let data = try JSONSerialization.data(withJSONObject: report, options: options)
                return Output.writeJSON(data)
            }
            let list = files.map(\.path).joined(separator: "  ")
            print("\(folder): a function in \(language.title)\n  \(list)")
            print("next: roost dev \(folder)")
        }
    }

    private func write(_ files: [(path: String, text: String)], into folder: String) throws {
        let manager = FileManager.default
        do {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let present = try manager.contentsOfDirectory(atPath: folder)
            guard present.isEmpty else {
                throw Failure(
                    code: .cannotCreate,
                    message: "\(folder) is not empty: it has '\(printable(present[0]))', for one"
                )
            }
            for file in files {
                let url = URL(filePath: folder).appending(path: file.path)
                try manager.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(file.text.utf8).write(to: url, options: .withoutOverwriting)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            let reason = (error as NSError).localizedDescription
            throw Failure(code: .cannotCreate, message: "cannot write \(folder): \(reason)")
        }
    }
}
