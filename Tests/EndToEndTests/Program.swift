import Foundation

/// The program under test, run as a process of its own.
enum Program {
    /// The tests' own program stands in the same folder.
    private static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "roost")

    /// What a run that ended printed.
    struct Result {
        let exitCode: Int32
        let output: String
        let errors: String
    }

    /// The committed module of a sample function.
    static func sample(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../functions/\(name)/\(name).wasm"
        ).standardizedFileURL.path(percentEncoded: false)
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Result {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (inputPipe, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = inputPipe
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        try inputPipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try inputPipe.fileHandleForWriting.close()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        let complained = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(
            exitCode: process.terminationStatus,
            output: String(decoding: printed, as: UTF8.self),
            errors: String(decoding: complained, as: UTF8.self)
        )
    }

    /// Starts the daemon and waits for the line that says where it listens.
    static func serve(data: URL) throws -> (process: Process, url: String) {
        let process = Process()
        process.executableURL = executable
        process.arguments = [
            "serve", "--data", data.path(percentEncoded: false), "--listen", "127.0.0.1:0",
            "--workers", "1",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
            else {
                throw CocoaError(.executableLoad)
            }
            line += byte
        }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)
        return (process, text.replacing("listening on ", with: ""))
    }
}
