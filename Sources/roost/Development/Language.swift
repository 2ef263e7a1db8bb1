import ArgumentParser

/// A language that functions are written in.
enum Language: String, CaseIterable, ExpressibleByArgument {
    case c
    case zig
    case swift
    case rust
    case go
    case js
    case python

    /// Reads a command line's word: also the language's own name, such as `JavaScript`, or an ending, such as `rs`.
    init?(argument: String) {
        let word = argument.lowercased()
        let language = Self.allCases.first { language in
            language.rawValue == word || language.title.lowercased() == word
                || language.sourceExtensions.contains(word)
        }
        guard let language else { return nil }
        self = language
    }

    /// The language's own name.
    var title: String {
        switch self {
        case .c: "C"
        case .zig: "Zig"
        case .swift: "Swift"
        case .rust: "Rust"
        case .go: "Go"
        case .js: "JavaScript"
        case .python: "Python"
        }
    }

    /// The endings of source files.
    var sourceExtensions: Set<String> {
        switch self {
        case .c: ["c", "cc", "cpp", "cxx"]
        case .zig: ["zig"]
        case .swift: ["swift"]
        case .rust: ["rs"]
        case .go: ["go"]
        case .js: ["js", "mjs"]
        case .python: ["py"]
        }
    }

    /// The file that only a project in this language has.
    var projectFile: String? {
        switch self {
        case .rust: "Cargo.toml"
        case .go: "go.mod"
        default: nil
        }
    }
}
