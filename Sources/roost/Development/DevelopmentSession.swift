import Daemon
import Foundation
import Glibc
import Linux
import Synchronization

/// What `roost dev` does: builds and deploys a project, again after each change, while another thread
/// prints the function's log.
final class DevelopmentSession: Sendable {
    private let project: Project
    private let client: DaemonClient
    private let key: SigningKey?
    private let bar: ProgressBar
    private let build: Build

    /// For how long nothing may change before a build begins, in milliseconds: editors write a file in steps.
    private static let quietMilliseconds: Int32 = 100

    /// Makes one that signs what it deploys with a key, if there is one.
    init(_ project: Project, _ client: DaemonClient, key: SigningKey?, bar: ProgressBar) {
        self.project = project
        self.client = client
        self.key = key
        self.bar = bar
        build = Build(project)
    }

    /// Works until a signal ends the process, or the folder is gone.
    func run() throws {
        endProcessAtSignal()
        var watch = try FolderWatch(project.folder, ignoring: Project.ignores)
        var log: LogFollower?
        while true {
            let state = SourceState(of: project.folder)
            if let moment = try deployOrComplain(isFirst: log == nil), log == nil {
                log = LogFollower(project.name, client, bar: bar, since: moment)
                log?.start()
            }
            let changed = try waitForChange(since: state, &watch)
            let rest = changed.count > 3 ? " and \(changed.count - 3) more" : ""
            say("changed: \(changed.prefix(3).joined(separator: ", "))\(rest)", .dim)
        }
    }

    /// Waits until a source file differs from what was built last, and answers which do.
    ///
    /// What editors and compilers make and take away again is none.
    private func waitForChange(
        since state: SourceState,
        _ watch: inout FolderWatch
    ) throws -> [String] {
        while true {
            _ = try watch.wait(quietMilliseconds: Self.quietMilliseconds)
            let changed = SourceState(of: project.folder).changes(since: state)
            if !changed.isEmpty { return changed }
        }
    }

    /// Builds and deploys, and answers the daemon's time at that; nil when it failed.
    ///
    /// Throws when the daemon is out of reach and nothing has been deployed yet.
    private func deployOrComplain(isFirst: Bool) throws -> String? {
        do {
            let product = try build.run(bar)
            let response = try client.control(deploymentRequest(product))
            show(try DaemonClient.json(response))
            return response.header("Date")
        } catch let failure as Failure {
            if isFirst, failure.code == .unreachable || failure.code == .missingTool {
                throw failure
            }
            bar.above { Output.complain(failure.message) }
            return nil
        }
    }

    /// The upload of what was built, with the settings as they are now.
    private func deploymentRequest(_ product: String) throws -> DaemonClient.Request {
        var deployment = try deployment(product)
        deployment.key = key
        var request = try deployment.request()
        request.progress = bar
        return request
    }

    private func deployment(_ product: String) throws -> Deployment {
        guard product.hasSuffix(".wasm") else {
            // A script is deployed with the files beside it, its roost.json among them.
            return try Deployment(name: project.name, folder: FunctionFolder(project.folder))
        }
        let settings = try ProjectFolder.projectFile(in: URL(filePath: project.folder))
        return try Deployment(
            name: project.name,
            file: product,
            configuration: settings?.configuration
        )
    }

    private func show(_ version: JSONValue) {
        let warnings = version["warnings"]?.elements ?? []
        bar.above { warnings.forEach { Output.warn(printable($0.text)) } }
        let path = version["url"]?.text ?? ""
        var address = client.base.absoluteString
        while address.hasSuffix("/") { address.removeLast() }
        let number = version["version"]?.text ?? "?"
        let size = version["sizeBytes"]?.text ?? "?"
        say("\(project.name) version \(number), \(size) bytes, live at \(address)\(path)", .green)
    }

    private func say(_ line: String, _ style: Terminal.Style) {
        let text = Terminal.output.styled(printable(line), style) + "\n"
        bar.above { Output.write(Data(text.utf8)) }
    }

    /// Has a thread wait for the signals that end this, so that nothing is left half done: no
    /// compiler that goes on, no bar on the terminal.
    private func endProcessAtSignal() {
        ProcessSignals.block()
        // Whoever reads the log may go away.
        signal(SIGPIPE, SIG_DFL)
        let waiter = try? Linux.Thread.spawn(name: "signals") { [build, bar] in
            while case .reload = ProcessSignals.wait() {}
            build.stop()
            bar.clear()
            if Terminal.output.isInteractive { Output.write(Data("\n".utf8)) }
            exit(0)
        }
        // It lasts as long as the process.
        _ = consume waiter
    }
}
