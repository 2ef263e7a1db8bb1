internal import FoundationEssentials
internal import Glibc
internal import Linux

/// The folder that holds everything Roost keeps: both databases and the token.
///
/// It is made with mode 0700 and locked against a second process for as long as this value lives:
/// two processes that wrote one database could each checkpoint it.
public final class DataFolder: Sendable {
    /// Where the folder is.
    public let path: String

    /// Whether it was in use before.
    let wasInUse: Bool

    private let lock: FileDescriptor

    /// Makes the folder if there is none, and locks it.
    ///
    /// Throws `dataFolderInUse` when another process holds the lock.
    public init(path: String) throws(StoreError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        } catch {
            throw StoreError.io("cannot make data folder \(path): \(Self.reason(of: error))")
        }
        wasInUse = FileKind("\(path)/token") != .missing
        do {
            lock = try FileDescriptor(
                opening: "\(path)/roost.lock",
                flags: O_RDWR | O_CREAT,
                mode: 0o600
            )
            guard try lock.tryLock() else { throw StoreError.dataFolderInUse(path: path) }
        } catch {
            throw StoreError(error)
        }
    }

    /// The path of an entry of the folder.
    public func path(of name: String) -> String {
        "\(path)/\(name)"
    }

    /// An empty folder for files that nobody needs after a restart.
    public func temporaryFolder() throws(StoreError) -> String {
        let path = path(of: "tmp")
        do {
            // What a crash has left; there is none at the first start.
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StoreError.io("cannot make \(path): \(Self.reason(of: error))")
        }
        return path
    }

    /// The kernel's reason, where Foundation wraps it in one of its own.
    private static func reason(of error: any Error) -> String {
        guard let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue else {
            return "\(error)"
        }
        return SystemError(call: "mkdir", code: Int32(code)).description
    }

    /// The control plane's bearer token: 64 hexadecimal digits.
    ///
    /// Read from the file `token`; the first call ever makes 256 random bits and writes them with
    /// mode 0600. When it returns, the token is on disk.
    public func token() throws(StoreError) -> String {
        let path = path(of: "token")
        if let data = FileManager.default.contents(atPath: path) {
            let stored = String(decoding: data, as: UTF8.self)
            let token = String(stored.prefix { !$0.isWhitespace })
            guard !token.isEmpty else { throw .io("\(path) holds no token") }
            return token
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw .io("\(path) cannot be read")
        }
        var generator = SystemRandomNumberGenerator()
        let token = (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        do {
            try replace("token", with: "\(token)\n")
        } catch {
            throw StoreError(error)
        }
        return token
    }

    /// Writes a file of the folder, of mode 0600; when it returns, the file is on disk.
    ///
    /// Under another name first: a crash leaves the old file or the new one.
    func replace(_ name: String, with text: String) throws {
        let temporary = "\(name).new"
        do {
            let file = try FileDescriptor(
                opening: path(of: temporary),
                flags: O_WRONLY | O_CREAT | O_TRUNC,
                mode: 0o600
            )
            try file.writeDurably(Array(text.utf8))
        }
        let folder = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        try folder.rename(Array(temporary.utf8), to: folder, Array(name.utf8))
        try folder.writeDurably([])
    }
}
