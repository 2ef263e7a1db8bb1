internal import FoundationEssentials
internal import GRDB

// The mapping between the tables of `control.db` and the public records. Runs inside transactions.

extension Database {
    func functionRecord(named name: String) throws -> FunctionRecord? {
        try functionRecords(condition: "name = ?", arguments: [name]).first
    }

    func functionRecords(
        condition: String,
        arguments: StatementArguments
    ) throws -> [FunctionRecord] {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT name, createdAt, updatedAt, revision, latestVersion FROM function
                WHERE NOT isDeleted AND \(condition)
                """,
            arguments: arguments
        )
        return try rows.map { row in
            FunctionRecord(
                name: row["name"],
                createdAt: Timestamp(microseconds: row["createdAt"]),
                updatedAt: Timestamp(microseconds: row["updatedAt"]),
                revision: row["revision"],
                latestVersion: row["latestVersion"],
                aliases: try aliasRecords(of: row["name"])
            )
        }
    }

    private func aliasRecords(of function: String) throws -> [AliasRecord] {
        let statement = try cachedStatement(
            sql: """
                SELECT name, version, weights, sticky, updatedAt FROM alias
                WHERE function = ? ORDER BY name
                """
        )
        return try Row.fetchAll(statement, arguments: [function]).map { row in
            AliasRecord(
                name: row["name"],
                version: row["version"],
                // Unreadable ones are those of a damaged row: then the alias stands for its version alone.
                weights: (try? decodeWeights(row["weights"])) ?? [:],
                sticky: (row["sticky"] as String?).flatMap {
                    try? JSONDecoder().decode(StickyKey.self, from: Data($0.utf8))
                },
                updatedAt: Timestamp(microseconds: row["updatedAt"])
            )
        }
    }

    func versionRecord(of function: String, number: Int) throws -> VersionRecord? {
        try versionRecords(
            condition: "function = ? AND number = ?",
            arguments: [function, number]
        ).first
    }

    func versionRecords(
        condition: String,
        arguments: StatementArguments
    ) throws -> [VersionRecord] {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT function, number, version.digest, size, createdAt, guestInterface,
                    configuration, source, bundle, runtimeBuild, main
                FROM version JOIN module USING (digest) WHERE \(condition)
                """,
            arguments: arguments
        )
        return try rows.map { row in
            VersionRecord(
                function: row["function"],
                number: row["number"],
                digest: ModuleDigest(hexadecimal: row["digest"]) ?? .unknown,
                moduleBytes: row["size"],
                bundle: try (row["bundle"] as String?).map(digest),
                runtime: try (row["runtimeBuild"] as String?).flatMap(runtimeBuild),
                main: row["main"],
                createdAt: Timestamp(microseconds: row["createdAt"]),
                guestInterface: row["guestInterface"],
                configuration: row["configuration"],
                source: row["source"]
            )
        }
    }
}

func encodeWeights(_ weights: [Int: Double]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let named = Dictionary(uniqueKeysWithValues: weights.map { (String($0.key), $0.value) })
    return String(decoding: try encoder.encode(named), as: UTF8.self)
}

func decodeWeights(_ text: String) throws -> [Int: Double] {
    let named = try JSONDecoder().decode([String: Double].self, from: Data(text.utf8))
    var weights: [Int: Double] = [:]
    for (name, weight) in named {
        guard let version = Int(name) else {
            throw StoreError.io("control.db holds a weight for '\(name)', which is no version")
        }
        weights[version] = weight
    }
    return weights
}
