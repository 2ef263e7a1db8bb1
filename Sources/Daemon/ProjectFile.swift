package import Foundation
import Linux
import Platform

/// The file `roost.json` beside a module: which module it is about, and the function's configuration.
///
/// Comments and trailing commas are allowed. Every key but `name`, `module` and `runtime` is one of a configuration.
package struct ProjectFile {
    /// The file's name.
    package static let fileName = "roost.json"

    /// The function's name; nil: the folder's.
    package var name: String?

    /// The module's file, relative to the folder; nil: the only one there is.
    package var module: String?

    /// The runtime of a script; nil: its language's.
    package var runtime: String?

    /// The function's whole configuration.
    package var configuration: JSONValue

    /// Why a file is not used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads the file's contents; throws a `Failure` that names the key that is wrong.
    package init(parsing contents: Data) throws {
        do {
            let json = try JSONValue(parsing: contents, allowsJSON5: true)
            var reader = try ObjectReader(json, at: "")
            name = try reader.string("name")
            module = try reader.string("module")
            runtime = try reader.string("runtime")
            var settings = FunctionConfiguration()
            try settings.read(&reader)
            try reader.finish()
            try settings.validate(.highest)
            var members = json.members ?? [:]
            members["name"] = nil
            members["module"] = nil
            members["runtime"] = nil
            configuration = .object(members)
        } catch {
            throw Failure(description: "\(error)")
        }
    }
}

/// Asks for a value that is not shown.
package enum HiddenInput {
    /// Reads a line from the terminal without an echo; nil when it was given up.
    package static func readLine(prompt: String) -> String? {
        try? StandardStream.error.writeAll(Array(prompt.utf8))
        defer { try? StandardStream.error.writeAll([0x0a]) }
        let line = try? Terminal.readHiddenLine()
        return line.map { String(decoding: $0, as: UTF8.self) }
    }
}
