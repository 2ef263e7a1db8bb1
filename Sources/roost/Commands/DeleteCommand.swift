import ArgumentParser
import Foundation

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a function with all its versions.",
        discussion: "Its invocations and logs are kept until they are too old."
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            _ = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "DELETE",
                    path: "/v1/functions/\(DaemonClient.segment(name))"
                )
            )
            print("deleted \(name)")
        }
    }
}
