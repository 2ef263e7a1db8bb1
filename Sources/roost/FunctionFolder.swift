import Daemon
import Foundation

/// The files of a folder that belong to a function.
///
/// Not those whose names begin with a dot, and not what `.roostignore` at the folder's root names: a pattern a line,
/// with `*` and `?`. A pattern with a slash in it is compared with the path from the root, any other with
/// every name; one that ends with a slash is for folders only. Lines that begin with `#` are comments.
struct FunctionFolder {
    private let root: String
    private let patterns: [Pattern]

    /// The name of the file with patterns.
    static let ignoreName = ".roostignore"

    private struct Pattern {
        let text: String
        let isForFolders: Bool
        let isAnchored: Bool

        init?(_ line: Substring) {
            var text = line.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty, !text.hasPrefix("#") else { return nil }
            isForFolders = text.hasSuffix("/")
            if isForFolders { text.removeLast() }
            isAnchored = text.contains("/")
            if text.hasPrefix("/") { text.removeFirst() }
            self.text = text
        }

        func matches(_ path: String, isFolder: Bool) -> Bool {
            guard isFolder || !isForFolders else { return false }
            let name = isAnchored ? path : (path as NSString).lastPathComponent
            return Self.matches(Array(text), Array(name))
        }

        /// Whether a name is as a pattern has it: the place after the last `*` moves on until the rest fits.
        private static func matches(_ pattern: [Character], _ name: [Character]) -> Bool {
            var (place, index) = (0, 0)
            var star: (place: Int, index: Int)?
            while index < name.count {
                if place < pattern.count, pattern[place] == "*" {
                    star = (place, index)
                    place += 1
                } else if place < pattern.count,
                    pattern[place] == name[index] || (pattern[place] == "?" && name[index] != "/")
                {
                    place += 1
                    index += 1
                } else if let last = star, name[last.index] != "/" {
                    star = (last.place, last.index + 1)
                    (place, index) = (last.place + 1, last.index + 1)
                } else {
                    return false
                }
            }
            return pattern[place...].allSatisfy { $0 == "*" }
        }
    }

    /// Reads the patterns of a folder.
    init(_ path: String) throws {
        root = path
        let file = (path as NSString).appendingPathComponent(Self.ignoreName)
        let text =
            FileManager.default.fileExists(atPath: file)
            ? String(decoding: try Output.input(file), as: UTF8.self) : ""
        patterns = text.split(whereSeparator: \.isNewline).compactMap(Pattern.init)
    }

    /// Whether there is more than modules and a configuration.
    func needsArchive() throws -> Bool {
        try files().contains { file in
            file.path != ProjectFile.fileName && !file.path.hasSuffix(".wasm")
                && !file.path.hasSuffix(".wat")
        }
    }

    /// An archive of all files.
    func archive() throws -> Data { Data(TarWriter.archive(try files())) }

    /// All files by their paths from the root, in the order of those.
    func files() throws -> [(path: String, bytes: [UInt8])] {
        var files: [(path: String, bytes: [UInt8])] = []
        try visit("", &files)
        return files.sorted { $0.path < $1.path }
    }

    private func visit(
        _ folder: String,
        _ files: inout [(path: String, bytes: [UInt8])]
    ) throws {
        let place = (root as NSString).appendingPathComponent(folder)
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: place)
        } catch {
            throw Failure(code: .noInput, message: "cannot read \(place)")
        }
        for name in names where !name.hasPrefix(".") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let file = (root as NSString).appendingPathComponent(path)
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            let type = attributes?[.type] as? FileAttributeType
            let isFolder = type == .typeDirectory
            guard !patterns.contains(where: { $0.matches(path, isFolder: isFolder) }) else {
                continue
            }
            switch type {
            case .typeDirectory?: try visit(path, &files)
            case .typeRegular?: files.append((path, Array(try Output.input(file))))
            default:
                throw Failure(
                    code: .noInput,
                    message: "\(file) is neither a file nor a folder: remove it, or name it in "
                        + Self.ignoreName
                )
            }
        }
    }
}
