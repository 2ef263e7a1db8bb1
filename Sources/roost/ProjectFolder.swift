import Daemon
import Foundation

/// A folder that holds a function: its module, and perhaps `roost.json`.
struct ProjectFolder {
    /// The function's name: the file's, else the folder's.
    let name: String
    /// Where the module is.
    let module: URL
    /// The function's configuration; nil when the folder has no `roost.json`.
    let configuration: JSONValue?

    /// Looks into a folder.
    init(_ folder: URL) throws(Failure) {
        let project = try Self.projectFile(in: folder)
        name = project?.name ?? folder.standardizedFileURL.lastPathComponent
        configuration = project?.configuration
        if let named = project?.module {
            module = folder.appending(path: named)
        } else {
            module = try Self.onlyModule(in: folder)
        }
    }

    /// What the folder's `roost.json` says; nil without that.
    static func projectFile(in folder: URL) throws(Failure) -> ProjectFile? {
        let file = folder.appending(path: ProjectFile.fileName)
        guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else {
            return nil
        }
        do {
            return try ProjectFile(parsing: Data(contentsOf: file))
        } catch let failure as ProjectFile.Failure {
            throw Failure(code: .badData, message: "\(file.relativePath): \(failure)")
        } catch {
            throw Failure(
                code: .noInput,
                message: "cannot read \(file.relativePath): \(error.localizedDescription)"
            )
        }
    }

    /// Whether a path is that of a folder.
    static func isFolder(_ path: String) -> Bool {
        let values = try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey])
        return values?.isDirectory ?? false
    }

    private static func onlyModule(in folder: URL) throws(Failure) -> URL {
        let files: [URL]
        do {
            files = try FileManager.default.contentsOfDirectory(
                at: folder,
                includingPropertiesForKeys: nil
            )
        } catch {
            let reason = (error as NSError).localizedDescription
            throw Failure(code: .noInput, message: "cannot read \(folder.relativePath): \(reason)")
        }
        let modules = files.filter { ["wasm", "wat"].contains($0.pathExtension) }
            .sorted { $0.path < $1.path }
        guard let module = modules.first, modules.count == 1 else {
            let found = modules.map(\.lastPathComponent).joined(separator: ", ")
            throw Failure(
                code: .noInput,
                message: modules.isEmpty
                    ? "\(folder.relativePath) has no .wasm or .wat file"
                    : "\(folder.relativePath) has several modules (\(found)): "
                        + "name one by \"module\" in \(ProjectFile.fileName)"
            )
        }
        return module
    }
}
