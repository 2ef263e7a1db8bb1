import Foundation

/// A folder under the system's temporary folder, removed when the test is done with it.
///
/// Its path leaves room for the file of a Unix-domain socket.
public final class ScratchFolder {
    /// The folder's path.
    public let path: String

    /// Makes an empty folder.
    public init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "roost-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path(percentEncoded: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The contents of a file in the folder; nil when there is none.
    public func text(of name: String) -> String? {
        FileManager.default.contents(atPath: file(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives a file in the folder its contents.
    public func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: file(name)))
    }

    /// Writes a program, by another process.
    ///
    /// Where this one has a file open to write it, a child that another test starts at that moment has it open as well,
    /// and until the child is something else nobody can run the program.
    public func writeProgram(_ text: String, to name: String) throws {
        let writer = Process()
        writer.executableURL = URL(filePath: "/bin/sh")
        writer.arguments = ["-c", #"printf '%s' "$1" > "$0" && chmod 755 "$0""#, file(name), text]
        try writer.run()
        writer.waitUntilExit()
        guard writer.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
