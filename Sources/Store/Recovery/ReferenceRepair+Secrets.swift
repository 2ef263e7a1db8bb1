internal import FoundationEssentials
internal import GRDB

/// Secrets: a version that has lost one must not run without it.
extension ReferenceRepair {
    /// Secrets that no version has: as they go with their last version, the rows that said whose they are are lost.
    func unusedSecrets() throws -> [Row] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT id, function, name, setAt FROM secret
                WHERE NOT EXISTS (SELECT 1 FROM versionSecret WHERE secret = secret.id)
                ORDER BY setAt DESC, id DESC
                """
        )
    }

    mutating func restoreSecrets() throws {
        guard try has("versionSecret") else { return }
        try database.execute(
            sql: """
                DELETE FROM versionSecret
                WHERE (function, version) NOT IN (SELECT function, number FROM version)
                """
        )
        try standInForSecrets()
        try restoreUses()
    }

    /// Puts a secret without a value in the place of each that is lost, under the name that history has.
    private mutating func standInForSecrets() throws {
        let lost = try Row.fetchAll(
            database,
            sql: """
                SELECT secret AS id, function, min(version) AS version FROM versionSecret
                WHERE secret NOT IN (SELECT id FROM secret) GROUP BY secret, function
                """
        )
        var named: [String] = []
        for row in lost {
            let (id, function): (Int64, String) = (row["id"], row["function"])
            let name = try name(ofSecretSetIn: row["version"], of: function) ?? "lost-secret-\(id)"
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO secret (id, function, name, setAt, keyId, sealed)
                    VALUES (?, ?, ?, 0, '', x'')
                    """,
                arguments: [id, function, name]
            )
            named.append("\(name) of \(function)")
        }
        note("secrets were lost: set them again, or delete them", named)
    }

    /// The secret that a version was made to set.
    private func name(ofSecretSetIn version: Int, of function: String) throws -> String? {
        var name: String?
        try eachHistoryEntry(where: "function = ? AND kind = 'secret-set'", [function]) {
            if $1.version == version { name = $1.secret }
            return name == nil
        }
        return name
    }

    /// Gives secrets that no version has back to the versions that were made with them.
    private mutating func restoreUses() throws {
        let unused = try unusedSecrets()
        for row in unused {
            let (function, name): (String, String) = (row["function"], row["name"])
            var deletedAt = Int64.max
            try eachHistoryEntry(where: "function = ? AND kind = 'secret-delete'", [function]) {
                if $1.secret == name, $0["at"] > row["setAt"] as Int64 { deletedAt = $0["at"] }
                return true
            }
            // The newest value comes first, so that an older one is left to the versions between.
            try database.execute(
                sql: """
                    INSERT INTO versionSecret (function, version, secret)
                    SELECT function, number, :secret FROM version
                    WHERE function = :function AND createdAt >= :setAt AND createdAt < :deletedAt
                        AND NOT EXISTS (SELECT 1 FROM versionSecret AS other
                            JOIN secret ON secret.id = other.secret
                            WHERE other.function = version.function
                                AND other.version = version.number AND secret.name = :name)
                    """,
                arguments: [
                    "secret": row["id"] as Int64, "function": function, "name": name,
                    "setAt": row["setAt"] as Int64, "deletedAt": deletedAt,
                ]
            )
        }
        note(
            "secrets had lost their versions, and are given to those that were made with them",
            unused.map { "\($0["name"] as String) of \($0["function"] as String)" }
        )
    }
}
