import ArgumentParser
import Daemon
import Foundation
import Synchronization

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write functions to a file, with all their versions.",
        discussion: """
            The file is an SQLite database of mode 0600, made while the daemon serves, as things are at one moment. \
            It has the functions' environment variables in it. A file of the name is replaced once the new one is \
            complete. 'roost import' reads it.
            """
    )

    @Argument(help: "The file to write.")
    var file: String

    @Option(
        name: .customLong("function"),
        parsing: .upToNextOption,
        help: ArgumentHelp("Only these functions.", valueName: "name")
    )
    var functions: [String] = []

    @Flag(
        help: "Secrets as well, sealed: only a daemon that has the same key file can open them."
    )
    var withSecrets = false

    @Flag(help: "Records of invocations as well, with their log lines.")
    var withRecords = false

    @Flag(name: .shortAndLong, help: "Show no progress bar.")
    var quiet = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Output.reportingFailures {
            var query: [(name: String, value: String)] = []
            if !functions.isEmpty { query.append(("functions", functions.joined(separator: ","))) }
            if withSecrets { query.append(("secrets", "true")) }
            if withRecords { query.append(("records", "true")) }
            let target = try NewFile(file)
            let bar = Mutex(ProgressBar(quiet: quiet))
            do {
                try connection.makeClient().download(
                    DaemonClient.Request(path: "/v1/export", query: query)
                ) { data, expected in
                    let count = target.append(data)
                    bar.withLock {
                        $0.show("exporting", done: count, of: Int(clamping: expected))
                    }
                }
                bar.withLock { $0.clear() }
                try target.finish()
            } catch {
                bar.withLock { $0.clear() }
                target.discard()
                throw error
            }
            if output.json {
                Output.writeJSON(
                    try JSONEncoder().encode(["file": file, "bytes": "\(target.byteCount)"])
                )
            } else {
                print(printable("\(file): \(target.byteCount) bytes"))
            }
        }
    }
}

/// A file that takes the place of another one when it is complete.
private final class NewFile: Sendable {
    private struct State {
        var handle: FileHandle?
        var byteCount = 0
        var failure: String?
    }

    private let path: String
    private let temporaryPath: String
    private let state: Mutex<State>

    init(_ path: String) throws {
        self.path = path
        temporaryPath = "\(path).part"
        // Whatever is left of an export that was interrupted.
        try? FileManager.default.removeItem(atPath: temporaryPath)
        let isMade = FileManager.default.createFile(
            atPath: temporaryPath,
            contents: nil,
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, let handle = FileHandle(forWritingAtPath: temporaryPath) else {
            throw Failure(code: .cannotCreate, message: "cannot write \(printable(temporaryPath))")
        }
        state = Mutex(State(handle: handle))
    }

    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Returns how many bytes there are now.
    func append(_ data: Data) -> Int {
        state.withLock { state in
            do {
                try state.handle?.write(contentsOf: data)
                state.byteCount += data.count
            } catch {
                state.failure = state.failure ?? (error as NSError).localizedDescription
            }
            return state.byteCount
        }
    }

    /// Makes sure that the file is an export, that it is on disk, and gives it its name.
    func finish() throws {
        let failure = state.withLock { state in
            do {
                try state.handle?.synchronize()
                try state.handle?.close()
            } catch {
                state.failure = state.failure ?? (error as NSError).localizedDescription
            }
            return state.failure
        }
        if let failure {
            throw Failure(
                code: .cannotCreate,
                message: "cannot write \(printable(path)): \(failure)"
            )
        }
        let head = FileHandle(forReadingAtPath: temporaryPath)?.readData(ofLength: 16)
        guard head == Data("SQLite format 3\0".utf8) else {
            throw Failure(code: .protocolError, message: "the daemon's answer is not an export")
        }
        do {
            try replaceFile(path, with: temporaryPath)
        } catch {
            throw Failure(code: .cannotCreate, message: "cannot write \(printable(path)): \(error)")
        }
    }

    func discard() { try? FileManager.default.removeItem(atPath: temporaryPath) }
}
