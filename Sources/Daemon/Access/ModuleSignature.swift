import Crypto
import Foundation
import HTTP
import Store

/// A public key whose signatures of modules count. RFC 8032
struct TrustedKey: Equatable, Sendable {
    static let byteCount = 32

    /// The operator's name for it.
    let name: String
    /// Its octets, which are known to be a key.
    private let octets: Data

    /// Reads a key; nil when it is none.
    init?(name: String, base64: String) {
        guard let octets = Data(base64Encoded: base64), octets.count == Self.byteCount,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: octets)) != nil
        else { return nil }
        self.name = name
        self.octets = octets
    }

    /// Whether the key's owner has signed a digest.
    func verifies(_ signature: Data, of digest: ModuleDigest) -> Bool {
        let key = try? Curve25519.Signing.PublicKey(rawRepresentation: octets)
        return key?.isValidSignature(signature, for: Data(digest.description.utf8)) ?? false
    }
}

/// A signature that a trusted key has made, to be kept with what was signed.
///
/// Signed is the text `sha256:` and the digest's 64 hexadecimal digits, as the API shows digests.
struct ModuleSignature {
    /// The field that brings one: `ed25519=` and its octets in Base64.
    static let fieldName = "Roost-Signature"
    /// What is before the octets.
    static let scheme = "ed25519="

    let keyName: String
    private let base64: String
    private let digest: ModuleDigest

    /// Checks the signature of what was uploaded, freed of its content coding.
    ///
    /// Returns nil when there is none and none is required. Throws when one is missing, malformed, or made by
    /// no key that is trusted: a signature that is shown has to be right even where none is required.
    init?(
        of upload: [UInt8],
        _ fields: Fields,
        _ settings: AccessSettings
    ) throws(Problem) {
        let values = fields.values(of: Self.fieldName)
        guard let value = values.first else {
            guard settings.requireSignature else { return nil }
            throw .badSignature(
                .forbidden,
                "signature-required",
                "modules must be signed: \(Self.fieldName) is missing"
            )
        }
        let text = String(value.dropFirst(Self.scheme.count))
        guard values.count == 1, value.hasPrefix(Self.scheme),
            let signature = Data(base64Encoded: text), signature.count == 64
        else {
            throw .badSignature(
                .unprocessableContent,
                "bad-signature",
                "\(Self.fieldName) should be '\(Self.scheme)' and 64 bytes in Base64, once"
            )
        }
        let digest = ModuleDigest(of: upload)
        let key = settings.trustedKeys.first { $0.verifies(signature, of: digest) }
        guard let key else {
            throw .badSignature(
                .forbidden,
                "untrusted-signature",
                "no key of 'trustedKeys' has made this signature of \(digest)"
            )
        }
        keyName = key.name
        base64 = text
        self.digest = digest
    }

    /// The form that is stored as a version's source.
    var document: Data {
        let members: JSONValue = [
            "key": JSONValue(keyName), "signature": JSONValue(base64),
            "digest": JSONValue(digest.description),
        ]
        return Data(JSONValue.object(["signature": members]).encoded())
    }

    /// Checks what a version that is imported says of its signature, as if it were uploaded again.
    ///
    /// The signature of a text is none of the module that was made of it, and that of a module none of the files
    /// and scripts beside it: whoever has a signed interpreter could have it run anything.
    static func check(
        imported version: VersionRecord,
        _ settings: AccessSettings
    ) throws(Problem) {
        let source = version.source.flatMap { try? JSONValue(parsing: $0) }
        guard let kept = source?["signature"] else {
            guard settings.requireSignature else { return }
            throw .badSignature(
                .forbidden,
                "signature-required",
                "modules must be signed, and this one is not"
            )
        }
        let signature = kept["signature"]?.string.flatMap { Data(base64Encoded: $0) } ?? Data()
        let isTrusted = settings.trustedKeys.contains {
            $0.name == kept["key"]?.string && $0.verifies(signature, of: version.digest)
        }
        guard isTrusted else {
            throw .badSignature(
                .forbidden,
                "untrusted-signature",
                "no key of 'trustedKeys' has made the signature of \(version.digest) that the file has"
            )
        }
        guard version.bundle == nil, version.runtime == nil, version.main == nil else {
            throw .badSignature(
                .forbidden,
                "untrusted-signature",
                "the signature that the file has is of the module \(version.digest) alone, and it comes "
                    + "with files or a script: deploy it anew"
            )
        }
    }

    /// The name of the key that has signed what a stored version was uploaded as.
    static func keyName(of version: VersionRecord) -> String? {
        let source = version.source.flatMap { try? JSONValue(parsing: $0) }
        return source?["signature"]?["key"]?.string
    }
}

extension Problem {
    fileprivate static func badSignature(
        _ status: Status,
        _ kind: String,
        _ detail: String
    ) -> Problem {
        Problem(status: status, kind: kind, title: "No valid signature", detail: detail)
    }
}
