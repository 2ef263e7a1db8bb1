internal import FoundationEssentials
internal import GRDB

/// Files and runtimes.
extension DeploymentStore {
    /// The files of a bundle, read from disk in full; nil when there is none of that digest.
    ///
    /// Throws `alteredFiles` when they are not what was stored.
    public func files(ofBundle digest: ModuleDigest) throws(StoreError) -> [StoredFile]? {
        try file.read { database in
            let exists = try Bool.fetchOne(
                database,
                sql: "SELECT 1 FROM bundle WHERE digest = ?",
                arguments: [digest.hexadecimal]
            )
            return try exists.map { _ in try database.files(ofBundle: digest) }
        }
    }

    /// The paths and sizes of a bundle's files, by path.
    public func fileList(
        ofBundle digest: ModuleDigest
    ) throws(StoreError) -> [(path: String, byteCount: Int)] {
        try file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT path, size FROM bundleFile JOIN file ON file.digest = bundleFile.file
                    WHERE bundle = ? ORDER BY path
                    """,
                arguments: [digest.hexadecimal]
            ).map { ($0["path"], $0["size"]) }
        }
    }

    // MARK: - Runtimes

    /// Stores a build of a runtime, which new versions get from then on, and the runtime itself if it is new.
    ///
    /// `settings` is a JSON object. The same build again changes nothing.
    public func putRuntime(
        name: String,
        module: [UInt8],
        files: [StoredFile],
        settings: [UInt8],
        audit: AuditEntry? = nil
    ) throws(StoreError) -> RuntimeRecord {
        let bundle = files.isEmpty ? nil : Bundle(files)
        let moduleDigest = ModuleDigest(of: module)
        let digest = Self.buildDigest(
            name: name,
            module: moduleDigest,
            bundle: bundle?.digest,
            settings: settings
        )
        return try file.write { database in
            let now = Timestamp.now()
            try database.insertModule(moduleDigest, module)
            if let bundle { try database.insert(bundle) }
            try database.execute(
                sql: """
                    INSERT INTO runtimeBuild (digest, runtime, module, bundle, settings, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET
                        runtime = excluded.runtime, bundle = excluded.bundle,
                        settings = excluded.settings
                    """,
                arguments: [
                    digest.hexadecimal, name, moduleDigest.hexadecimal,
                    bundle?.digest.hexadecimal, Data(settings), now.microseconds,
                ]
            )
            try database.execute(
                sql: """
                    INSERT INTO runtime (name, build, createdAt, updatedAt)
                    VALUES (:name, :build, :now, :now)
                    ON CONFLICT (name) DO UPDATE SET
                        updatedAt = iif(build = :build, updatedAt, :now), build = :build
                    """,
                arguments: ["name": name, "build": digest.hexadecimal, "now": now.microseconds]
            )
            try database.collectUnusedCode()
            guard let record = try database.runtimes(named: name).first else {
                throw StoreError.io("runtime '\(name)' is not there after it was stored")
            }
            var audit = audit
            audit?.digest = digest
            try database.append(audit, keeping: auditRecordsMax)
            return record
        }
    }

    /// The digest that a build gets.
    public static func buildDigest(
        name: String,
        module: ModuleDigest,
        bundle: ModuleDigest?,
        settings: [UInt8]
    ) -> ModuleDigest {
        let text = "\(name)\n\(module.hexadecimal)\n\(bundle?.hexadecimal ?? "-")\n"
        return ModuleDigest(of: Array(text.utf8) + settings)
    }

    /// The digest that a bundle of files gets; nil for none.
    public static func bundleDigest(of files: [StoredFile]) -> ModuleDigest? {
        files.isEmpty ? nil : Bundle(files).digest
    }

    /// All runtimes, by name.
    public func runtimes() throws(StoreError) -> [RuntimeRecord] {
        try file.read { try $0.runtimes() }
    }

    /// The runtime with this name.
    public func runtime(named name: String) throws(StoreError) -> RuntimeRecord? {
        try file.read { try $0.runtimes(named: name).first }
    }

    /// Forgets a runtime.
    ///
    /// Returns `false` when there was none; throws `runtimeInUse` while functions have versions that use it.
    public func deleteRuntime(
        name: String,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> Bool {
        try file.write { database in
            guard let record = try database.runtimes(named: name).first else { return false }
            guard record.functionCount == 0 else {
                let users = try database.functions(usingRuntime: name, limit: 5)
                throw StoreError.runtimeInUse(
                    name,
                    functionCount: record.functionCount,
                    functions: users
                )
            }
            try database.execute(sql: "DELETE FROM runtime WHERE name = ?", arguments: [name])
            try database.collectUnusedCode()
            var audit = audit
            audit?.digest = record.build.digest
            try database.append(audit, keeping: auditRecordsMax)
            return true
        }
    }
}

// The steps that changes are made of. All run inside a transaction.
extension Database {
    /// The files of a bundle, whose digest has been computed anew; throws `alteredFiles`.
    func files(ofBundle digest: ModuleDigest) throws -> [StoredFile] {
        let files = try Row.fetchAll(
            self,
            sql: """
                SELECT path, bytes FROM bundleFile JOIN file ON file.digest = bundleFile.file
                WHERE bundle = ? ORDER BY path
                """,
            arguments: [digest.hexadecimal]
        ).map { row in
            let bytes: Data = row["bytes"]
            return StoredFile(path: row["path"], bytes: Array(bytes))
        }
        guard Bundle(files).digest == digest else { throw StoreError.alteredFiles(digest) }
        return files
    }

    /// Stores a module; what is stored under its digest and is not it, is mended.
    func insertModule(_ digest: ModuleDigest, _ bytes: [UInt8]) throws {
        try execute(
            sql: """
                INSERT INTO module (digest, size, bytes) VALUES (?, ?, ?)
                ON CONFLICT (digest) DO UPDATE SET size = excluded.size, bytes = excluded.bytes
                    WHERE size <> excluded.size OR bytes <> excluded.bytes
                """,
            arguments: [digest.hexadecimal, bytes.count, Data(bytes)]
        )
    }

    /// Stores what is not stored yet of a bundle; what is stored of it and damaged, is mended.
    func insert(_ bundle: Bundle) throws {
        try execute(
            sql: """
                INSERT INTO bundle (digest, size, fileCount) VALUES (?, ?, ?)
                ON CONFLICT (digest) DO UPDATE SET
                    size = excluded.size, fileCount = excluded.fileCount
                """,
            arguments: [bundle.digest.hexadecimal, bundle.byteCount, bundle.files.count]
        )
        for file in bundle.files {
            try execute(
                sql: """
                    INSERT INTO file (digest, size, bytes) VALUES (?, ?, ?)
                    ON CONFLICT (digest) DO UPDATE SET size = excluded.size, bytes = excluded.bytes
                        WHERE size <> excluded.size OR bytes <> excluded.bytes
                    """,
                arguments: [file.digest.hexadecimal, file.bytes.count, Data(file.bytes)]
            )
            try execute(
                sql: """
                    INSERT INTO bundleFile (bundle, path, file) VALUES (?, ?, ?)
                    ON CONFLICT (bundle, path) DO UPDATE SET file = excluded.file
                    """,
                arguments: [bundle.digest.hexadecimal, file.path, file.digest.hexadecimal]
            )
        }
    }

    /// Deletes modules, bundles, files and builds that neither a version nor a runtime uses.
    func collectUnusedCode() throws {
        try execute(
            sql: """
                DELETE FROM runtimeBuild WHERE
                    NOT EXISTS (SELECT 1 FROM version WHERE runtimeBuild = runtimeBuild.digest)
                    AND NOT EXISTS (SELECT 1 FROM runtime WHERE build = runtimeBuild.digest);
                DELETE FROM module WHERE
                    NOT EXISTS (SELECT 1 FROM version WHERE version.digest = module.digest)
                    AND NOT EXISTS (SELECT 1 FROM runtimeBuild WHERE module = module.digest);
                DELETE FROM bundleFile WHERE bundle IN (
                    SELECT digest FROM bundle WHERE
                        NOT EXISTS (SELECT 1 FROM version WHERE version.bundle = bundle.digest)
                        AND NOT EXISTS
                            (SELECT 1 FROM runtimeBuild WHERE runtimeBuild.bundle = bundle.digest));
                DELETE FROM bundle WHERE
                    NOT EXISTS (SELECT 1 FROM version WHERE version.bundle = bundle.digest)
                    AND NOT EXISTS
                        (SELECT 1 FROM runtimeBuild WHERE runtimeBuild.bundle = bundle.digest);
                DELETE FROM file WHERE
                    NOT EXISTS (SELECT 1 FROM bundleFile WHERE bundleFile.file = file.digest);
                """
        )
    }

    func runtimes(named name: String? = nil) throws -> [RuntimeRecord] {
        try Row.fetchAll(
            self,
            sql: """
                SELECT name, runtime.createdAt AS firstAt, runtime.updatedAt, runtimeBuild.*, size,
                    (SELECT count(DISTINCT function) FROM version
                        JOIN runtimeBuild AS used ON used.digest = version.runtimeBuild
                        WHERE used.runtime = name) AS functionCount
                FROM runtime JOIN runtimeBuild ON runtimeBuild.digest = runtime.build
                    JOIN module ON module.digest = runtimeBuild.module
                WHERE ?1 IS NULL OR name = ?1 ORDER BY name
                """,
            arguments: [name]
        ).map { row in
            RuntimeRecord(
                name: row["name"],
                build: try runtimeBuild(row, moduleBytes: row["size"]),
                createdAt: Timestamp(microseconds: row["firstAt"]),
                updatedAt: Timestamp(microseconds: row["updatedAt"]),
                functionCount: row["functionCount"]
            )
        }
    }

    func runtimeBuild(_ row: Row, moduleBytes: Int) throws -> RuntimeBuildRecord {
        let settings: Data = row["settings"]
        return RuntimeBuildRecord(
            runtime: row["runtime"],
            digest: try digest(row["digest"]),
            module: try digest(row["module"]),
            moduleBytes: moduleBytes,
            bundle: try (row["bundle"] as String?).map(digest),
            settings: Array(settings),
            createdAt: Timestamp(microseconds: row["createdAt"])
        )
    }

    func runtimeBuild(_ hexadecimal: String) throws -> RuntimeBuildRecord? {
        let statement = try cachedStatement(
            sql: """
                SELECT runtimeBuild.*, size FROM runtimeBuild
                    JOIN module ON module.digest = runtimeBuild.module
                WHERE runtimeBuild.digest = ?
                """
        )
        return try Row.fetchOne(statement, arguments: [hexadecimal]).map { row in
            try runtimeBuild(row, moduleBytes: row["size"])
        }
    }

    func digest(_ text: String) throws -> ModuleDigest {
        guard let digest = ModuleDigest(hexadecimal: text) else {
            throw StoreError.io("control.db holds '\(text)', which is no digest")
        }
        return digest
    }

    fileprivate func functions(usingRuntime name: String, limit: Int) throws -> [String] {
        try String.fetchAll(
            self,
            sql: """
                SELECT DISTINCT function FROM version
                    JOIN runtimeBuild ON runtimeBuild.digest = version.runtimeBuild
                WHERE runtime = ? ORDER BY function LIMIT ?
                """,
            arguments: [name, limit]
        )
    }
}
