import CTemplates
import Foundation

/// The files that a new project begins with.
///
/// They are those in `functions/templates`: of one language, and of all of them.
struct Template {
    let language: Language

    private static let shared = "all/"

    /// The files for a project of that name, by their paths within it.
    ///
    /// The name should be a function's.
    func files(named name: String) -> [(path: String, text: String)] {
        let own = "\(language.rawValue)/"
        let chosen: [(path: String, text: String)] = Self.embedded.compactMap { file in
            for prefix in [own, Self.shared] where file.path.hasPrefix(prefix) {
                return (String(file.path.dropFirst(prefix.count)), file.text)
            }
            return nil
        }
        return chosen.map { ($0.path, filled($0.text, name)) }.sorted { $0.path < $1.path }
    }

    private func filled(_ text: String, _ name: String) -> String {
        let values = [
            "NAME": name,
            // Cargo has no package's name begin with a digit.
            "PACKAGE": name.first?.isNumber == true ? "function-\(name)" : name,
            "LANGUAGE": language.title,
            "SOURCE": language.mainFile,
            "NEEDS": language.needs,
        ]
        return values.reduce(text) { $0.replacing("{{\($1.key)}}", with: $1.value) }
    }

    /// Every file that the program holds, by its path from `functions/templates` on.
    static let embedded: [(path: String, text: String)] = {
        var files: [(path: String, text: String)] = []
        // SAFETY: the files are constants of the program, with their sizes.
        while let entry = unsafe template_file_at(files.count) {
            let path = unsafe String(cString: entry.pointee.path)
            let bytes = unsafe UnsafeBufferPointer(
                start: entry.pointee.bytes,
                count: entry.pointee.count
            )
            files.append((path, unsafe String(decoding: bytes, as: UTF8.self)))
        }
        return files
    }()
}

extension Language {
    /// Where the program of a new project is.
    var mainFile: String {
        switch self {
        case .c: "main.c"
        case .zig: "main.zig"
        case .swift: "Function.swift"
        case .rust: "src/main.rs"
        case .go: "main.go"
        case .js: "index.js"
        case .python: "app.py"
        }
    }

    /// What a project needs on the machine, in a sentence.
    var needs: String {
        switch self {
        case .js, .python:
            "It is deployed as it is, to a daemon that has a runtime for \(title)."
        default:
            "It is built with what `roost build` finds: \(Toolchain.advice(for: self))."
        }
    }
}
