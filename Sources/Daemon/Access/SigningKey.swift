import Crypto
package import Foundation
import Glibc
import Linux
import Store

/// An Ed25519 private key in a file, as `openssl genpkey -algorithm ed25519` makes it: PKCS #8 in PEM
/// (RFC 8410 §7).
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// What stands before the 32 octets of the key in the DER form.
    private static let prefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ]
    private static let begin = "-----BEGIN PRIVATE KEY-----"
    private static let end = "-----END PRIVATE KEY-----"

    /// Makes a key.
    package init() { key = Curve25519.Signing.PrivateKey() }

    /// Reads the text of a key file; nil when there is no such key in it.
    package init?(pem: String) {
        guard let start = pem.firstRange(of: Self.begin)?.upperBound,
            let stop = pem[start...].firstRange(of: Self.end)?.lowerBound,
            let der = Data(base64Encoded: pem[start..<stop].filter { !$0.isWhitespace }),
            der.starts(with: Self.prefix),
            let key = try? Curve25519.Signing.PrivateKey(
                rawRepresentation: der.dropFirst(Self.prefix.count)
            )
        else { return nil }
        self.key = key
    }

    /// Makes a key file that nobody else may read; throws `SystemError` when there is one already.
    package func write(toNew path: String) throws {
        let der = Data(Self.prefix) + key.rawRepresentation
        let text = "\(Self.begin)\n\(der.base64EncodedString())\n\(Self.end)\n"
        let file = try FileDescriptor(
            opening: path,
            flags: O_WRONLY | O_CREAT | O_EXCL,
            mode: 0o600
        )
        try file.writeDurably(Array(text.utf8))
    }

    /// The public key in Base64, as `trustedKeys` has it.
    package var publicKey: String { key.publicKey.rawRepresentation.base64EncodedString() }

    /// The field that shows that the key's owner has signed a file.
    package static var fieldName: String { ModuleSignature.fieldName }

    /// The value of that field.
    package func signature(of file: Data) throws -> String {
        let digest = ModuleDigest(of: Array(file))
        let signature = try key.signature(for: Data(digest.description.utf8))
        return ModuleSignature.scheme + signature.base64EncodedString()
    }
}
