import ArgumentParser
import Daemon
import Foundation

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a WASI command here, with this terminal's input and output.",
        discussion: """
            Needs no daemon. The exit code is the guest's own. The guest sees nothing of this \
            machine but what --env and --dir give it.
            """
    )

    @Argument(help: "The module, as .wasm or .wat.")
    var file: String

    @Option(help: ArgumentHelp("An environment variable of the guest.", valueName: "K=V"))
    var env: [KeyValue] = []

    @Option(
        help: ArgumentHelp(
            "A folder that the guest may read and write, under the same path or another.",
            valueName: "HOST[::GUEST]"
        )
    )
    var dir: [FolderMapping] = []

    @Option(help: "The most instructions to execute. (default: no limit)")
    var fuel: Int64?

    @Option(help: "The most linear memory, in bytes.")
    var memoryBytes: Int?

    @Option(help: "The longest time, in milliseconds. (default: no limit)")
    var timeoutMs: Int?

    @Argument(help: "The guest's arguments; put '--' before any that begin with a hyphen.")
    var arguments: [String] = []

    func validate() throws {
        if let fuel, fuel < 1 { throw ValidationError("--fuel must be at least 1") }
        if let memoryBytes, memoryBytes < 1 {
            throw ValidationError("--memory-bytes must be at least 1")
        }
        if let timeoutMs, timeoutMs < 1 { throw ValidationError("--timeout-ms must be at least 1") }
    }

    func run() throws {
        let options = RunOptions(
            file: file,
            environment: env.map { RunOptions.Variable(name: $0.key, value: $0.value) },
            directories: dir.map { RunOptions.Directory(host: $0.host, guest: $0.guest) },
            arguments: arguments,
            fuel: fuel,
            memoryBytes: memoryBytes,
            timeoutMilliseconds: timeoutMs
        )
        throw ExitCode(Daemon.runCommand(options))
    }
}

/// `HOST` or `HOST::GUEST`.
struct FolderMapping: ExpressibleByArgument {
    let host: String
    let guest: String

    init?(argument: String) {
        if let mark = argument.range(of: "::") {
            host = String(argument[..<mark.lowerBound])
            guest = String(argument[mark.upperBound...])
        } else {
            host = argument
            guest = argument
        }
        guard !host.isEmpty, !guest.isEmpty else { return nil }
    }
}
