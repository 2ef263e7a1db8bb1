/// Each rule as a function from a file to readable complaints, so that tests can break it.
enum Violations {
    /// Imports that the target's row of the table does not have.
    static func imports(path: String, text: String) -> [String] {
        guard let target = target(of: path) else { return [] }
        guard let allowed = Rules.imports[target] else {
            return ["\(path): target \(target) has no row in the table of imports"]
        }
        return SourceText(text).imports.filter { !allowed.contains($0.module) }.map {
            "\(path):\($0.line): \(target) may not import \($0.module)"
        }
    }

    /// Unsafe code outside its places.
    static func unsafety(path: String, text: String) -> [String] {
        let source = SourceText(text)
        var complaints: [String] = []
        if !Rules.unsafePlaces.contains(where: path.hasPrefix) {
            complaints += source.lineNumbers(matching: /\bunsafe\b(?!\))|unowned\(unsafe\)|@safe\b/)
                .map {
                    "\(path):\($0): unsafe code is not allowed here"
                }
        }
        if !Rules.uncheckedPlaces.contains(where: path.hasPrefix) {
            complaints += source.lineNumbers(matching: /@unchecked\b|nonisolated\(unsafe\)/).map {
                "\(path):\($0): unchecked sharing between threads is not allowed here"
            }
        }
        return complaints
            + source.lineNumbers(matching: /@_exported\b/).map {
                "\(path):\($0): modules are not exported again"
            }
    }

    /// A file that is too long and not generated.
    static func length(path: String, text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // A final newline ends the last line and begins none.
        let count = lines.last == "" ? lines.count - 1 : lines.count
        let generated = lines.prefix(3).contains { $0.contains(Rules.generatedMark) }
        guard count > Rules.fileLinesMax, !generated else { return [] }
        return ["\(path): \(count) lines, when \(Rules.fileLinesMax) are allowed"]
    }

    /// Marks of unfinished work, also in comments and documents.
    static func unfinished(path: String, text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().flatMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            return Rules.unfinishedMarks.filter { words.contains(Substring($0)) }.map {
                "\(path):\(index + 1): unfinished work is marked \($0)"
            }
        }
    }

    /// A file name that says nothing.
    static func name(path: String) -> [String] {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.prefix { $0 != "." }
        if file == "main.swift" { return ["\(path): an @main type is used instead"] }
        let empty = Rules.emptyNames.first { stem.hasSuffix($0) }
        return empty.map { ["\(path): \"\($0)\" says nothing about the file"] } ?? []
    }

    /// Packages that must not come in.
    ///
    /// `text` is a manifest or the file of resolved versions.
    static func packages(path: String, text: String) -> [String] {
        Rules.forbiddenPackages.filter { text.contains($0) }.map {
            "\(path): \($0) may not be used"
        }
    }

    /// Entries at the top of the tree that have no place there.
    static func topLevel(entries: [String]) -> [String] {
        entries.filter { !$0.hasPrefix(".") && !Rules.topLevel.contains($0) }.sorted().map {
            "\($0): not a known entry at the top of the tree"
        }
    }

    /// Folders of `Tests` that test no target.
    static func testFolders(entries: [String]) -> [String] {
        let known = Set(Rules.imports.keys.map { $0.lowercased() + "tests" })
        return entries.filter {
            !Rules.sharedTestFolders.contains($0) && !known.contains($0.lowercased())
        }
        .sorted().map { "Tests/\($0): named for no target" }
    }

    /// The targets of ours that a target reaches through the table.
    static func reachable(from target: String, in table: [String: Set<String>]) -> Set<String> {
        var found: Set<String> = []
        var open = [target]
        while let next = open.popLast() {
            for module in table[next] ?? [] where found.insert(module).inserted {
                open.append(module)
            }
        }
        return found
    }

    private static func target(of path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}
