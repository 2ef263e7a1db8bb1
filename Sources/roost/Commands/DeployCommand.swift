import ArgumentParser
import Daemon
import Foundation

struct DeployCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Upload a module as a function's new version.",
        discussion: """
            Makes the function if there is none. The same bytes and settings again change nothing. \
            Settings that are not given stay as they are. A setting that changes makes one more \
            version, with the same module.
            """
    )

    @Argument(help: "The function: lower-case letters, digits and hyphens.")
    var name: String

    @Argument(help: "The module, as .wasm or .wat; '-' reads standard input.")
    var file: String

    @Option(help: ArgumentHelp("An environment variable of the function.", valueName: "K=V"))
    var env: [KeyValue] = []

    @Option(help: "The longest that one invocation may take, in milliseconds.")
    var timeoutMs: Int?

    @Option(help: ArgumentHelp("The key file to sign the upload with.", valueName: "keyfile"))
    var key: String?

    @Flag(name: .customLong("no-activate"), help: "Keep plain traffic on the version it uses now.")
    var staysInactive = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let timeoutMs, timeoutMs < 1 { throw ValidationError("--timeout-ms must be at least 1") }
    }

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            let module = try Output.input(file)
            let path = "/v1/functions/\(DaemonClient.segment(name))"
            let query = staysInactive ? [(name: "activate", value: "false")] : []
            let isText = !module.starts(with: [0x00, 0x61, 0x73, 0x6d]) && file.hasSuffix(".wat")
            var response = try client.control(
                DaemonClient.Request(
                    method: "PUT",
                    path: path,
                    query: query,
                    headers: [
                        (name: "Content-Type", value: isText ? "text/wat" : "application/wasm")
                    ] + (try signature(of: module)),
                    body: module
                )
            )
            if let settings {
                let uploaded = try DaemonClient.json(response)
                let version = uploaded["version"]?.text ?? ""
                response = try client.control(
                    DaemonClient.Request(
                        method: "PATCH",
                        path: "\(path)/config",
                        query: query + [(name: "version", value: version)],
                        headers: [(name: "Content-Type", value: "application/json")],
                        body: try JSONEncoder().encode(settings)
                    )
                )
                guard try DaemonClient.json(response)["digest"] == uploaded["digest"] else {
                    throw Failure(
                        code: .protocolError,
                        message: "the settings went to another version than the one uploaded"
                    )
                }
            }
            try show(response, client: client)
        }
    }

    /// The field that shows who has signed the upload; none without a key.
    private func signature(of file: Data) throws -> [(name: String, value: String)] {
        guard let key else { return [] }
        let value = try SigningKey.read(key).signature(of: file)
        return [(name: SigningKey.fieldName, value: value)]
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

    private func show(_ response: DaemonClient.Response, client: DaemonClient) throws {
        if output.json { return Output.writeJSON(response.body) }
        let version = try DaemonClient.json(response)
        for warning in version["warnings"]?.elements ?? [] {
            Output.complain("warning: \(printable(warning.text))")
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
