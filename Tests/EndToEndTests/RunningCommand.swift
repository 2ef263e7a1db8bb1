import Foundation

/// A command that goes on, whose output is read as it comes.
final class RunningCommand {
    private let process = Process()
    private let pipe = Pipe()
    /// Standard output and standard error, as far as they were read.
    private(set) var output = ""

    /// Starts the program under test.
    init(_ arguments: [String], environment: [String: String]) throws {
        process.executableURL = Program.executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        try pipe.fileHandleForWriting.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Reads until a text has come since the last call, and answers what came; throws at the end of the output.
    @discardableResult
    func wait(for text: String) throws -> String {
        var seen = ""
        while !seen.contains(text) {
            let data = pipe.fileHandleForReading.availableData
            if data.isEmpty {
                throw CocoaError(
                    .fileReadUnknown,
                    userInfo: [NSLocalizedDescriptionKey: "no '\(text)' in: \(output)"]
                )
            }
            seen += String(decoding: data, as: UTF8.self)
            output += String(decoding: data, as: UTF8.self)
        }
        return seen
    }

    /// Sends a signal, reads the rest, and answers the exit code; nil when a signal ended it.
    func end(by signal: Int32) throws -> Int32? {
        kill(process.processIdentifier, signal)
        let rest = try pipe.fileHandleForReading.readToEnd() ?? Data()
        output += String(decoding: rest, as: UTF8.self)
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }
}
