import Glibc
public import Linux

/// A file or directory of the host that a guest has open.
///
/// Closed when no descriptor leads to it any more.
final class OpenFile: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// A directory that a guest finds open when it starts.
///
/// The guest can read and write what lies beneath it, and nothing else, whatever it or anybody else
/// does with symbolic links.
public struct PreopenedDirectory: Sendable {
    /// The path by which the guest knows the directory.
    public let guestPath: [UInt8]

    let file: OpenFile

    /// Opens a directory of the host.
    ///
    /// Throws what `open` gives: `ENOENT`, `ENOTDIR`, `EACCES`.
    public init(host: String, guest: String) throws(SystemError) {
        guestPath = Array(guest.utf8)
        file = OpenFile(try FileDescriptor(opening: host, flags: O_RDONLY | O_DIRECTORY))
    }
}
