import ArgumentParser
import Daemon
import Foundation
import Synchronization

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over functions from a file that 'roost export' wrote.",
        discussion: """
            Everything in the file is checked as an upload is; then all of it is imported, or nothing. Functions that \
            are the same already stay as they are. If others of the same names exist, nothing is imported, unless they \
            are to be skipped or replaced. Version numbers of a name never repeat: if it had versions before, those of \
            the file get numbers above them.
            """
    )

    @Argument(help: "The file.")
    var file: String

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @Flag(help: "Put the file's functions in the place of those that exist.")
    var replace = false

    @Flag(help: "Leave functions that exist as they are.")
    var skipExisting = false

    @Flag(name: .shortAndLong, help: "Show no progress bar.")
    var quiet = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if replace, skipExisting {
            throw ValidationError("--replace and --skip-existing exclude one another")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            let url = URL(fileURLWithPath: file)
            let values = try? url.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
            guard let size = values?.fileSize, values?.isRegularFile == true,
                FileManager.default.isReadableFile(atPath: file)
            else {
                throw Failure(code: .noInput, message: "cannot read \(printable(file))")
            }
            let bar = Mutex(ProgressBar(quiet: quiet))
            defer { bar.withLock { $0.clear() } }
            let answer = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/import",
                    query: [
                        (name: "dryRun", value: "\(dryRun)"),
                        (
                            name: "existing",
                            value: replace ? "replace" : skipExisting ? "skip" : "refuse"
                        ),
                    ],
                    headers: [(name: "Content-Type", value: "application/vnd.sqlite3")],
                    bodyFile: url
                ),
                onSent: { sent in
                    bar.withLock { $0.show("sending", done: Int(sent), of: size) }
                },
                progress: { progress in
                    guard let phase = progress["phase"]?.text,
                        let done = progress["done"].flatMap({ Int($0.text) }),
                        let count = progress["of"].flatMap({ Int($0.text) })
                    else { return }
                    bar.withLock { $0.show(printable(phase), done: done, of: count) }
                }
            )
            bar.withLock { $0.clear() }
            if output.json { return Output.writeJSON(answer) }
            let result = try DaemonClient.json(answer)
            var table = Table([("NAME", .left), (dryRun ? "WOULD BE" : "OUTCOME", .left)])
            for function in result["functions"]?.elements ?? [] {
                let offset = function["versionOffset"]?.text ?? "0"
                table.add([
                    function["name"]?.text ?? "",
                    (function["outcome"]?.text ?? "")
                        + (offset == "0" ? "" : ", version numbers + \(offset)"),
                ])
            }
            table.print()
            if let records = result["records"]?.text, records != "0" { print("\(records) records") }
        }
    }
}
