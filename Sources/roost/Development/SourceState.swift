import Foundation

/// What the source files of a project hold, as far as it takes to tell that one has changed.
///
/// By content, not by time: what a build itself writes anew, the same as before, is no change.
struct SourceState {
    /// The most files that are looked at.
    private static let fileCountMax = 20_000
    /// The size from which a file's time stands for its content.
    private static let largeBytes = 1 << 20

    /// A hash of each file's content, by its path from the folder on.
    private var hashes: [String: Int] = [:]

    /// Reads the files of a folder, but for those that ``Project/ignores(_:)`` names.
    init(of folder: String) {
        let keys: Set<URLResourceKey> = [
            .isRegularFileKey, .fileSizeKey, .contentModificationDateKey,
        ]
        let root = URL(filePath: folder).resolvingSymlinksInPath()
        let prefix = root.path(percentEncoded: false).count + 1
        let files = FileManager.default.enumerator(
            at: root,
            includingPropertiesForKeys: Array(keys)
        )
        while let file = files?.nextObject() as? URL, hashes.count < Self.fileCountMax {
            guard !Project.ignores(file.lastPathComponent) else {
                files?.skipDescendants()
                continue
            }
            guard let values = try? file.resourceValues(forKeys: keys), values.isRegularFile == true
            else { continue }
            var hasher = Hasher()
            if values.fileSize ?? 0 < Self.largeBytes {
                // One that is gone again has no content.
                hasher.combine(try? Data(contentsOf: file))
            } else {
                hasher.combine(values.fileSize)
                hasher.combine(values.contentModificationDate)
            }
            let path = file.path(percentEncoded: false)
            hashes[String(path.dropFirst(prefix))] = hasher.finalize()
        }
    }

    /// The files that differ from those of an earlier state, or are in one of the two only, in order.
    func changes(since earlier: SourceState) -> [String] {
        Set(hashes.keys).union(earlier.hashes.keys).filter { hashes[$0] != earlier.hashes[$0] }
            .sorted()
    }
}
