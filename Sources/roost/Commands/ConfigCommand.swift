import ArgumentParser
import Daemon
import Foundation

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show or change a function's configuration.",
        discussion: """
            A change makes a new version with the same module.

              roost config hello --set limits.timeoutMs=2000 --set env.MODE=fast --unset env.DEBUG

            Values are JSON, or text when they are none; those of 'env' and 'headers' are always text. With --file, \
            the file's document takes the place of the whole configuration, comments allowed.
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: ArgumentHelp("A setting by its path.", valueName: "KEY=VALUE"))
    var set: [KeyValue] = []

    @Option(help: ArgumentHelp("A setting that goes back to its default.", valueName: "KEY"))
    var unset: [String] = []

    @Option(help: "A file with the whole configuration; '-' reads standard input.")
    var file: String?

    @Flag(name: .customLong("no-activate"), help: "Keep plain traffic on the version it uses now.")
    var staysInactive = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if file != nil, !set.isEmpty || !unset.isEmpty {
            throw ValidationError("--file goes with neither --set nor --unset")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            let client = try connection.makeClient()
            let path = "/v1/functions/\(DaemonClient.segment(name))/config"
            var request = DaemonClient.Request(path: path)
            if let file {
                request.method = "PUT"
                request.body = try JSONEncoder().encode(Self.document(file))
            } else if !set.isEmpty || !unset.isEmpty {
                request.method = "PATCH"
                request.body = try JSONEncoder().encode(patch)
            }
            if request.body != nil {
                request.headers = [(name: "Content-Type", value: "application/json")]
                request.query = staysInactive ? [(name: "activate", value: "false")] : []
                let version = try DaemonClient.json(client.control(request))
                for warning in version["warnings"]?.elements ?? [] {
                    Output.warn(printable(warning.text))
                }
                let state = version["active"] == .boolean(true) ? "live" : "not live"
                return print("\(name) version \(version["version"]?.text ?? "?"), \(state)")
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            Output.writeJSON(try encoder.encode(DaemonClient.json(client.control(request))))
        }
    }

    private static func document(_ path: String) throws -> JSONValue {
        let contents = try Output.input(path)
        do {
            return try ProjectFile(parsing: contents).configuration
        } catch {
            throw Failure(code: .badData, message: "\(path): \(error)")
        }
    }

    private var patch: JSONValue {
        var patch = JSONValue.object([:])
        for setting in set {
            let keys = Self.keys(of: setting.key)
            let isText = ["env", "headers"].contains(keys[0])
            let value = isText ? nil : Self.value(setting.value)
            patch = Self.setting(keys[...], to: value ?? .string(setting.value), in: patch)
        }
        for key in unset { patch = Self.setting(Self.keys(of: key)[...], to: .null, in: patch) }
        return patch
    }

    /// The parts of a path; the names of variables and header fields may have dots of their own.
    private static func keys(of path: String) -> [String] {
        let isNamed = path.hasPrefix("env.") || path.hasPrefix("headers.")
        return path.split(
            separator: ".",
            maxSplits: isNamed ? 1 : .max,
            omittingEmptySubsequences: false
        ).map(String.init)
    }

    private static func value(_ text: String) -> JSONValue? {
        try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    private static func setting(
        _ keys: ArraySlice<String>,
        to value: JSONValue,
        in document: JSONValue
    ) -> JSONValue {
        guard let key = keys.first else { return value }
        var members: [String: JSONValue] = [:]
        if case .object(let old) = document { members = old }
        members[key] = setting(keys.dropFirst(), to: value, in: members[key] ?? .object([:]))
        return .object(members)
    }
}
