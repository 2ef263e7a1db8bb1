internal import FoundationEssentials
internal import GRDB

/// Functions, versions and aliases.
extension ReferenceRepair {
    /// Makes the rows of functions anew that others tell of; those of deleted ones too, so that their versions' numbers
    /// do not repeat.
    mutating func restoreFunctions() throws {
        let known = "SELECT name FROM function"
        let living = try names(
            """
            SELECT function FROM version WHERE function NOT IN (\(known))
            UNION SELECT function FROM alias WHERE function NOT IN (\(known)) ORDER BY 1
            """
        )
        var gone: [String] = []
        if try has("history") {
            gone = try names(
                """
                SELECT function FROM history WHERE function NOT IN (\(known))
                UNION SELECT function FROM audit
                    WHERE function IS NOT NULL AND function NOT IN (\(known)) ORDER BY 1
                """
            ).filter { !living.contains($0) }
        }
        for name in living + gone {
            let numbers = try versionNumbers(toldOf: name)
            let times = try Row.fetchOne(
                database,
                sql: """
                    SELECT min(at) AS first, max(at) AS last FROM (
                        SELECT createdAt AS at FROM version WHERE function = ?1
                        UNION ALL SELECT updatedAt FROM alias WHERE function = ?1)
                    """,
                arguments: [name]
            )
            // A revision that nobody has seen.
            let latest = numbers.max() ?? 0
            try database.execute(
                sql: """
                    INSERT INTO function
                        (name, createdAt, updatedAt, revision, latestVersion, isDeleted)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    name, times?["first"] as Int64? ?? 0, times?["last"] as Int64? ?? 0,
                    latest + 1_000_000, latest, gone.contains(name),
                ]
            )
        }
        note("functions had lost their own row", living)
        let forgetful = try names(
            """
            SELECT name FROM function
            WHERE latestVersion < (SELECT max(number) FROM version WHERE function = name)
            """
        )
        try database.execute(
            sql: """
                UPDATE function SET latestVersion =
                    (SELECT max(number) FROM version WHERE function = name)
                WHERE latestVersion < (SELECT max(number) FROM version WHERE function = name)
                """
        )
        note("functions had forgotten their latest version", forgetful)
    }

    /// All numbers of versions that anything tells of.
    private func versionNumbers(toldOf function: String) throws -> [Int] {
        var numbers = try Int.fetchAll(
            database,
            sql: """
                SELECT number FROM version WHERE function = ?1
                UNION SELECT version FROM alias WHERE function = ?1
                """,
            arguments: [function]
        )
        guard try has("history") else { return numbers }
        numbers += try Int.fetchAll(
            database,
            sql: "SELECT version FROM audit WHERE function = ? AND version IS NOT NULL",
            arguments: [function]
        )
        try eachHistoryEntry(where: "function = ?", [function]) { _, entry in
            numbers += [entry.version, entry.from?.version, entry.to?.version].compactMap { $0 }
            numbers += entry.versions ?? []
            return true
        }
        return numbers
    }

    /// Reads history, the newest first, until told to stop.
    func eachHistoryEntry(
        where condition: String,
        _ arguments: StatementArguments = [],
        _ body: (Row, HistoryEntry.Detail) throws -> Bool
    ) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT * FROM history WHERE \(condition) ORDER BY id DESC",
            arguments: arguments
        )
        while let row = try rows.next() {
            let text: String = row["detail"]
            let detail = try? JSONDecoder().decode(HistoryEntry.Detail.self, from: Data(text.utf8))
            if let detail, try !body(row, detail) { return }
        }
    }

    // MARK: - Aliases

    /// An alias that history tells of and that is not there.
    struct LostAlias {
        let function: String
        let name: String
        let target: HistoryEntry.Target
        let movedAt: Int64
    }

    /// The aliases of all functions that history tells of and that are not there; or only of functions that lack one.
    func lostAliases(ofFunctionsWithout alias: String? = nil) throws -> [LostAlias] {
        let functions = try names(
            """
            SELECT name FROM function WHERE NOT isDeleted AND (?1 IS NULL OR NOT EXISTS
                (SELECT 1 FROM alias WHERE function = function.name AND alias.name = ?1))
            """,
            [alias]
        )
        var lost: [LostAlias] = []
        for function in functions {
            var seen = Set(try names("SELECT name FROM alias WHERE function = ?", [function]))
            try eachHistoryEntry(where: "function = ?", [function]) { row, entry in
                if let name = entry.alias, seen.insert(name).inserted, let target = entry.to {
                    lost.append(
                        LostAlias(
                            function: function,
                            name: name,
                            target: target,
                            movedAt: row["at"]
                        )
                    )
                }
                // What was before has nothing to say of the function that there is now.
                let ends: [HistoryEntry.Kind] = [.delete, .imported]
                return !ends.contains { $0.rawValue == row["kind"] }
            }
        }
        return lost
    }

    mutating func restoreAliases() throws {
        guard try has("history") else { return }
        let lost = try lostAliases()
        for alias in lost {
            try database.setAlias(
                alias.name,
                of: alias.function,
                to: alias.target.version,
                weights: alias.target.weights,
                sticky: alias.target.sticky,
                at: Timestamp(microseconds: alias.movedAt)
            )
        }
        note(
            "aliases were lost, and are as history has them",
            lost.map { "\($0.function)@\($0.name)" }
        )
    }

    /// Removes shares of versions that are not there: the alias's own version gets them.
    mutating func dropWeights() throws {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT function, name, weights FROM alias WHERE weights <> '{}'"
        )
        var changed: [String] = []
        for row in rows {
            let function: String = row["function"]
            guard let weights = try? decodeWeights(row["weights"]) else { continue }
            let present = try weights.filter { number, _ in
                try database.versionExists(of: function, number)
            }
            guard present.count < weights.count else { continue }
            try database.execute(
                sql: "UPDATE alias SET weights = ? WHERE function = ? AND name = ?",
                arguments: [try encodeWeights(present), function, row["name"]]
            )
            changed.append("\(function)@\(row["name"] as String)")
        }
        note("aliases had shares of versions that were lost, which their own versions get", changed)
    }

    // MARK: - Versions

    /// Puts a version without module and configuration in the place of each that is lost and needed.
    ///
    /// Nothing says how it was configured, whether it asked for a token, say: it must not serve.
    mutating func standInForVersions() throws {
        let lost = try Row.fetchAll(
            database,
            sql: """
                SELECT function, version AS number, max(updatedAt) AS at FROM alias
                WHERE (function, version) NOT IN (SELECT function, number FROM version)
                GROUP BY function, version
                UNION SELECT name, latestVersion, updatedAt FROM function
                WHERE NOT isDeleted AND latestVersion > 0
                    AND NOT EXISTS (SELECT 1 FROM version WHERE function = name)
                    AND NOT EXISTS (SELECT 1 FROM alias WHERE function = function.name)
                ORDER BY 1, 2
                """
        )
        for row in lost {
            try database.execute(
                sql: """
                    INSERT INTO version
                        (function, number, digest, createdAt, guestInterface, configuration)
                    VALUES (?, ?, ?, ?, '', x'')
                    """,
                arguments: [
                    row["function"], row["number"], ModuleDigest.unknown.hexadecimal, row["at"],
                ]
            )
        }
        note(
            "versions were lost",
            lost.map { "\($0["function"] as String) version \($0["number"] as Int)" }
        )
    }
}

extension Database {
    fileprivate func versionExists(of function: String, _ number: Int) throws -> Bool {
        try Bool.fetchOne(
            self,
            sql: "SELECT EXISTS (SELECT 1 FROM version WHERE function = ? AND number = ?)",
            arguments: [function, number]
        ) ?? false
    }
}
