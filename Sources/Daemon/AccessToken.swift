import Crypto
import HTTP

/// The control plane's token, as its digest: what a comparison takes says nothing about the token.
struct AccessToken: Sendable, CustomStringConvertible {
    private let digest: SHA256Digest

    init(_ token: String) { digest = SHA256.hash(data: Array(token.utf8)) }

    /// Whether a request shows the token. RFC 6750 §2.1
    func isShown(by head: RequestHead) -> Bool {
        let values = head.fields.values(of: "authorization")
        guard values.count == 1, let value = values.first else { return false }
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        // Digests are compared in constant time.
        return SHA256.hash(data: Array(parts[1].utf8)) == digest
    }

    /// Never the token.
    var description: String { "AccessToken(redacted)" }
}
