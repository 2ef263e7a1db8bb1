import Foundation
import HTTP
import Platform
import Store

/// What a body of `PUT /v1/functions/{name}` or `PUT /v1/runtimes/{name}` holds, by its media type.
enum CodeUpload {
    /// A module in the binary or the text format.
    case module([UInt8], ModuleCheck.Format)
    /// A script of a language; nil when the request names the runtime.
    case script([UInt8], ScriptLanguage?)
    /// A tar archive.
    case archive(CodeArchive)
}

/// The files of an archive: the one that is run, those that the guest finds, and the settings beside them.
struct CodeArchive {
    /// The path of the module or script.
    let main: String
    /// The bytes of the module or script.
    let mainBytes: [UInt8]
    /// All files but module and settings; a script is among them.
    let files: [StoredFile]
    /// What `roost.json` says apart from `name`, `module` and `runtime`; nil when there is none.
    let settings: JSONValue?
    /// The runtime that `roost.json` names.
    let runtime: String?

    /// Whether a module is run, and not a script.
    var isModule: Bool { Self.isModule(main) }

    private static func isModule(_ path: String) -> Bool {
        path.hasSuffix(".wasm") || path.hasSuffix(".wat")
    }

    /// Tells what is what in an archive.
    ///
    /// What is run is what `roost.json` names as `module`, else the only module at the root, else the only
    /// script there, or `main` or `index` or `app` among several.
    init(_ archive: [StoredFile]) throws(Problem) {
        let document = archive.first { $0.path == ProjectFile.fileName }
        var settings: [String: JSONValue]?
        if let document { settings = try Self.settings(document.bytes) }
        let named = try Self.string("module", from: &settings)
        runtime = try Self.string("runtime", from: &settings)
        // It is the client's: a function has the name that it is put at.
        _ = try Self.string("name", from: &settings)
        self.settings = settings.map { .object($0) }
        let others = archive.filter { $0.path != ProjectFile.fileName }
        let main: StoredFile
        if let named {
            main = try Self.named(named, others)
        } else {
            main = try Self.candidate(others)
        }
        self.main = main.path
        mainBytes = main.bytes
        let isModule = Self.isModule(main.path)
        files = isModule ? others.filter { $0.path != main.path } : others
    }

    private static func named(
        _ name: String,
        _ files: [StoredFile]
    ) throws(Problem) -> StoredFile {
        let path = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
        guard let file = files.first(where: { $0.path == path }) else {
            throw .badArchive("roost.json names the module '\(name)', which is not in the archive")
        }
        return file
    }

    private static func candidate(_ files: [StoredFile]) throws(Problem) -> StoredFile {
        let root = files.filter { !$0.path.contains("/") }
        let modules = root.filter { isModule($0.path) }
        let scripts = root.filter { ScriptLanguage(fileName: $0.path) != nil }
        let usual = scripts.filter { file in
            ["main.", "index.", "app."].contains { file.path.hasPrefix($0) }
        }
        for candidates in [modules, usual.count == 1 ? usual : scripts] {
            if candidates.count == 1 { return candidates[0] }
            guard candidates.isEmpty else {
                let names = candidates.prefix(5).map(\.path).joined(separator: ", ")
                throw .badArchive(
                    "there are several modules or scripts at the archive's root (\(names)): name one as "
                        + "'module' in roost.json"
                )
            }
        }
        throw .badArchive("there is no module (.wasm, .wat) or script at the archive's root")
    }

    private static func settings(_ bytes: [UInt8]) throws(Problem) -> [String: JSONValue] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, allowsJSON5: true)
        } catch {
            throw .badArchive("roost.json: \(error)")
        }
        guard let members = document.members else {
            throw .badArchive("roost.json should be an object")
        }
        return members
    }

    private static func string(
        _ key: String,
        from settings: inout [String: JSONValue]?
    ) throws(Problem) -> String? {
        guard let value = settings?.removeValue(forKey: key) else { return nil }
        guard let text = value.string else {
            throw .badArchive("roost.json: \(key) should be a string")
        }
        return text
    }
}

extension Problem {
    /// An archive that is refused.
    static func badArchive(_ detail: String) -> Problem {
        .unprocessable("bad-archive", "Bad archive", detail)
    }

    /// An archive that is not well-formed, or holds what it must not.
    static func badArchive(_ error: TarError) -> Problem {
        var problem = badArchive("the archive is refused: \(error)")
        problem.members["member"] = JSONValue(error.member)
        problem.members["offset"] = JSONValue(error.offset)
        return problem
    }
}

extension ControlAPI {
    /// Takes an upload apart; refuses what is nothing of it at a glance.
    ///
    /// `hasRuntime` says that the request names a runtime: what is of no type that is known is a script then.
    func codeUpload(_ upload: Upload, hasRuntime: Bool) throws(Problem) -> CodeUpload {
        let type = upload.contentType
        let essence = type.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        switch essence {
        case "application/wasm", "application/octet-stream":
            return .module(try Self.module(upload.body, .binary), .binary)
        case "text/wat":
            return .module(try Self.module(upload.body, .text), .text)
        case "application/x-tar", "application/tar":
            guard !upload.body.isEmpty else { throw .badArchive("the body is empty") }
            return .archive(try CodeArchive(try Self.files(of: upload.body)))
        default:
            let language = ScriptLanguage(mediaType: essence)
            guard language != nil || hasRuntime else {
                throw .notWasm(
                    "Content-Type is '\(essence)' when it should be application/wasm, text/wat, "
                        + "application/x-tar, text/javascript or text/x-python"
                )
            }
            return .script(upload.body, language)
        }
    }

    private static func files(of archive: [UInt8]) throws(Problem) -> [StoredFile] {
        do throws(TarError) {
            return try TarReader.files(of: archive)
        } catch {
            throw .badArchive(error)
        }
    }
}
