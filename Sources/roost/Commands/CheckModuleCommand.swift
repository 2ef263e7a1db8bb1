import ArgumentParser
import Daemon

/// What the daemon starts in a process of its own for each upload.
struct CheckModuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-module",
        abstract: "Check the module on standard input.",
        shouldDisplay: false
    )

    @Argument(help: "The most memory, in bytes; then the most processor time, in seconds.")
    var limits: [String] = []

    func run() throws {
        throw ExitCode(Daemon.checkModule(arguments: limits))
    }
}
