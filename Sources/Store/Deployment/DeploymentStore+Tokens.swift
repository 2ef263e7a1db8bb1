import FoundationEssentials
internal import GRDB

/// The tokens that may be shown to the daemon, beside that of the data folder.
extension DeploymentStore {
    /// All tokens in the order of their names, those that have expired among them.
    public func tokens() throws(StoreError) -> [TokenRecord] {
        try file.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM token ORDER BY name").map { row in
                TokenRecord(
                    name: row["name"],
                    digest: row["digest"],
                    scopes: try Self.list(row["scopes"]),
                    functions: try Self.list(row["functions"]),
                    createdAt: Timestamp(microseconds: row["createdAt"]),
                    createdBy: row["createdBy"],
                    expiresAt: (row["expiresAt"] as Int64?).map { Timestamp(microseconds: $0) }
                )
            }
        }
    }

    /// Adds a token, unless its name is taken or there are `countMax` already.
    public func addToken(
        _ token: TokenRecord,
        countMax: Int,
        audit: AuditEntry?
    ) throws(StoreError) -> TokenAddition {
        try file.write { database in
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM token") ?? 0
            let isTaken = try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM token WHERE name = ?)",
                arguments: [token.name]
            )
            guard isTaken != true else { return .nameTaken }
            guard count < countMax else { return .full }
            try database.execute(
                sql: """
                    INSERT INTO token
                        (name, digest, scopes, functions, createdAt, createdBy, expiresAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    token.name, token.digest, try Self.text(token.scopes),
                    try Self.text(token.functions), token.createdAt.microseconds, token.createdBy,
                    token.expiresAt?.microseconds,
                ]
            )
            try database.append(audit, keeping: auditRecordsMax)
            return .added
        }
    }

    /// Removes a token; false when there is none of that name.
    public func deleteToken(named name: String, audit: AuditEntry?) throws(StoreError) -> Bool {
        try file.write { database in
            try database.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
            guard database.changesCount > 0 else { return false }
            try database.append(audit, keeping: auditRecordsMax)
            return true
        }
    }

    private static func list(_ text: String) throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    private static func text(_ list: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
    }
}
