import Glibc
import Linux

/// Gives a file the name of another one, which it replaces at once.
///
/// The corresponding C function is `rename`: both are on the same file system. Throws `SystemError`.
public func replaceFile(_ path: String, with newPath: String) throws {
    func folder(_ path: String) throws(SystemError) -> FileDescriptor {
        let end = path.lastIndex(of: "/")
        let parent = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return try FileDescriptor(opening: parent, flags: O_RDONLY | O_DIRECTORY)
    }
    func name(_ path: String) -> [UInt8] {
        Array(path.utf8.split(separator: UInt8(ascii: "/")).last ?? [])
    }
    let target = try folder(path)
    try folder(newPath).rename(name(newPath), to: target, name(path))
    try target.synchronize(dataOnly: false)
}
