import ArgumentParser
import Foundation

/// The options of every command that talks to a daemon.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The daemon's address. [env: ROOST_URL] (default: http://127.0.0.1:8080)")
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The control plane's token. [env: ROOST_TOKEN]",
            discussion: "Others on this machine can see a command line: prefer the variable."
        )
    )
    var token: String?

    @OptionGroup var folder: DataFolderOptions

    /// The client for the daemon that the options and the environment name.
    func makeClient() throws -> DaemonClient {
        let variable = ProcessInfo.processInfo.environment["ROOST_TOKEN"]
        return DaemonClient(
            base: try daemonAddress(option: url),
            token: token ?? variable ?? storedToken
        )
    }

    // A folder that is not there or not ours holds no token for us: the daemon then says what it
    // misses, or runs without.
    private var storedToken: String? {
        let file = URL(fileURLWithPath: folder.path).appendingPathComponent("token")
        guard let data = try? Data(contentsOf: file) else { return nil }
        let token = String(decoding: data, as: UTF8.self).prefix { !$0.isWhitespace }
        return token.isEmpty ? nil : String(token)
    }
}

/// The address that the option or the environment names.
func daemonAddress(option: String?) throws -> URL {
    let variable = ProcessInfo.processInfo.environment["ROOST_URL"]
    let text = option ?? variable ?? "http://127.0.0.1:8080"
    guard let base = URL(string: text), base.host != nil,
        base.scheme == "http" || base.scheme == "https"
    else { throw ValidationError("'\(text)' is not an http or https URL") }
    return base
}

/// Where Roost keeps its data.
struct DataFolderOptions: ParsableArguments {
    @Option(
        help:
            "The data folder. [env: ROOST_DATA] (default: $XDG_DATA_HOME/roost or ~/.local/share/roost)"
    )
    var data: String?

    /// The folder that the option, the environment or the XDG base directories name.
    var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let data = data ?? environment["ROOST_DATA"] { return data }
        // The XDG specification has relative paths ignored.
        if let home = environment["XDG_DATA_HOME"], home.hasPrefix("/") { return "\(home)/roost" }
        return "\(environment["HOME"] ?? NSHomeDirectory())/.local/share/roost"
    }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the daemon's JSON instead of text.")
    var json = false
}

/// A `KEY=VALUE` argument.
struct KeyValue: ExpressibleByArgument {
    let key: String
    let value: String

    init?(argument: String) {
        guard let split = argument.firstIndex(of: "="), split != argument.startIndex else {
            return nil
        }
        key = String(argument[..<split])
        value = String(argument[argument.index(after: split)...])
    }
}
