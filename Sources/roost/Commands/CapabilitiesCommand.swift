import ArgumentParser
import Daemon
import Foundation

struct CapabilitiesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capabilities",
        abstract: "Say what a module may do: what it imports, and what that is for.",
        discussion: """
            A module can do nothing beyond computing but what it imports. A file, which is told from a name by \
            its ending or a slash, is looked at here and needs no daemon.
            """
    )

    @Argument(help: "The function, or a module's file: .wasm, .wat.")
    var subject: String

    @Option(help: "The function's version; else the live one.")
    var version: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    private var isFile: Bool {
        subject.contains("/") || subject.hasSuffix(".wasm") || subject.hasSuffix(".wat")
    }

    func validate() throws {
        if [".js", ".mjs", ".py"].contains(where: subject.hasSuffix) {
            throw ValidationError(
                "a script may do what its runtime may: look at the function that it is deployed as"
            )
        }
        if let version, version < 1 { throw ValidationError("--version must be at least 1") }
        if isFile, version != nil { throw ValidationError("a file has no versions") }
    }

    func run() throws {
        try Output.reportingFailures {
            let report = try isFile ? reportOnFile() : reportOnFunction()
            if output.json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return Output.writeJSON(try encoder.encode(report))
            }
            let capabilities = report["capabilities"]?.elements ?? []
            if capabilities.isEmpty { print("It only computes: it imports nothing.") }
            for capability in capabilities {
                let summary = printable(capability["summary"]?.text ?? "")
                let note = capability["note"].map { " (\(printable($0.text)))" } ?? ""
                print(Terminal.output.styled(summary, .bold) + note)
                for name in capability["imports"]?.elements ?? [] {
                    print("    \(printable(name.text))")
                }
            }
            let refused = report["refused"]?.elements ?? []
            if refused.isEmpty { return }
            print(Terminal.output.styled("is refused at deployment", .bold))
            for reason in refused { print("    \(printable(reason.text))") }
        }
    }

    private func reportOnFunction() throws -> JSONValue {
        let path = "/v1/functions/\(DaemonClient.segment(subject))/capabilities"
        let query = version.map { [(name: "version", value: "\($0)")] } ?? []
        let request = DaemonClient.Request(path: path, query: query)
        return try DaemonClient.json(try connection.makeClient().control(request))
    }

    private func reportOnFile() throws -> JSONValue {
        do throws(CapabilityReport.Failure) {
            return try CapabilityReport.file(subject)
        } catch {
            throw Failure(code: error.isUnreadable ? .noInput : .refused, message: error.message)
        }
    }
}
