internal import FoundationEssentials
internal import Linux

/// Where the key for secrets comes from: a file of the data folder, made at first need, or one that an
/// operator names.
///
/// The file is read whenever it is needed, so that it can be replaced while the daemon runs.
public struct SecretKeySource: Sendable {
    /// Where the file is.
    public let path: String

    /// Whether the key is the data folder's: made, and replaced, by this program.
    public var isOwn: Bool { folder != nil }

    private let folder: DataFolder?
    private let mustBePrivate: Bool

    /// The file's name in the data folder.
    public static let fileName = "secret-key"

    /// The name of the service manager's credential.
    public static let credentialName = "roost-secret-key"

    /// Takes the file that was named, else the service manager's credential, else the data folder's own file.
    public init(folder: DataFolder, keyFile: String?, credentialsDirectory: String?) {
        let credential = credentialsDirectory.map { "\($0)/\(Self.credentialName)" }
        if let keyFile {
            path = keyFile
            self.folder = nil
            mustBePrivate = true
        } else if let credential, FileManager.default.fileExists(atPath: credential) {
            // Who may read a credential is the service manager's affair.
            path = credential
            self.folder = nil
            mustBePrivate = false
        } else {
            path = folder.path(of: Self.fileName)
            self.folder = folder
            mustBePrivate = true
        }
    }

    /// Reads the keys.
    public func keyring() throws(SecretError) -> SecretKeyring {
        guard FileManager.default.fileExists(atPath: path) else { throw .keyMissing(path: path) }
        if mustBePrivate { try checkMode() }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .keyUnusable(path: path, reason: "cannot be read")
        }
        guard let keyring = SecretKeyring(fileContents: bytes) else {
            throw .keyUnusable(
                path: path,
                reason: "is not a key: 64 hexadecimal digits in a line, or 32 bytes"
            )
        }
        return keyring
    }

    /// Reads the keys; makes the data folder's key if there is none yet.
    ///
    /// A key that secrets were sealed with is never made anew: `isUsed` says that there are such secrets.
    public func keyring(makingUnless isUsed: Bool) throws -> SecretKeyring {
        guard let folder, !isUsed, !FileManager.default.fileExists(atPath: path) else {
            return try keyring()
        }
        let keyring = SecretKeyring()
        try folder.replace(Self.fileName, with: keyring.fileContents)
        return keyring
    }

    /// Replaces the data folder's keys; when it returns, they are on disk.
    func replace(with keyring: SecretKeyring) throws {
        try folder?.replace(Self.fileName, with: keyring.fileContents)
    }

    private func checkMode() throws(SecretError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let mode = attributes?[.posixPermissions] as? Int else {
            throw .keyUnusable(path: path, reason: "cannot be looked at")
        }
        guard mode & 0o077 == 0 else {
            throw .keyUnusable(
                path: path,
                reason: "has mode 0\(String(mode, radix: 8)) when only its owner may read it (0600)"
            )
        }
    }
}
