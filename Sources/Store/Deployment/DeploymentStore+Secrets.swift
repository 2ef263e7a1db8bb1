internal import FoundationEssentials
internal import GRDB

/// A secret as it is stored.
public struct SecretRecord: Equatable, Sendable {
    /// Tells it from other values of the same name.
    public let id: Int64
    public let function: String
    public let name: String
    public let setAt: Timestamp
    public let sealed: SealedSecret
}

/// Which secrets a version has.
public enum SecretSelection: Equatable, Sendable {
    /// Those of the version that it follows.
    case inherited

    /// Stored ones by their ids, and perhaps a new one.
    case chosen([Int64], adding: NewSecret? = nil)
}

/// A secret that is not stored yet.
public struct NewSecret: Equatable, Sendable {
    let name: String
    let sealed: SealedSecret

    /// Tells the key that it is sealed with.
    public var keyIdentifier: String { sealed.keyIdentifier }

    /// Pairs a name with a sealed value.
    public init(name: String, sealed: SealedSecret) {
        self.name = name
        self.sealed = sealed
    }
}

/// Secrets: sealed values that versions refer to.
extension DeploymentStore {
    /// The secrets of a version, by name.
    public func secrets(
        of function: String,
        version: Int
    ) throws(StoreError) -> [SecretRecord] {
        try file.read { database in
            try database.secrets(
                condition: """
                    id IN (SELECT secret FROM versionSecret WHERE function = ? AND version = ?)
                    ORDER BY name
                    """,
                arguments: [function, version]
            )
        }
    }

    /// The keys that stored secrets are sealed with, and how many functions need each.
    public func secretKeysInUse() throws(StoreError) -> [String: Int] {
        try file.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT keyId, count(DISTINCT function) AS count FROM secret
                    WHERE length(sealed) > 0 GROUP BY keyId
                    """
            )
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["keyId"], $0["count"]) })
        }
    }

    /// Seals every secret with the first key of a source, and returns how many were sealed with another before.
    ///
    /// The data folder's own key is replaced by a new one. A crash in between leaves a keyring that opens
    /// everything: the new key is on disk before anything is sealed with it, and the old one until nothing is.
    public func rotateSecretKey(_ source: SecretKeySource) throws -> Int {
        var keyring = try source.keyring()
        if source.isOwn {
            keyring = keyring.addingKey()
            try source.replace(with: keyring)
        }
        let count = try file.write { database in
            let old = try database.secrets(
                condition: "keyId <> ? AND length(sealed) > 0",
                arguments: [keyring.keyIdentifier]
            )
            for secret in old {
                let (function, name) = (secret.function, secret.name)
                let value = try keyring.open(secret.sealed, function: function, name: name)
                let sealed = try keyring.seal(value, function: function, name: name)
                try database.execute(
                    sql: "UPDATE secret SET keyId = ?, sealed = ? WHERE id = ?",
                    arguments: [sealed.keyIdentifier, sealed.bytes, secret.id]
                )
            }
            return old.count
        }
        if source.isOwn { try source.replace(with: keyring.keepingFirst()) }
        return count
    }
}

// The steps that changes are made of. All run inside a write transaction.
extension Database {
    func secrets(
        condition: String,
        arguments: StatementArguments
    ) throws -> [SecretRecord] {
        let rows = try Row.fetchAll(
            self,
            sql: "SELECT id, function, name, setAt, keyId, sealed FROM secret WHERE \(condition)",
            arguments: arguments
        )
        return rows.map { row in
            SecretRecord(
                id: row["id"],
                function: row["function"],
                name: row["name"],
                setAt: Timestamp(microseconds: row["setAt"]),
                sealed: SealedSecret(keyIdentifier: row["keyId"], bytes: row["sealed"])
            )
        }
    }

    /// The ids of a version's secrets.
    func secretIDs(of function: String, version: Int) throws -> Set<Int64> {
        Set(
            try Int64.fetchAll(
                self,
                sql: "SELECT secret FROM versionSecret WHERE function = ? AND version = ?",
                arguments: [function, version]
            )
        )
    }

    /// The ids of the secrets that a version would have; nil when one of them is not stored yet.
    func secretIDs(_ secrets: SecretSelection, current: FunctionRecord) throws -> Set<Int64>? {
        switch secrets {
        case .inherited: try secretIDs(of: current.name, version: current.currentVersion)
        case .chosen(let ids, adding: nil): Set(ids)
        case .chosen(_, adding: .some): nil
        }
    }

    /// Gives a new version its secrets.
    func store(
        _ secrets: SecretSelection,
        of function: String,
        version: Int,
        inheritedFrom current: Int?,
        at now: Timestamp
    ) throws {
        var ids: Set<Int64>
        switch secrets {
        case .inherited:
            ids = try current.map { try secretIDs(of: function, version: $0) } ?? []
        case .chosen(let stored, let added):
            ids = Set(stored)
            if let added {
                try execute(
                    sql: """
                        INSERT INTO secret (function, name, setAt, keyId, sealed) VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        function, added.name, now.microseconds, added.sealed.keyIdentifier,
                        added.sealed.bytes,
                    ]
                )
                ids.insert(lastInsertedRowID)
            }
        }
        for id in ids.sorted() {
            try execute(
                sql: "INSERT INTO versionSecret (function, version, secret) VALUES (?, ?, ?)",
                arguments: [function, version, id]
            )
        }
    }

    /// Deletes the secrets of a function that no version refers to.
    func deleteUnusedSecrets(of function: String) throws {
        try execute(
            sql: """
                DELETE FROM secret WHERE function = ?
                    AND NOT EXISTS (SELECT 1 FROM versionSecret WHERE secret = secret.id)
                """,
            arguments: [function]
        )
    }
}
