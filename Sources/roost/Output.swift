import ArgumentParser
import Foundation
import Linux

/// Standard output and standard error of a command.
enum Output {
    /// Writes bytes as they are, and at once.
    static func write(_ data: Data) {
        // A reader that went away is the end of the command: SIGPIPE ends it, as it does `cat`.
        try? FileHandle.standardOutput.write(contentsOf: data)
    }

    /// Writes JSON as it came, with a line end.
    static func writeJSON(_ data: Data) {
        write(data)
        if data.last != UInt8(ascii: "\n") { write(Data("\n".utf8)) }
    }

    /// Writes a line to standard error that says what is wrong.
    static func complain(_ message: String) {
        writeError(Terminal.errors.styled("roost:", .red) + " \(message)\n")
    }

    /// Writes a line to standard error that says what is odd.
    static func warn(_ message: String) {
        let mark = Terminal.errors.styled("warning:", .yellow)
        writeError(Terminal.errors.styled("roost:", .yellow) + " \(mark) \(message)\n")
    }

    /// Writes text to standard error, and at once.
    static func writeError(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Runs a command's body; turns a failure into its line and its exit code.
    static func reportingFailures(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as Failure {
            complain(failure.message)
            throw ExitCode(failure.code.rawValue)
        } catch let error as SystemError {
            complain(error.description)
            throw ExitCode(Failure.Code.system.rawValue)
        }
    }

    /// The bytes of a file, or of standard input for `-`.
    static func input(_ path: String) throws -> Data {
        do {
            if path == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            let reason = (error as NSError).localizedDescription
            throw Failure(code: .noInput, message: "cannot read \(path): \(reason)")
        }
    }
}
