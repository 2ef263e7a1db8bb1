import ArgumentParser
import Daemon
import Foundation

struct DeployCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Upload a module, a script or a folder as a function's new version.",
        discussion: """
            Makes the function if there is none. The same bytes and settings again change nothing.

            A folder is deployed with its roost.json: 'roost deploy FOLDER', or 'roost deploy NAME FOLDER'. The file \
            holds the function's whole configuration, and may name the function ("name"), the module or script \
            ("module") and the runtime of a script ("runtime"); without, the function has the folder's name, and what \
            is run is the folder's only module (.wasm, .wat), or else its only script (.js, .py). The other files of \
            the folder are the function's, which finds them beneath '/': not those that begin with a dot, or that \
            '.roostignore' names. All of it becomes one version.

            For a module alone, and a folder without roost.json, settings that are not given stay as they are.
            """
    )

    @Argument(help: "The function: lower-case letters, digits and hyphens; or a folder.")
    var name: String

    @Argument(
        help: "A module (.wasm, .wat), a script (.js, .py), a folder, or '-' for standard input."
    )
    var file: String?

    @Option(help: ArgumentHelp("An environment variable of the function.", valueName: "K=V"))
    var env: [KeyValue] = []

    @Option(help: "The longest that one invocation may take, in milliseconds.")
    var timeoutMs: Int?

    @Option(help: ArgumentHelp("The key file to sign the upload with.", valueName: "keyfile"))
    var key: String?

    @Flag(name: .customLong("no-activate"), help: "Keep plain traffic on the version it uses now.")
    var staysInactive = false

    @Option(help: "The runtime of a script, if it is not that of its language.")
    var runtime: String?

    @OptionGroup var progress: ProgressOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if file == nil, !ProjectFolder.isFolder(name) {
            throw ValidationError("'\(name)' is no folder: give the module too")
        }
        if let timeoutMs, timeoutMs < 1 { throw ValidationError("--timeout-ms must be at least 1") }
    }

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            var deployment = try deployment()
            deployment.patch = try settings.map { try JSONEncoder().encode($0) }
            deployment.key = try key.map { try SigningKey.read($0) }
            var request = try deployment.request()
            if staysInactive { request.query.append((name: "activate", value: "false")) }
            if let runtime { request.query.append((name: "runtime", value: runtime)) }
            request.progress = progress.makeBar()
            try show(client.control(request), name: deployment.name)
        }
    }

    private func deployment() throws -> Deployment {
        if let file, !ProjectFolder.isFolder(file) {
            return try Deployment(name: name, file: file, runtime: runtime)
        }
        let place = URL(filePath: file ?? name)
        let files = try FunctionFolder(place.path(percentEncoded: false))
        if try files.needsArchive() {
            let project = try ProjectFolder.projectFile(in: place)
            let called = project?.name ?? place.standardizedFileURL.lastPathComponent
            return try Deployment(name: file == nil ? called : name, folder: files)
        }
        let folder = try ProjectFolder(place)
        return try Deployment(
            name: file == nil ? folder.name : name,
            file: folder.module.path(percentEncoded: false),
            configuration: folder.configuration
        )
    }

    private struct Settings: Encodable {
        struct Limits: Encodable { var timeoutMs: Int }

        var env: [String: String]?
        var limits: Limits?
    }

    private var settings: Settings? {
        guard !env.isEmpty || timeoutMs != nil else { return nil }
        let variables = env.reduce(into: [:]) { $0[$1.key] = $1.value }
        return Settings(
            env: variables.isEmpty ? nil : variables,
            limits: timeoutMs.map(Settings.Limits.init)
        )
    }

    private func show(_ response: DaemonClient.Response, name: String) throws {
        if output.json { return Output.writeJSON(response.body) }
        let version = try DaemonClient.json(response)
        for warning in version["warnings"]?.elements ?? [] {
            Output.warn(printable(warning.text))
        }
        let isActive = version["active"] == .boolean(true)
        var line = "\(name) version \(version["version"]?.text ?? "?")"
        if let size = version["sizeBytes"]?.text { line += ", \(size) bytes" }
        if let interface = version["interface"]?.text { line += ", \(interface)" }
        line += isActive ? ", live" : ", not live"
        if isActive, let url = version["url"]?.text { line += " at \(url)" }
        print(printable(line))
    }
}
