/// Files and directories that live in memory and never change.
///
/// What guests see as a directory that nobody can write. Any number of guests can share one: it is a reference to
/// immutable nodes.
public struct FileTree: Sendable {
    /// A file or a directory.
    final class Node: Sendable {
        enum Content: Sendable {
            case file([UInt8])
            /// The entries, sorted by the bytes of their names.
            case directory([(name: [UInt8], node: Node)])
        }

        let content: Content
        /// Counts from 1 in a tree, as serial numbers of files do.
        let serialNumber: UInt64

        init(_ content: Content, serialNumber: UInt64) {
            self.content = content
            self.serialNumber = serialNumber
        }

        var bytes: [UInt8]? {
            if case .file(let bytes) = content { return bytes }
            return nil
        }

        var entries: [(name: [UInt8], node: Node)]? {
            if case .directory(let entries) = content { return entries }
            return nil
        }

        /// The entry of a name; nil when the node is a file or has none.
        func entry(named name: [UInt8]) -> Node? {
            guard let entries else { return nil }
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if entries[middle].name.lexicographicallyPrecedes(name) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low < entries.count && entries[low].name == name ? entries[low].node : nil
        }
    }

    let root: Node

    /// The sizes of all files, in bytes.
    public let byteCount: Int

    /// A path that cannot be a file's beside the others.
    public struct Conflict: Error, Equatable, Sendable {
        /// The path.
        public let path: String
    }

    /// Makes a tree of files by their paths, such as `lib/a.js`, relative to the root.
    ///
    /// Of a path that is given twice, the file given last counts. Throws when a path is empty, is that of a
    /// directory too, or has a component that is empty, `.` or `..`.
    public init(_ files: [(path: String, bytes: [UInt8])] = []) throws(Conflict) {
        var top = Draft()
        var byteCount = 0
        for file in files {
            let names = file.path.utf8.split(
                separator: UInt8(ascii: "/"),
                omittingEmptySubsequences: false
            ).map { Array($0) }
            guard names.allSatisfy(Self.isName), top.insert(names[...], file.bytes) else {
                throw Conflict(path: file.path)
            }
            byteCount += file.bytes.count
        }
        var count: UInt64 = 0
        root = top.node(&count)
        self.byteCount = byteCount
    }

    private static func isName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2E] && name != [0x2E, 0x2E] && !name.contains(0)
    }

    /// A tree while it is made.
    private struct Draft {
        var entries: [[UInt8]: Draft] = [:]
        var bytes: [UInt8]?

        mutating func insert(_ names: ArraySlice<[UInt8]>, _ file: [UInt8]) -> Bool {
            guard let name = names.first else {
                guard entries.isEmpty else { return false }
                bytes = file
                return true
            }
            guard bytes == nil else { return false }
            return entries[name, default: Draft()].insert(names.dropFirst(), file)
        }

        func node(_ count: inout UInt64) -> Node {
            count += 1
            let number = count
            if let bytes { return Node(.file(bytes), serialNumber: number) }
            var nodes: [(name: [UInt8], node: Node)] = []
            for (name, draft) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                nodes.append((name, draft.node(&count)))
            }
            return Node(.directory(nodes), serialNumber: number)
        }
    }
}

extension FileTree {
    /// Finds what a path leads to from a directory of the tree, which nothing leads out of.
    ///
    /// `perm` for a path that would leave the directory.
    static func resolve(_ path: [UInt8], from directory: Node) throws(ErrorNumber) -> Node {
        var way = [directory]
        for name in path.split(separator: UInt8(ascii: "/")) {
            guard way[way.count - 1].entries != nil else { throw .notdir }
            switch Array(name) {
            case [0x2E]: continue
            case [0x2E, 0x2E]:
                guard way.count > 1 else { throw .perm }
                way.removeLast()
            case let name:
                guard let next = way[way.count - 1].entry(named: name) else { throw .noent }
                way.append(next)
            }
        }
        let found = way[way.count - 1]
        if path.last == UInt8(ascii: "/"), found.entries == nil { throw .notdir }
        return found
    }
}
