public import FoundationEssentials
internal import GRDB

/// Functions, their versions and their modules: `control.db`.
///
/// When a call that changes something returns, the change is on disk (`synchronous = FULL`); when
/// it throws, nothing changed. All calls block on the disk, and may come from any thread but those
/// of Swift's concurrency pool.
public final class DeploymentStore: Sendable {
    package let file: DatabaseFile
    // Keeps the folder locked for as long as the database is open.
    private let folder: DataFolder
    /// How many entries of the audit trail are kept.
    let auditRecordsMax: Int

    /// What had to be done for the database to be opened, in sentences for the operator: empty when it was sound.
    public let recoveryNotes: [String]

    /// Opens or makes `control.db` in the folder.
    ///
    /// A damaged one is put aside, and what can still be read of it stays.
    public init(folder: DataFolder, auditRecordsMax: Int = 100_000) throws(StoreError) {
        self.folder = folder
        self.auditRecordsMax = auditRecordsMax
        var database = DeploymentDatabase(
            path: folder.path(of: "control.db"),
            wasInUse: folder.wasInUse
        )
        file = try database.open()
        recoveryNotes = database.notes
    }

    /// Stores a version of a function, and the function itself if it is new.
    ///
    /// A version that is the same in module, interface and configuration is not stored again: the
    /// outcome is `unchanged` when the current version, or else the latest one, is the same. That
    /// version becomes `live` if `activate` is set, as a new one would.
    ///
    /// - Parameters:
    ///   - name: Checked by the caller.
    ///   - module: The bytes, stored once for all versions that use them.
    ///   - configuration: A JSON document; `nil` takes over the current version's, or `{}`.
    ///   - secrets: Which secrets the version has.
    ///   - guestInterface: In the platform's words.
    ///   - source: A JSON document about where the module came from.
    ///   - activate: Whether `live` points to the version afterwards.
    ///   - precondition: What must hold.
    ///   - kind: What history calls it.
    ///   - secret: The name of the secret that it is about.
    ///   - origin: Who asked for it.
    ///   - audit: What to note of the change, in the same transaction.
    /// - Returns: What happened, and what there is now.
    /// - Throws: `preconditionFailed`, or an error of the database or the disk.
    public func deploy(
        name: String,
        module: [UInt8],
        configuration: Data? = nil,
        secrets: SecretSelection = .inherited,
        guestInterface: String,
        source: Data? = nil,
        activate: Bool = true,
        precondition: Precondition = .none,
        kind: HistoryEntry.Kind = .deploy,
        secret: String? = nil,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> DeploymentOutcome {
        try deploy(
            name: name,
            code: StoredCode(module: module),
            configuration: configuration,
            secrets: secrets,
            guestInterface: guestInterface,
            source: source,
            activate: activate,
            precondition: precondition,
            kind: kind,
            secret: secret,
            origin: origin,
            audit: audit
        )
    }

    /// The same for a module with files, or a script.
    ///
    /// A build of a runtime that it names is stored already; throws an error of the database when it is not.
    public func deploy(
        name: String,
        code: StoredCode,
        configuration: Data? = nil,
        secrets: SecretSelection = .inherited,
        guestInterface: String,
        source: Data? = nil,
        activate: Bool = true,
        precondition: Precondition = .none,
        kind: HistoryEntry.Kind = .deploy,
        secret: String? = nil,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> DeploymentOutcome {
        let bundle = code.files.flatMap { $0.isEmpty ? nil : Bundle($0) }
        return try file.write { database in
            let current = try database.check(precondition, function: name)
            let inherited = try database.currentVersion(of: current)?.configuration
            let draft = VersionDraft(
                function: name,
                digest: code.digest,
                bundle: bundle?.digest ?? code.bundle,
                runtimeBuild: code.runtimeBuild,
                main: code.main,
                guestInterface: guestInterface,
                configuration: configuration ?? inherited ?? Data("{}".utf8),
                secrets: secrets,
                source: source
            )
            let outcome = try database.store(
                draft,
                module: code.module,
                bundle: bundle,
                current: current,
                activate: activate,
                kind,
                secret: secret,
                by: origin
            )
            try database.append(audit?.about(outcome.version), keeping: auditRecordsMax)
            return outcome
        }
    }

    /// Points an alias to a version, and makes the alias if it is new.
    ///
    /// Throws `noSuchFunction`, or `noSuchVersion` for the version and each that has a weight.
    public func setAlias(
        function name: String,
        alias: String,
        version: Int,
        weights: [Int: Double] = [:],
        sticky: StickyKey? = nil,
        precondition: Precondition = .none,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> FunctionRecord {
        try file.write { database in
            guard let old = try database.check(precondition, function: name) else {
                throw StoreError.noSuchFunction(name)
            }
            for number in [version] + weights.keys.sorted() {
                guard try database.versionRecord(of: name, number: number) != nil else {
                    throw StoreError.noSuchVersion(function: name, version: number)
                }
            }
            let now = Timestamp.now()
            try database.setAlias(
                alias,
                of: name,
                to: version,
                weights: weights,
                sticky: sticky,
                at: now
            )
            let new = try database.touch(name, at: now)
            let detail = HistoryEntry.Detail(moving: alias, from: old, to: new)
            try database.note(.alias, of: name, by: origin, detail, at: now)
            let target = try database.versionRecord(of: name, number: version)
            try database.append(audit?.about(target), keeping: auditRecordsMax)
            return new
        }
    }

    /// Removes an alias.
    ///
    /// Throws `noSuchFunction` or `noSuchAlias`.
    ///
    /// Without `live`, a function gets no plain traffic.
    public func deleteAlias(
        function name: String,
        alias: String,
        precondition: Precondition = .none,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> FunctionRecord {
        try file.write { database in
            guard let old = try database.check(precondition, function: name) else {
                throw StoreError.noSuchFunction(name)
            }
            try database.execute(
                sql: "DELETE FROM alias WHERE function = ? AND name = ?",
                arguments: [name, alias]
            )
            guard database.changesCount > 0 else {
                throw StoreError.noSuchAlias(function: name, alias: alias)
            }
            let now = Timestamp.now()
            let new = try database.touch(name, at: now)
            let detail = HistoryEntry.Detail(moving: alias, from: old, to: new)
            try database.note(.aliasDelete, of: name, by: origin, detail, at: now)
            try database.append(audit, keeping: auditRecordsMax)
            return new
        }
    }

    /// Deletes a function with its versions, aliases and benchmarks, and every module that no other
    /// version uses.
    ///
    /// Returns `false` when there was no such function.
    ///
    /// The name may be deployed again: version numbers and revisions go on where they stopped, so
    /// that `name@3` and an entity tag never come to mean something else.
    public func delete(
        name: String,
        precondition: Precondition = .none,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> Bool {
        try file.write { database in
            guard let old = try database.check(precondition, function: name) else { return false }
            let digests = try String.fetchSet(
                database,
                sql: "SELECT DISTINCT digest FROM version WHERE function = ?",
                arguments: [name]
            )
            try database.execute(sql: "DELETE FROM alias WHERE function = ?", arguments: [name])
            try database.deleteVersions(of: name, condition: "IS NOT NULL")
            try database.deleteUnusedSecrets(of: name)
            let now = Timestamp.now()
            try database.execute(
                sql: """
                    UPDATE function SET isDeleted = 1, revision = revision + 1, updatedAt = ?
                    WHERE name = ?
                    """,
                arguments: [now.microseconds, name]
            )
            _ = try database.deleteUnusedModules(among: digests)
            try database.collectUnusedCode()
            var detail = HistoryEntry.Detail()
            if old.liveVersion != nil {
                detail = .init(moving: AliasRecord.live, from: old, to: nil)
            }
            try database.note(.delete, of: name, by: origin, detail, at: now)
            try database.append(audit, keeping: auditRecordsMax)
            return true
        }
    }

    /// Keeps the result of a benchmark with the version.
    ///
    /// Throws `noSuchVersion`.
    public func saveBenchmark(
        function: String,
        version: Int,
        result: Data
    ) throws(StoreError) {
        try file.write { database in
            guard try database.versionRecord(of: function, number: version) != nil else {
                throw StoreError.noSuchVersion(function: function, version: version)
            }
            try database.execute(
                sql: """
                    INSERT INTO benchmark (function, version, createdAt, result) VALUES (?, ?, ?, ?)
                    """,
                arguments: [function, version, Timestamp.now().microseconds, result]
            )
        }
    }

    /// Closes the database; later calls throw.
    ///
    /// Without it, the last reference does the same.
    public func close() {
        file.close()
    }
}

// MARK: - Queries

extension DeploymentStore {
    /// The function with this name.
    public func function(named name: String) throws(StoreError) -> FunctionRecord? {
        try file.read { try $0.functionRecord(named: name) }
    }

    /// Functions in the order of their names, those after `name` that match one of the patterns.
    ///
    /// In a pattern `*` stands for any text; nothing else that names have is special.
    public func functions(
        limit: Int,
        after name: String? = nil,
        matching patterns: [String] = ["*"]
    ) throws(StoreError) -> [FunctionRecord] {
        try file.read { database in
            let terms = patterns.map { _ in "name GLOB ?" }.joined(separator: " OR ")
            return try database.functionRecords(
                condition: "name > ? AND (\(terms)) ORDER BY name LIMIT ?",
                arguments: [name ?? ""] + StatementArguments(patterns) + [max(0, limit)]
            )
        }
    }

    /// The names of functions in their order, those after `name`, and whether the live version's configuration has
    /// `routes`.
    public func functionNames(
        limit: Int,
        after name: String? = nil
    ) throws(StoreError) -> [(name: String, hasRoutes: Bool)] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT function.name, ifnull((
                        SELECT json_array_length(CAST(configuration AS TEXT), '$.routes') > 0
                        FROM alias JOIN version
                            ON version.function = alias.function AND number = alias.version
                        WHERE alias.function = function.name AND alias.name = 'live'
                            AND json_valid(CAST(configuration AS TEXT))
                    ), 0) AS hasRoutes
                    FROM function WHERE NOT isDeleted AND function.name > ?
                    ORDER BY function.name LIMIT ?
                    """,
                arguments: [name ?? "", max(0, limit)]
            ).map { (name: $0["name"], hasRoutes: $0["hasRoutes"]) }
        }
    }

    /// Versions of a function, the newest first, those before `number`.
    ///
    /// Throws `noSuchFunction`.
    public func versions(
        of function: String,
        limit: Int,
        before number: Int? = nil
    ) throws(StoreError) -> [VersionRecord] {
        try file.read { database in
            guard try database.functionRecord(named: function) != nil else {
                throw StoreError.noSuchFunction(function)
            }
            return try database.versionRecords(
                condition: "function = ? AND number < ? ORDER BY number DESC LIMIT ?",
                arguments: [function, number ?? Int.max, max(0, limit)]
            )
        }
    }

    /// One version of a function.
    public func version(
        of function: String,
        number: Int
    ) throws(StoreError) -> VersionRecord? {
        try file.read { try $0.versionRecord(of: function, number: number) }
    }

    /// The bytes of a module, read from disk in full; throws `alteredModule` when they are not those that were
    /// stored.
    public func moduleBytes(digest: ModuleDigest) throws(StoreError) -> [UInt8]? {
        let bytes = try file.read { database in
            try Data.fetchOne(
                database,
                sql: "SELECT bytes FROM module WHERE digest = ?",
                arguments: [digest.hexadecimal]
            ).map { Array($0) }
        }
        guard let bytes, ModuleDigest(of: bytes) != digest else { return bytes }
        throw .alteredModule(digest)
    }

    /// Benchmarks of a version, the newest first.
    public func benchmarks(
        function: String,
        version: Int,
        limit: Int = 20
    ) throws(StoreError) -> [BenchmarkRecord] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT createdAt, result FROM benchmark WHERE function = ? AND version = ?
                    ORDER BY id DESC LIMIT ?
                    """,
                arguments: [function, version, max(0, limit)]
            ).map { row in
                BenchmarkRecord(
                    createdAt: Timestamp(microseconds: row["createdAt"]),
                    result: row["result"]
                )
            }
        }
    }
}
