internal import FoundationEssentials
internal import GRDB

/// Runtimes, bundles of files, tokens: what else there is to find or to name.
extension ReferenceRepair {
    /// What the audit trail says of a change that is not about a function.
    private struct AuditDetail: Decodable {
        var runtime: String?
        var token: String?
        var expiresAt: String?
    }

    /// The newest changes of the audit trail by what they were about.
    private func newestChanges<Subject: Hashable>(
        _ actions: [String],
        _ subject: (AuditDetail) -> Subject?
    ) throws -> [(subject: Subject, row: Row, detail: AuditDetail)] {
        var seen: Set<Subject> = []
        var changes: [(Subject, Row, AuditDetail)] = []
        let places = actions.map { _ in "?" }.joined(separator: ", ")
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT * FROM audit WHERE action IN (\(places)) ORDER BY id DESC",
            arguments: StatementArguments(actions)
        )
        while let row = try rows.next() {
            guard let bytes = row["detail"] as Data?,
                let detail = try? JSONDecoder().decode(AuditDetail.self, from: bytes),
                let subject = subject(detail), seen.insert(subject).inserted
            else { continue }
            changes.append((subject, row.copy(), detail))
        }
        return changes
    }

    // MARK: - Runtimes

    mutating func restoreRuntimes() throws {
        guard try has("runtimeBuild") else { return }
        let runtimes = Set(try names("SELECT name FROM runtime"))
        let changes =
            try has("audit")
            ? newestChanges(["runtime.put", "runtime.delete"]) { $0.runtime } : []
        let lost = try Row.fetchAll(
            database,
            sql: """
                SELECT runtimeBuild AS digest, min(digest) AS module, min(function) AS function
                FROM version WHERE runtimeBuild IS NOT NULL
                    AND runtimeBuild NOT IN (SELECT digest FROM runtimeBuild)
                GROUP BY runtimeBuild
                """
        )
        var restored: [String] = []
        var unknown: [String] = []
        for row in lost {
            let digest: String = row["digest"]
            let build = try findBuild(
                digest,
                module: row["module"],
                names: runtimes.union(changes.map(\.subject))
            )
            try database.execute(
                sql: """
                    INSERT INTO runtimeBuild (digest, runtime, module, bundle, settings, createdAt)
                    VALUES (?, ?, ?, ?, ?, 0)
                    """,
                arguments: [
                    digest, build?.runtime ?? "?", row["module"], build?.bundle,
                    build?.settings ?? Data(),
                ]
            )
            if let build { restored.append(build.runtime) } else { unknown.append(row["function"]) }
        }
        note("builds of runtimes were lost, and are as their digests have them", restored)
        note("builds of runtimes were lost that functions use", unknown)

        var back: [String] = []
        for change in changes
        where change.row["action"] == "runtime.put" && !runtimes.contains(change.subject) {
            try database.execute(
                sql: """
                    INSERT INTO runtime (name, build, createdAt, updatedAt)
                    SELECT ?, digest, ?, ? FROM runtimeBuild WHERE digest = ?
                    """,
                arguments: [
                    change.subject, change.row["at"], change.row["at"], change.row["digest"],
                ]
            )
            if database.changesCount > 0 { back.append(change.subject) }
        }
        note("runtimes were lost, and are as the audit trail has them", back)
        let gone = try names(
            "SELECT name FROM runtime WHERE build NOT IN (SELECT digest FROM runtimeBuild)"
        )
        try database.execute(
            sql: "DELETE FROM runtime WHERE build NOT IN (SELECT digest FROM runtimeBuild)"
        )
        note("runtimes had lost their build: add them again", gone)
    }

    /// What a build was made of, which its digest proves.
    private func findBuild(
        _ digest: String,
        module: String,
        names runtimes: Set<String>
    ) throws -> (runtime: String, bundle: String?, settings: Data)? {
        guard let module = ModuleDigest(hexadecimal: module) else { return nil }
        var bundles: [ModuleDigest?] = [nil]
        bundles += try names("SELECT digest FROM bundle UNION SELECT bundle FROM bundleFile")
            .map { ModuleDigest(hexadecimal: $0) }
        for runtime in runtimes.sorted() {
            var settings = try Data.fetchAll(
                database,
                sql: "SELECT DISTINCT settings FROM runtimeBuild"
            )
            // A runtime is mostly called as its language, and seldom has more settings.
            settings += [Data(#"{"language":"\#(runtime)"}"#.utf8), Data("{}".utf8)]
            for bundle in bundles {
                for settings in settings
                where DeploymentStore.buildDigest(
                    name: runtime,
                    module: module,
                    bundle: bundle,
                    settings: Array(settings)
                ).hexadecimal == digest {
                    return (runtime, bundle?.hexadecimal, settings)
                }
            }
        }
        return nil
    }

    // MARK: - Files

    mutating func restoreBundles() throws {
        guard try has("bundle") else { return }
        let users = """
            SELECT bundle, function || ' version ' || number AS name FROM version
            UNION ALL SELECT bundle, 'runtime ' || runtime FROM runtimeBuild
            """
        let lost = try names(
            """
            SELECT name FROM (\(users)) WHERE bundle IS NOT NULL
                AND bundle NOT IN (SELECT digest FROM bundle) ORDER BY name
            """
        )
        try database.execute(
            sql: """
                INSERT INTO bundle (digest, size, fileCount)
                    SELECT digest, ifnull(sum(size), 0), count(size) FROM (
                        SELECT DISTINCT used.bundle AS digest, path, file.size AS size
                        FROM (\(users)) AS used
                            LEFT JOIN bundleFile ON bundleFile.bundle = used.bundle
                            LEFT JOIN file ON file.digest = bundleFile.file
                        WHERE used.bundle IS NOT NULL
                            AND used.bundle NOT IN (SELECT digest FROM bundle))
                    GROUP BY digest
                """
        )
        try database.execute(
            sql: """
                DELETE FROM bundleFile WHERE file NOT IN (SELECT digest FROM file)
                    OR bundle NOT IN (SELECT digest FROM bundle)
                """
        )
        // Files that are lost themselves are found when their digests are computed.
        note("bundles of files were lost, and are made of what files there are", lost)
    }

    // MARK: - Tokens

    /// Names the tokens that were made and not revoked, and are not there: only their owners have the secrets.
    mutating func nameTokens() throws {
        guard try has("audit") else { return }
        let present = Set(try names("SELECT name FROM token"))
        let now = Timestamp.now()
        let lost = try newestChanges(["token.create", "token.revoke"]) { $0.token }.filter {
            let expiry = $0.detail.expiresAt.flatMap { Timestamp(rfc3339: $0) }
            return $0.row["action"] == "token.create" && !present.contains($0.subject)
                && expiry.map { $0 > now } ?? true
        }
        note("tokens were lost: make them anew", lost.map(\.subject).sorted())
    }
}
