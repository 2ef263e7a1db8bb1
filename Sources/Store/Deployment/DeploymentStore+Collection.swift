internal import GRDB

/// Which versions are kept though nothing refers to them.
public struct CollectionPolicy: Equatable, Sendable {
    /// So many of the newest of each function.
    public var newestCount: Int

    /// Those that were made after this moment.
    public var youngerThan: Timestamp

    /// Makes a policy.
    public init(newestCount: Int, youngerThan: Timestamp) {
        self.newestCount = newestCount
        self.youngerThan = youngerThan
    }
}

/// Giving up what nothing refers to.
extension DeploymentStore {
    /// The names of functions that have more versions than a policy keeps in any case, after `name`.
    ///
    /// Looks at no more than `limit` functions. Returns the last one looked at too; nil when there are no more.
    public func functionsToCollect(
        _ policy: CollectionPolicy,
        after name: String,
        limit: Int
    ) throws(StoreError) -> (names: [String], last: String?) {
        try file.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT name, EXISTS (SELECT 1 FROM version WHERE function = name
                        ORDER BY number DESC LIMIT 1 OFFSET :count) AS isLong
                    FROM function WHERE name > :name AND NOT isDeleted ORDER BY name LIMIT :limit
                    """,
                arguments: ["count": policy.newestCount, "name": name, "limit": limit]
            )
            return (rows.filter { $0["isLong"] }.map { $0["name"] }, rows.last?["name"])
        }
    }

    /// Deletes versions of a function that a policy does not keep, at most `limit` of them, with the modules and
    /// secrets that no other version uses.
    ///
    /// Kept are versions that an alias or a share of one leads to, the one that a rollback goes to, and those that
    /// a waiting call names. `mayCollect` is asked last, in the transaction, and must not use the store. Returns the
    /// versions that were deleted.
    public func collectVersions(
        of name: String,
        _ policy: CollectionPolicy,
        limit: Int,
        mayCollect: (Int) -> Bool
    ) throws(StoreError) -> [Int] {
        try file.write { database in
            guard let function = try database.functionRecord(named: name) else { return [] }
            var kept = Set(function.aliases.flatMap { [$0.version] + $0.weights.keys })
            let candidates = try Row.fetchAll(
                database,
                sql: """
                    SELECT number, digest FROM version
                    WHERE function = :name AND createdAt < :moment
                        AND number <= (SELECT number FROM version WHERE function = :name
                            ORDER BY number DESC LIMIT 1 OFFSET :count)
                        AND NOT EXISTS (SELECT 1 FROM asyncCall WHERE state = 'waiting'
                            AND asyncCall.function = :name AND asyncCall.version = number)
                    ORDER BY number
                    """,
                arguments: [
                    "name": name, "moment": policy.youngerThan.microseconds,
                    "count": policy.newestCount,
                ]
            )
            // This takes long in comparison.
            if !candidates.isEmpty, let previous = try database.versionBeforeLive(of: function) {
                kept.insert(previous)
            }
            var versions: [Int] = []
            var digests: Set<String> = []
            for row in candidates where versions.count < limit {
                let number: Int = row["number"]
                guard !kept.contains(number), mayCollect(number) else { continue }
                versions.append(number)
                digests.insert(row["digest"])
                try database.deleteVersions(of: name, condition: "= \(number)")
            }
            guard !versions.isEmpty else { return [] }
            try database.deleteUnusedSecrets(of: name)
            let moduleCount = try database.deleteUnusedModules(among: digests)
            try database.collectUnusedCode()
            var detail = HistoryEntry.Detail()
            detail.versions = versions
            detail.moduleCount = moduleCount
            try database.note(.collect, of: name, by: .daemon, detail, at: .now())
            return versions
        }
    }
}

// The steps that changes are made of. All run inside a write transaction.
extension Database {
    /// Deletes the versions of a function whose numbers meet a condition, and what belongs to them.
    func deleteVersions(of function: String, condition: String) throws {
        for (table, column) in [
            ("benchmark", "version"), ("versionSecret", "version"), ("version", "number"),
        ] {
            try execute(
                sql: "DELETE FROM \(table) WHERE function = ? AND \(column) \(condition)",
                arguments: [function]
            )
        }
    }

    /// Deletes those of the modules that no version uses, and returns how many there were.
    func deleteUnusedModules(among digests: Set<String>) throws -> Int {
        var count = 0
        for digest in digests.sorted() {
            try execute(
                sql: """
                    DELETE FROM module WHERE digest = :digest
                        AND NOT EXISTS (SELECT 1 FROM version WHERE digest = :digest)
                        AND NOT EXISTS (SELECT 1 FROM runtimeBuild WHERE module = :digest)
                    """,
                arguments: ["digest": digest]
            )
            count += changesCount
        }
        return count
    }
}
