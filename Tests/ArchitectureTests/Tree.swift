import Foundation

/// The files of the working tree, found from this file's own place in it.
struct Tree {
    let root: URL

    init() {
        root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// The names in a folder, without hidden files.
    ///
    /// Empty when there is no such folder.
    func entries(of folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: folder).path
        )
        return (names ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Paths, from the root, of the files below a folder that have one of the extensions.
    func files(below folder: String, extensions: Set<String>) -> [String] {
        let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
        var paths: [String] = []
        while let name = names?.nextObject() as? String {
            let hidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
            let ending = name.split(separator: "/").last?.split(separator: ".").dropFirst().last
            if !hidden, extensions.contains(ending.map(String.init) ?? "") {
                paths.append("\(folder)/\(name)")
            }
        }
        return paths.sorted()
    }

    /// The text of a file, or `nil` when it is not there or not text.
    func text(of path: String) -> String? {
        try? String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
