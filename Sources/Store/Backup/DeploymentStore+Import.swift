internal import GRDB

/// What an import does with a function that exists.
public enum ExistingFunctions: Sendable {
    /// Imports nothing at all.
    case refuse
    /// Leaves it as it is.
    case skip
    /// Puts the file's in its place.
    case replace
}

/// What an import did with one function of the file.
public struct ImportedFunction: Equatable, Sendable {
    /// The four things that can happen.
    public enum Outcome: String, Sendable {
        /// There was no such function.
        case created
        /// The file's has taken the place of one.
        case replaced
        /// The function was the same already.
        case unchanged
        /// A function of the name exists, and was left as it is.
        case skipped
    }

    /// The function's name.
    public let name: String

    /// What happened.
    public let outcome: Outcome

    /// What was added to the file's version numbers: those of a name never repeat, even after it was deleted.
    public let versionOffset: Int
}

extension DeploymentStore {
    /// Imports functions with all that belongs to them, in one transaction.
    ///
    /// The caller has checked their modules and configurations. A function that is the same as in the file is left
    /// alone, so that an import can be repeated. `isTrial` answers what would happen, and changes nothing.
    ///
    /// - Throws: `functionsExist`, or an error of either database; nothing has changed then.
    public func importFunctions(
        _ names: [String],
        from file: ImportFile,
        existing: ExistingFunctions,
        isTrial: Bool,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> [ImportedFunction] {
        try self.file.write(isTrial: isTrial) { database in
            // Rows that refer to one another come one after another.
            try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
            return try file.queue.read { source in
                let importer = try FunctionImport(from: source, into: database)
                let conflicts = existing == .refuse ? try names.filter(importer.conflicts) : []
                guard conflicts.isEmpty else { throw StoreError.functionsExist(conflicts) }
                let imported = try names.map {
                    try importer.importFunction($0, replaces: existing == .replace, by: origin)
                }
                try database.append(audit, keeping: auditRecordsMax)
                try database.collectUnusedCode()
                return imported
            }
        }
    }
}

/// The steps of an import, inside of its transaction.
private struct FunctionImport {
    private let source: Database
    private let target: Database
    private let copies: [RowCopy]
    /// What ids of the file's secrets are raised by: those up to it are taken.
    private let secretOffset: Int

    init(from source: Database, into target: Database) throws {
        self.source = source
        self.target = target
        secretOffset = try Int.fetchOne(target, sql: "SELECT max(id) FROM secret") ?? 0
        copies = try TableTransfer.tables(withSecrets: true).map { try RowCopy($0, into: target) }
    }

    /// Whether another function of the name exists.
    func conflicts(_ name: String) throws -> Bool {
        guard try target.functionRecord(named: name) != nil else { return false }
        return try !isSame(name)
    }

    private func isSame(_ name: String) throws -> Bool {
        try transfers(of: name).allSatisfy {
            try RowCopy.isSame($0, function: name, source, target)
        }
    }

    /// The tables in which the file has rows of a function, or would have.
    ///
    /// A file without secrets says nothing about them.
    private func transfers(of name: String) throws -> [TableTransfer] {
        try copies.map(\.transfer).filter { transfer in
            switch transfer.part {
            case .definition: return true
            case .content, .left: return false
            case .secrets:
                return try Bool.fetchOne(
                    source,
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM \(transfer.table.quoted)
                            WHERE \(transfer.condition))
                        """,
                    arguments: ["function": name]
                ) ?? false
            }
        }
    }

    func importFunction(
        _ name: String,
        replaces: Bool,
        by origin: ChangeOrigin
    ) throws -> ImportedFunction {
        // Also of a function that was deleted.
        let old = try Row.fetchOne(
            target,
            sql: "SELECT revision, latestVersion FROM function WHERE name = ?",
            arguments: [name]
        )
        let existing = try target.functionRecord(named: name)
        var keptSecrets: [Int64] = []
        if let existing {
            if try isSame(name) {
                return ImportedFunction(name: name, outcome: .unchanged, versionOffset: 0)
            }
            guard replaces else {
                return ImportedFunction(name: name, outcome: .skipped, versionOffset: 0)
            }
            keptSecrets = try replace(existing)
        }
        let offset: Int = old?["latestVersion"] ?? 0
        let revision: Int? = old?["revision"]
        for copy in copies {
            try copy.copy(
                function: name,
                from: source,
                versionOffset: offset,
                secretOffset: secretOffset
            ) { values in
                guard copy.transfer.table == "function", let revision else { return }
                // Entity tags never repeat either.
                let imported = values["revision"].flatMap { Int.fromDatabaseValue($0) } ?? 0
                values["revision"] = (max(revision, imported) + 1).databaseValue
            }
        }
        for secret in keptSecrets {
            try target.execute(
                sql: """
                    INSERT INTO versionSecret (function, version, secret)
                    SELECT function, number, ? FROM version WHERE function = ?
                    """,
                arguments: [secret, name]
            )
        }
        try note(name, from: existing, by: origin)
        return ImportedFunction(
            name: name,
            outcome: existing == nil ? .created : .replaced,
            versionOffset: offset
        )
    }

    /// Deletes all of a function but its own row, and the secrets that its current version has when the file brings
    /// none; returns the ids of these.
    private func replace(_ function: FunctionRecord) throws -> [Int64] {
        let transfers = try transfers(of: function.name)
        let bringsSecrets = transfers.contains { $0.part == .secrets }
        let kept =
            bringsSecrets
            ? []
            : try Int64.fetchAll(
                target,
                sql: "SELECT secret FROM versionSecret WHERE function = ? AND version = ?",
                arguments: [function.name, function.currentVersion]
            )
        for transfer in copies.map(\.transfer).reversed()
        where transfer.part != .content && transfer.table != "function" {
            let rest =
                transfer.table == "secret" && !kept.isEmpty
                ? " AND id NOT IN (\(kept.map(String.init).joined(separator: ", ")))" : ""
            try target.execute(
                sql: "DELETE FROM \(transfer.table.quoted) WHERE \(transfer.condition)\(rest)",
                arguments: ["function": function.name]
            )
        }
        return kept
    }

    /// Makes the import an entry of the function's history.
    private func note(
        _ name: String,
        from old: FunctionRecord?,
        by origin: ChangeOrigin
    ) throws {
        guard let new = try target.functionRecord(named: name) else { return }
        let detail = HistoryEntry.Detail(moving: AliasRecord.live, from: old, to: new)
        try target.note(.imported, of: name, by: origin, detail, at: .now())
    }
}
