import Foundation

/// The program under test, run as a process of its own.
enum Program {
    /// The tests' own program stands in the same folder.
    static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
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
    ///
    /// What it logs goes to the file `log`, if there is one.
    static func serve(
        data: URL,
        listen: String = "127.0.0.1:0",
        arguments: [String] = [],
        environment: [String: String] = [:],
        log: FileHandle = .nullDevice
    ) throws -> (process: Process, url: String) {
        let process = Process()
        process.executableURL = executable
        process.arguments =
            [
                "serve", "--data", data.path(percentEncoded: false), "--listen", listen,
                "--workers", "1",
            ] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardError = log
        return (process, try start(process))
    }

    /// Starts the daemon as a service manager does that has opened its sockets: two, of the names
    /// `web` and `admin`.
    static func activate(
        data: URL,
        sockets: (web: Int32, admin: Int32)
    ) throws -> (process: Process, url: String) {
        let process = Process()
        // Children get their standard streams and no other descriptor: the shell moves them.
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            exec 3<&0 4<&2 0</dev/null 2>/dev/null
            export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:admin
            exec "$@"
            """,
            "sh", executable.path(percentEncoded: false), "serve", "--data",
            data.path(percentEncoded: false), "--listen", "192.0.2.1:1", "--workers", "2",
        ]
        process.standardInput = FileHandle(fileDescriptor: sockets.web, closeOnDealloc: false)
        process.standardError = FileHandle(fileDescriptor: sockets.admin, closeOnDealloc: false)
        return (process, try start(process))
    }

    /// Starts a process that is a daemon, and waits for the line that says where it listens.
    static func start(_ process: Process) throws -> String {
        let output = Pipe()
        process.standardOutput = output
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
        return text.replacing("listening on ", with: "")
    }
}
