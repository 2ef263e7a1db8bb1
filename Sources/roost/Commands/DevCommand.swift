import ArgumentParser
import Daemon
import Foundation

struct DevCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Build and deploy a project, again after each change, and print its log.",
        discussion: """
            When a build or a deployment fails, the version before goes on serving. 'roost build --help' tells how \
            projects are built. Ctrl-C ends it; the function stays.
            """
    )

    @Argument(help: "The project's folder.")
    var folder = "."

    @Option(help: "The function's name. (default: the folder's)")
    var name: String?

    @Option(help: ArgumentHelp("The key file to sign uploads with.", valueName: "keyfile"))
    var key: String?

    @OptionGroup var progress: ProgressOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            let project = try Project(folder: folder, name: name)
            let client = try connection.makeClient()
            let key = try key.map { try SigningKey.read($0) }
            let bar = progress.makeBar()
            try DevelopmentSession(project, client, key: key, bar: bar).run()
        }
    }
}
