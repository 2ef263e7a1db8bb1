import Crypto
import Foundation
import Store

/// The tokens at one moment, by the digests of their secrets.
///
/// Immutable; a change makes another table.
struct TokenTable: Sendable {
    private struct Entry: Sendable {
        let caller: Caller
        let digest: Data
        let expiresAt: Timestamp?
    }

    /// By the first octets of their digests, which tell nothing of a secret.
    private var entries: [UInt64: [Entry]] = [:]

    /// The name of the token that is in the data folder.
    static let folderTokenName = "admin"

    /// Knows the token of the data folder, and those that are stored.
    init(folderToken: String, _ records: [TokenRecord]) {
        let owner = Caller(name: Self.folderTokenName, scopes: .admin, functions: .all)
        add(owner, TokenSecret.digest(of: folderToken), expiresAt: nil)
        for record in records {
            // What this version of the program does not know allows nothing.
            let scopes = record.scopes.compactMap(Scopes.named)
            guard let functions = try? FunctionPatterns(record.functions, key: "functions") else {
                continue
            }
            let caller = Caller(name: record.name, scopes: Scopes(scopes), functions: functions)
            add(caller, record.digest, expiresAt: record.expiresAt)
        }
    }

    private mutating func add(_ caller: Caller, _ digest: Data, expiresAt: Timestamp?) {
        var caller = caller
        caller.digest = digest
        entries[Self.index(digest), default: []].append(
            Entry(caller: caller, digest: digest, expiresAt: expiresAt)
        )
    }

    private static func index(_ digest: some Sequence<UInt8>) -> UInt64 {
        digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Who shows a secret at a moment; nil when it is none, or not any more.
    func caller(showing secret: some StringProtocol, at now: Timestamp) -> Caller? {
        let digest = SHA256.hash(data: Array(secret.utf8))
        // Digests are compared in constant time.
        return caller(of: digest, at: now) { digest == $0 }
    }

    /// Whether what a caller has shown is still worth something.
    func stillKnows(_ caller: Caller, at now: Timestamp) -> Bool {
        guard let digest = caller.digest else { return true }
        return self.caller(of: digest, at: now) { digest == $0 } != nil
    }

    private func caller(
        of digest: some Sequence<UInt8>,
        at now: Timestamp,
        where isSame: (Data) -> Bool
    ) -> Caller? {
        let entry = entries[Self.index(digest)]?.first { isSame($0.digest) }
        guard let entry, entry.expiresAt.map({ now < $0 }) ?? true else { return nil }
        return entry.caller
    }
}

/// What a token's owner shows.
enum TokenSecret {
    /// Makes 256 random bits, as text that can be recognised where it should not be.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<32).map { _ in
            let octet = String(generator.next() as UInt8, radix: 16)
            return octet.count == 1 ? "0" + octet : octet
        }
        return "roost_" + digits.joined()
    }

    /// What is kept of a secret.
    static func digest(of secret: String) -> Data { Data(SHA256.hash(data: Data(secret.utf8))) }
}
