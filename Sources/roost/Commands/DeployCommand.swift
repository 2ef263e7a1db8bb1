import ArgumentParser
import Daemon
import Foundation

struct DeployCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Upload a module as a function's new version.",
        discussion: """
            Makes the function if there is none. The same bytes and settings again change nothing.

            A folder is deployed with its roost.json: 'roost deploy FOLDER', or 'roost deploy NAME FOLDER'. The file \
            holds the function's whole configuration, and may name the function ("name") and the module ("module"); \
            without, the function has the folder's name, and the module is the folder's only .wasm or .wat file. \
            Module and configuration become one version.

            For a module alone, and a folder without roost.json, settings that are not given stay as they are.
            """
    )

    @Argument(help: "The function: lower-case letters, digits and hyphens; or a folder.")
    var name: String

    @Argument(help: "The module, as .wasm or .wat, or a folder; '-' reads standard input.")
    var file: String?

    @Option(help: ArgumentHelp("An environment variable of the function.", valueName: "K=V"))
    var env: [KeyValue] = []

    @Option(help: "The longest that one invocation may take, in milliseconds.")
    var timeoutMs: Int?

    @Option(help: ArgumentHelp("The key file to sign the upload with.", valueName: "keyfile"))
    var key: String?

    @Flag(name: .customLong("no-activate"), help: "Keep plain traffic on the version it uses now.")
    var staysInactive = false

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
            let source = try source()
            let client = try connection.makeClient()
            let module = try Output.input(source.module)
            let isText =
                !module.starts(with: [0x00, 0x61, 0x73, 0x6d]) && source.module.hasSuffix(".wat")
            let type = isText ? "text/wat" : "application/wasm"
            var request = DaemonClient.Request(
                method: "PUT",
                path: "/v1/functions/\(DaemonClient.segment(source.name))",
                query: staysInactive ? [(name: "activate", value: "false")] : []
            )
            if source.configuration == nil, settings == nil {
                request.headers = [(name: "Content-Type", value: type)]
                request.body = module
            } else {
                var form = FormBody()
                form.add("module", module, type: type)
                let encoder = JSONEncoder()
                if let configuration = source.configuration {
                    form.add("config", try encoder.encode(configuration), type: "application/json")
                }
                if let settings {
                    form.add("patch", try encoder.encode(settings), type: "application/json")
                }
                request.headers = [(name: "Content-Type", value: form.contentType)]
                request.body = form.data
            }
            request.headers += try signature(of: module)
            request.progress = progress.makeBar()
            try show(client.control(request), name: source.name)
        }
    }

    /// The field that shows who has signed the upload; none without a key.
    private func signature(of file: Data) throws -> [(name: String, value: String)] {
        guard let key else { return [] }
        let value = try SigningKey.read(key).signature(of: file)
        return [(name: SigningKey.fieldName, value: value)]
    }

    /// What is deployed, and under which name.
    private struct Source {
        let name: String
        let module: String
        var configuration: JSONValue?
    }

    private func source() throws -> Source {
        if let file, !ProjectFolder.isFolder(file) { return Source(name: name, module: file) }
        let folder = try ProjectFolder(URL(filePath: file ?? name))
        return Source(
            name: file == nil ? folder.name : name,
            module: folder.module.path(percentEncoded: false),
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
