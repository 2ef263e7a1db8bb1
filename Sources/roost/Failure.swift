import Daemon
import Foundation

/// Why a command ends without success: a line for the reader and an exit code for scripts.
struct Failure: Error {
    /// The codes that the top-level help lists, after sysexits.h.
    enum Code: Int32 {
        case refused = 1
        case badData = 65
        case noInput = 66
        case unreachable = 69
        case system = 71
        case missingTool = 72
        case cannotCreate = 73
        case protocolError = 76
    }

    let code: Code
    let message: String
}

/// A problem document (RFC 9457), as one line; for a script that failed, with what it wrote in further lines.
struct Problem {
    let line: String

    /// Reads a body; a body that is no problem document is shown as far as it fits a line.
    init(status: Int, body: Data) {
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: body),
            case .object(let members) = json
        else {
            let text = String(decoding: body.prefix(300), as: UTF8.self)
            let firstLine = text.split(whereSeparator: \.isNewline).first.map(String.init)
            line = "\(status): \(printable(firstLine ?? "no further reason given"))"
            return
        }
        var line = "\(status)"
        if let title = members["title"]?.text { line += " \(title)" }
        if let detail = members["detail"]?.text { line += ": \(detail)" }
        // What an invalid module adds: where, which rule, what is missing.
        var standard: Set = ["type", "title", "status", "detail", "instance", "requestId"]
        // The detail names them all.
        standard.formUnion(["imports", "key"])
        let output = members["output"]?.text
        // The detail has them, and the stack says it again.
        if output != nil { standard.formUnion(["column", "file", "line", "message", "output"]) }
        let extras = members.filter { !standard.contains($0.key) && $0.value.text != "" }
            .sorted { $0.key < $1.key }
            .map { "\($0.key): \($0.value.text)" }
        if !extras.isEmpty { line += " (\(extras.joined(separator: ", ")))" }
        if let id = members["requestId"]?.text { line += " [request \(id)]" }
        let lines = [line] + (output?.split(separator: "\n").map { "  \($0)" } ?? [])
        self.line = lines.map(printable).joined(separator: "\n")
    }
}

/// The text with control characters replaced: a daemon or a guest must not steer the terminal.
func printable(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                let isControl = scalar.properties.generalCategory == .control && scalar != "\t"
                return isControl ? "\u{fffd}" : scalar
            }
        )
    )
}
