internal import Crypto

/// The SHA-256 of a module's bytes, by which the module is stored and found.
public struct ModuleDigest: Hashable, Sendable {
    /// The hash as 64 lower-case hexadecimal digits.
    public let hexadecimal: String

    /// Hashes a module: about 1 ms per MiB or less.
    public init(of bytes: [UInt8]) {
        let digits = Array("0123456789abcdef")
        hexadecimal = SHA256.hash(data: bytes).reduce(into: "") { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    /// Reads the textual form; `nil` when it is not one.
    public init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hexadecimal: String(text.dropFirst(7)))
    }

    /// Stands for a digest that is lost: no bytes have it.
    static let unknown = ModuleDigest(lost: String(repeating: "0", count: 64))

    private init(lost text: String) { hexadecimal = text }

    init?(hexadecimal: String) {
        let digits = hexadecimal.utf8
        let isDigit = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard digits.count == 64, digits.allSatisfy(isDigit) else { return nil }
        self.hexadecimal = hexadecimal
    }
}

extension ModuleDigest: CustomStringConvertible {
    /// `sha256:` and the hexadecimal digits.
    public var description: String { "sha256:\(hexadecimal)" }
}
