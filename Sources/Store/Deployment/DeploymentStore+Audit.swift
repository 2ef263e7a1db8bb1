import FoundationEssentials
internal import GRDB

/// The audit trail: every change of the control plane, the newest of them.
extension DeploymentStore {
    /// Notes a change that is made already.
    ///
    /// Changes of functions and tokens take their entry along, into their own transaction.
    public func append(_ entry: AuditEntry) throws(StoreError) {
        try file.write { try $0.append(entry, keeping: auditRecordsMax) }
    }

    /// Entries with ids below `id`, the newest first.
    public func auditRecords(
        function: String? = nil,
        before id: Int? = nil,
        limit: Int
    ) throws(StoreError) -> [AuditRecord] {
        try file.read { database in
            var arguments: StatementArguments = ["before": id ?? Int.max, "limit": max(0, limit)]
            if let function { arguments += ["function": function] }
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM audit
                    WHERE id < :before \(function == nil ? "" : "AND function = :function")
                    ORDER BY id DESC LIMIT :limit
                    """,
                arguments: arguments
            )
            return rows.map(AuditRecord.init(row:))
        }
    }
}

extension Database {
    /// Adds an entry, if there is one, and removes the oldest beyond so many.
    func append(_ entry: AuditEntry?, keeping countMax: Int) throws {
        guard let entry else { return }
        try execute(
            sql: """
                INSERT INTO audit (at, actor, action, function, version, digest, detail,
                    requestId, clientAddress)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Timestamp.now().microseconds, entry.actor, entry.action, entry.function,
                entry.version, entry.digest?.hexadecimal, entry.detail, entry.requestIdentifier,
                entry.clientAddress,
            ]
        )
        // Ids have no gaps that a rolled-back change did not leave: at most so many are kept.
        try execute(
            sql: "DELETE FROM audit WHERE id <= ?",
            arguments: [lastInsertedRowID - Int64(countMax)]
        )
    }
}

extension AuditRecord {
    fileprivate init(row: Row) {
        id = row["id"]
        at = Timestamp(microseconds: row["at"])
        entry = AuditEntry(
            actor: row["actor"],
            action: row["action"],
            function: row["function"],
            version: row["version"],
            digest: (row["digest"] as String?).flatMap(ModuleDigest.init(hexadecimal:)),
            detail: row["detail"],
            requestIdentifier: row["requestId"],
            clientAddress: row["clientAddress"]
        )
    }
}
