import Daemon
import Foundation

/// A folder with a function's source.
struct Project {
    /// How it is built.
    enum Recipe: Equatable {
        /// By an executable file of the folder, given as a path, which leaves a module there.
        case script(String)
        /// As is usual for a language.
        case language(Language)
    }

    /// The script that builds a folder, when there is one.
    static let scriptName = "build"

    /// The folder's path.
    let folder: String
    /// The function's name.
    let name: String
    let recipe: Recipe
    /// The files of the folder and of its `src`, as paths from the folder on.
    let files: [String]

    /// Reads a folder; the function's name is the one given, else that in `roost.json`, else the folder's.
    ///
    /// Throws when it is no folder, when the name is not a function's, when the settings are not JSON, and
    /// when it cannot be told how to build it.
    init(folder path: String, name: String?) throws(Failure) {
        let url = URL(filePath: path).standardizedFileURL
        folder = url.path(percentEncoded: false).trimmingSuffix("/")
        let file = try ProjectFolder.projectFile(in: url)
        let given = name ?? file?.name
        self.name = try Self.checked(given ?? url.lastPathComponent, isGiven: given != nil)
        files = try Self.files(in: folder)
        recipe = try Self.recipe(folder, files)
    }

    /// The path of a file in the folder.
    func path(of file: String) -> String { file.hasPrefix("/") ? file : "\(folder)/\(file)" }

    /// The source files of a language.
    func sources(of language: Language) -> [String] {
        files.filter { language.sourceExtensions.contains(Self.fileExtension($0)) }
    }

    /// Where the program begins, when its language does not say: the template's file, else the only one.
    var mainFile: String {
        guard case .language(let language) = recipe else { return "" }
        let sources = sources(of: language)
        return sources.first { $0 == language.mainFile } ?? sources.first ?? ""
    }

    /// Whether a file of that name, or a folder with all in it, is made from the sources or by tools.
    static func ignores(_ name: String) -> Bool {
        let isTemporary = name.hasSuffix("~") || name.hasPrefix("#") || name == "4913"
        return name.hasPrefix(".") || isTemporary
            || ["wasm", "o", "a", "swp", "tmp", "pyc"].contains(fileExtension(name))
            || ["target", "zig-out", "zig-cache", "node_modules", "__pycache__"].contains(name)
    }

    private static func fileExtension(_ path: String) -> String {
        path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? ""
    }

    private static func checked(_ name: String, isGiven: Bool) throws(Failure) -> String {
        guard isFunctionName(name) else {
            let advice = isGiven ? "" : "; give another with --name"
            throw Failure(
                code: .refused,
                message:
                    "'\(printable(name))' is not a function's name: \(functionNameRule)\(advice)"
            )
        }
        return name
    }

    private static func files(in folder: String) throws(Failure) -> [String] {
        let manager = FileManager.default
        let names: [String]
        do {
            names = try manager.contentsOfDirectory(atPath: folder)
        } catch {
            let reason = (error as NSError).localizedDescription
            throw Failure(code: .noInput, message: "cannot read the folder \(folder): \(reason)")
        }
        let within = (try? manager.contentsOfDirectory(atPath: "\(folder)/src")) ?? []
        return (names + within.map { "src/\($0)" }).filter { !ignores($0) }.sorted()
    }

    private static func recipe(_ folder: String, _ files: [String]) throws(Failure) -> Recipe {
        let script = URL(filePath: folder).appending(path: scriptName).resolvingSymlinksInPath()
        let values = try? script.resourceValues(forKeys: [.isRegularFileKey, .isExecutableKey])
        if values?.isRegularFile == true, values?.isExecutable == true {
            return .script("\(folder)/\(scriptName)")
        }
        if let language = Language.allCases.first(where: {
            $0.projectFile.map(files.contains) ?? false
        }) {
            return .language(language)
        }
        let found = Language.allCases.filter { language in
            language.projectFile == nil
                && files.contains { language.sourceExtensions.contains(fileExtension($0)) }
        }
        guard let language = found.first else {
            throw Failure(
                code: .noInput,
                message:
                    "\(folder) has nothing to build: no \(scriptName) script, Cargo.toml, go.mod, or "
                    + "sources in C, Zig, Swift, JavaScript or Python"
            )
        }
        guard found.count == 1 else {
            let titles = found.map(\.title).joined(separator: " and ")
            throw Failure(
                code: .noInput,
                message:
                    "\(folder) has sources in \(titles): put an executable '\(scriptName)' there "
                    + "that makes the module"
            )
        }
        return .language(language)
    }
}

extension String {
    /// The text without an ending, unless it is that alone.
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && count > suffix.count ? String(dropLast(suffix.count)) : self
    }
}
