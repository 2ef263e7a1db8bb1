internal import Crypto
public import FoundationEssentials

/// The value of a secret: it is never printed by accident.
public struct SecretValue: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The value itself.
    public let text: String

    /// Wraps a value.
    public init(_ text: String) { self.text = text }

    /// Says only that there is a secret.
    public var description: String { "[secret]" }

    /// The same.
    public var debugDescription: String { description }

    /// Shows nothing to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A value that only the holder of a key can read, and only where it belongs.
public struct SealedSecret: Equatable, Sendable {
    /// Tells which key opens it, and nothing of the key.
    public let keyIdentifier: String

    /// Nonce, ciphertext and tag of AES-256-GCM.
    public let bytes: Data

    /// Makes one of what was stored.
    public init(keyIdentifier: String, bytes: Data) {
        self.keyIdentifier = keyIdentifier
        self.bytes = bytes
    }

    /// Whether it stands for one that is not there any more.
    public var isLost: Bool { bytes.isEmpty }

    /// How long the value is, in bytes.
    public var valueByteCount: Int { max(0, bytes.count - Self.overheadBytes) }

    /// A nonce of 12 bytes before, a tag of 16 behind.
    private static let overheadBytes = 28
}

/// The keys that secrets are sealed with: the first seals, all of them open.
public struct SecretKeyring: Sendable {
    /// Of 32 bytes each.
    private let keys: [[UInt8]]

    /// Makes a keyring of one new key.
    init() { keys = [Self.makeKey()] }

    /// The same keyring with a new key before the others.
    func addingKey() -> SecretKeyring { SecretKeyring(keys: [Self.makeKey()] + keys) }

    /// The key that seals, alone.
    func keepingFirst() -> SecretKeyring { SecretKeyring(keys: Array(keys.prefix(1))) }

    private init(keys: [[UInt8]]) { self.keys = keys }

    private static func makeKey() -> [UInt8] {
        // Of the kernel.
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in generator.next() }
    }

    /// Reads the text form: a key of 64 hexadecimal digits in each line.
    ///
    /// 32 bytes that are no such text are a key as they are. Nil for anything else.
    init?(fileContents bytes: Data) {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let keys = lines.compactMap { Hexadecimal.bytes($0) }.filter { $0.count == 32 }
        if !lines.isEmpty, keys.count == lines.count {
            self.keys = keys
        } else if bytes.count == 32 {
            self.keys = [Array(bytes)]
        } else {
            return nil
        }
    }

    /// The text form.
    var fileContents: String {
        keys.map { Hexadecimal.text($0) + "\n" }.joined()
    }

    /// Tells the key that seals.
    public var keyIdentifier: String { keys.first.map(Self.identifier) ?? "" }

    /// Whether there is a key of that identifier.
    public func contains(_ identifier: String) -> Bool {
        keys.contains { Self.identifier($0) == identifier }
    }

    /// Seals a value for one name of one function.
    public func seal(
        _ value: SecretValue,
        function: String,
        name: String
    ) throws(SecretError) -> SealedSecret {
        guard let key = keys.first,
            let box = try? AES.GCM.seal(
                Data(value.text.utf8),
                using: SymmetricKey(data: key),
                authenticating: Self.place(function, name)
            ),
            let bytes = box.combined
        else { throw .cannotSeal(name: name) }
        return SealedSecret(keyIdentifier: Self.identifier(key), bytes: bytes)
    }

    /// Opens a value that was sealed for this name of this function.
    public func open(
        _ sealed: SealedSecret,
        function: String,
        name: String
    ) throws(SecretError) -> SecretValue {
        guard !sealed.isLost else { throw .lost(name: name) }
        let key = keys.first { Self.identifier($0) == sealed.keyIdentifier }
        guard let key else { throw .otherKey(name: name, keyIdentifier: sealed.keyIdentifier) }
        guard let box = try? AES.GCM.SealedBox(combined: sealed.bytes),
            let bytes = try? AES.GCM.open(
                box,
                using: SymmetricKey(data: key),
                authenticating: Self.place(function, name)
            ),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw .damaged(name: name) }
        return SecretValue(text)
    }

    /// What a seal is bound to: neither part contains a NUL.
    private static func place(_ function: String, _ name: String) -> Data {
        Data("roost secret 1\0\(function)\0\(name)".utf8)
    }

    private static func identifier(_ key: [UInt8]) -> String {
        let hash = SHA256.hash(data: Array("roost secret key\0".utf8) + key)
        return Hexadecimal.text(hash.prefix(8))
    }
}

/// Why a secret cannot be sealed or opened; never says anything of its value.
public enum SecretError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file with a key.
    case keyMissing(path: String)
    /// The file with the key cannot be used.
    case keyUnusable(path: String, reason: String)
    /// It was sealed with a key that is not there.
    case otherKey(name: String, keyIdentifier: String)
    /// It was altered, or belongs to another function or name.
    case damaged(name: String)
    /// What was stored of it is not there any more.
    case lost(name: String)
    /// It could not be sealed.
    case cannotSeal(name: String)

    /// The reason in a sentence.
    public var description: String {
        switch self {
        case .keyMissing(let path): "the secret key \(path) is missing"
        case .keyUnusable(let path, let reason): "the secret key \(path) \(reason)"
        case .otherKey(let name, let identifier):
            "secret '\(name)' was sealed with key \(identifier), which is not the key there is"
        case .damaged(let name): "secret '\(name)' is damaged, or was sealed for another place"
        case .lost(let name): "the value of secret '\(name)' was lost: set it again, or delete it"
        case .cannotSeal(let name): "secret '\(name)' could not be sealed"
        }
    }
}
