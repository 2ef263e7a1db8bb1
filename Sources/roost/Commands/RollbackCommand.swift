import ArgumentParser
import Daemon
import Foundation

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Send plain traffic back to the version that had it before.",
        discussion: """
            While 'live' is split among versions, ends the split in favour of the first. Versions \
            that a rollback has left are passed over by the next one.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The version to go to. (default: the one before)")
    var version: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/functions/\(DaemonClient.segment(name))/rollback",
                    body: version.map { Data("{\"version\":\($0)}".utf8) }
                )
            )
            if output.json { return Output.writeJSON(response.body) }
            let alias = try DaemonClient.json(response)
            print(printable("\(name) is back at version \(alias["version"]?.text ?? "?")"))
        }
    }
}
