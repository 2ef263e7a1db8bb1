internal import FoundationEssentials
internal import GRDB

/// Who changed what, and when.
extension DeploymentStore {
    /// How many entries are kept of a function; older ones go.
    public static let historyEntriesMax = 1_000

    /// The changes of a function, the newest first, those before the entry `id`.
    ///
    /// They outlive the function: those of one that was deleted are there still.
    public func history(
        of function: String,
        limit: Int,
        before id: Int64? = nil
    ) throws(StoreError) -> [HistoryEntry] {
        try file.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, at, kind, actor, requestId, detail FROM history
                    WHERE function = ? AND id < ? ORDER BY id DESC LIMIT ?
                    """,
                arguments: [function, id ?? Int64.max, max(0, limit)]
            )
            return try rows.compactMap { row in
                // One of a later program is left out.
                guard let kind = HistoryEntry.Kind(rawValue: row["kind"]) else { return nil }
                let detail: String = row["detail"]
                return HistoryEntry(
                    id: row["id"],
                    at: Timestamp(microseconds: row["at"]),
                    kind: kind,
                    origin: ChangeOrigin(
                        actor: row["actor"],
                        requestIdentifier: row["requestId"]
                    ),
                    detail: try JSONDecoder().decode(
                        HistoryEntry.Detail.self,
                        from: Data(detail.utf8)
                    )
                )
            }
        }
    }
}

extension Database {
    /// Notes a change in the transaction that makes it.
    func note(
        _ kind: HistoryEntry.Kind,
        of function: String,
        by origin: ChangeOrigin,
        _ detail: HistoryEntry.Detail,
        at now: Timestamp
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try execute(
            sql: """
                INSERT INTO history (function, at, kind, actor, requestId, detail)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                function, now.microseconds, kind.rawValue, origin.actor,
                origin.requestIdentifier,
                String(decoding: try encoder.encode(detail), as: UTF8.self),
            ]
        )
        try execute(
            sql: """
                DELETE FROM history WHERE function = :function AND id <=
                    (SELECT id FROM history WHERE function = :function
                    ORDER BY id DESC LIMIT 1 OFFSET :max)
                """,
            arguments: ["function": function, "max": DeploymentStore.historyEntriesMax]
        )
    }
}

extension FunctionRecord {
    /// What an alias leads to; nil when there is none.
    func target(of alias: String) -> HistoryEntry.Target? {
        aliases.first { $0.name == alias }.map(HistoryEntry.Target.init)
    }
}
