internal import FoundationEssentials
internal import GRDB

/// The part of an examination that reads databases, and changes nothing.
enum DatabaseExamination {
    /// Looks at the version of SQLite.
    static func library() -> [Finding] {
        guard
            let text = try? DatabaseQueue().read({
                try String.fetchOne($0, sql: "SELECT sqlite_version()")
            })
        else { return [Finding(.problem, "SQLite", "does not work")] }
        let version = text.split(separator: ".").compactMap { Int($0) }
        func isBefore(_ other: [Int]) -> Bool { version.lexicographicallyPrecedes(other) }
        if isBefore([3, 37, 0]) {
            return [
                Finding(
                    .problem,
                    "SQLite \(text)",
                    "is older than 3.37.0, the first with STRICT tables",
                    advice: "install a newer libsqlite3"
                )
            ]
        }
        guard isBefore([3, 51, 3]) else { return [] }
        return [
            Finding(
                .note,
                "SQLite \(text)",
                "can corrupt a database that two connections write to (the WAL-reset bug, mended in 3.51.3);"
                    + " roost has one that writes",
                advice: "do not write to the files with other programs while the daemon runs"
            )
        ]
    }

    /// Looks at `control.db`.
    static func control(
        _ path: String,
        _ configurationFault: (VersionRecord) -> String?
    ) -> (findings: [Finding], isDamaged: Bool) {
        let advice =
            "run 'roost doctor --mend', or start the daemon: the file is put aside, and what can be read of it stays;"
            + " then import an export, or deploy again"
        return examine(path, DeploymentSchema.migrator, advice: advice) { database in
            var findings = try references(database, path)
            findings += try modules(database)
            findings += try bundles(database)
            findings += try versions(database, configurationFault)
            findings += try secrets(
                database,
                keyFile: path.dropLast("control.db".count) + SecretKeySource.fileName
            )
            return findings
        }
    }

    /// Looks at `log.db`.
    static func log(_ path: String) -> [Finding] {
        let advice = "start the daemon: it puts the file aside and begins a new one"
        return examine(path, InvocationSchema.migrator, advice: advice) { _ in [] }.findings
    }

    private static func examine(
        _ path: String,
        _ migrator: DatabaseMigrator,
        advice: String,
        _ body: (Database) throws -> [Finding]
    ) -> (findings: [Finding], isDamaged: Bool) {
        switch FileKind(path) {
        case .missing, .empty:
            return ([Finding(.problem, path, "is missing or empty", advice: advice)], false)
        case .other:
            return ([Finding(.problem, path, "is not a database", advice: advice)], false)
        case .file: break
        }
        var findings: [Finding] = []
        var isDamaged = false
        let walBytes =
            (try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? Int ?? 0
        if walBytes > 256 << 20 {
            findings.append(
                Finding(
                    .note,
                    "\(path)-wal",
                    "has \(walBytes >> 20) MiB: something reads the database for very long"
                )
            )
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { database in
                guard try !migrator.hasBeenSuperseded(database) else {
                    findings.append(
                        Finding(
                            .problem,
                            path,
                            "was changed by a later version of roost",
                            advice: "run that version, or import an export into another folder"
                        )
                    )
                    return
                }
                let faults = try integrityFaults(database, "(5)")
                guard faults.isEmpty else {
                    isDamaged = true
                    findings += faults.prefix(5).map {
                        Finding(.problem, path, $0, advice: advice)
                    }
                    return
                }
                // Before the daemon has opened it, it is of an earlier schema.
                if try migrator.hasCompletedMigrations(database) { findings += try body(database) }
            }
        } catch {
            isDamaged = StoreError(error).isDamage
            findings.append(
                Finding(
                    .problem,
                    path,
                    "\(StoreError(error))",
                    advice: isDamaged
                        ? advice : "see that it can be read, and that its folder can be written to"
                )
            )
        }
        return (findings, isDamaged)
    }

    /// What SQLite finds wrong with a database, a sentence each; `argument` is that of `integrity_check`.
    static func integrityFaults(_ database: Database, _ argument: String) throws -> [String] {
        let results = try String.fetchAll(database, sql: "PRAGMA integrity_check\(argument)")
        guard results != ["ok"] else { return [] }
        // Some results have several lines, below a headline that says which database it is.
        let faults = results.flatMap { $0.split(separator: "\n") }.filter { !$0.hasPrefix("***") }
        return faults.isEmpty ? ["no answer"] : faults.map(String.init)
    }

    private static func references(_ database: Database, _ path: String) throws -> [Finding] {
        guard try ReferenceRepair.isNeeded(database) else { return [] }
        // In a copy, on disk for as long as it is open.
        let copy = try DatabaseQueue(path: "")
        try copy.inDatabase { try database.backup(to: $0) }
        return try copy.write { try ReferenceRepair.run($0) }.map { note in
            Finding(
                .problem,
                path,
                note,
                advice:
                    "start the daemon, which puts this right as far as it can; what it cannot, deploy or set again"
            )
        }
    }

    private static func bundles(_ database: Database) throws -> [Finding] {
        guard try database.tableExists("bundle") else { return [] }
        return try String.fetchAll(database, sql: "SELECT digest FROM bundle").compactMap { text in
            let digest = ModuleDigest(hexadecimal: text) ?? .unknown
            guard (try? database.files(ofBundle: digest)) == nil else { return nil }
            let users = try String.fetchAll(
                database,
                sql: """
                    SELECT function || '@' || number FROM version WHERE bundle = ?1
                    UNION SELECT 'runtime ' || runtime FROM runtimeBuild WHERE bundle = ?1
                    """,
                arguments: [text]
            )
            return Finding(
                .problem,
                users.isEmpty ? "files \(text)" : users.joined(separator: ", "),
                "the files sha256:\(text) are missing or altered",
                advice:
                    "deploy the same folder again, import an export that has it, or delete the function"
            )
        }
    }

    /// Whether the folder's own key opens the secrets; a key that an operator names elsewhere is not known here.
    private static func secrets(_ database: Database, keyFile: String) throws -> [Finding] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT keyId, group_concat(DISTINCT function) AS functions FROM secret
                WHERE length(sealed) > 0 GROUP BY keyId
                """
        )
        guard !rows.isEmpty else { return [] }
        let advice =
            "put the key back from a backup; without it, put a new one in its place and set the secrets again"
        guard let bytes = FileManager.default.contents(atPath: keyFile) else {
            return [
                Finding(
                    .note,
                    keyFile,
                    "is not there: secrets are opened only by a daemon that 'secrets.keyFile' or a credential gives"
                        + " their key",
                    advice: "if there is none: \(advice)"
                )
            ]
        }
        guard let keyring = SecretKeyring(fileContents: bytes) else {
            return [Finding(.problem, keyFile, "holds no key", advice: advice)]
        }
        return rows.filter { !keyring.contains($0["keyId"]) }.map { row in
            Finding(
                .problem,
                keyFile,
                "does not have the key \(row["keyId"] as String), which seals secrets of \(row["functions"] as String)",
                advice: advice
            )
        }
    }

    private static func modules(_ database: Database) throws -> [Finding] {
        var findings: [Finding] = []
        for text in try String.fetchAll(database, sql: "SELECT digest FROM module") {
            let bytes = try Data.fetchOne(
                database,
                sql: "SELECT bytes FROM module WHERE digest = ?",
                arguments: [text]
            )
            let found = bytes.map { ModuleDigest(of: Array($0)).hexadecimal }
            guard found != text else { continue }
            let users = try String.fetchAll(
                database,
                sql: "SELECT function || ' version ' || number FROM version WHERE digest = ?",
                arguments: [text]
            )
            let isMissing = bytes?.isEmpty ?? true
            findings.append(
                Finding(
                    .problem,
                    users.isEmpty ? "module \(text)" : users.joined(separator: ", "),
                    "the module sha256:\(text) is \(isMissing ? "missing" : "altered")",
                    advice:
                        "deploy the same module again, import an export that has it, or delete the function"
                )
            )
        }
        return findings
    }

    private static func versions(
        _ database: Database,
        _ configurationFault: (VersionRecord) -> String?
    ) throws -> [Finding] {
        var findings: [Finding] = []
        for name in try String.fetchAll(
            database,
            sql: "SELECT name FROM function WHERE NOT isDeleted"
        ) {
            let records = try database.versionRecords(
                condition: "function = ? ORDER BY number",
                arguments: [name]
            )
            for record in records {
                guard let fault = configurationFault(record) else { continue }
                findings.append(
                    Finding(
                        .problem,
                        "\(name) version \(record.number)",
                        "its configuration cannot be read: \(fault)",
                        advice:
                            "roll the function back to another version, or delete it and deploy it again"
                    )
                )
            }
            let weights = try Row.fetchAll(
                database,
                sql: "SELECT name, weights FROM alias WHERE function = ?",
                arguments: [name]
            )
            for row in weights where (try? decodeWeights(row["weights"])) == nil {
                findings.append(
                    Finding(
                        .problem,
                        "\(name)@\(row["name"] as String)",
                        "the weights of the alias cannot be read",
                        advice: "set the alias again"
                    )
                )
            }
        }
        return findings
    }
}
