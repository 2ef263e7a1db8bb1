internal import FoundationEssentials
internal import GRDB

// The mapping from the tables of `log.db` to blocks. Runs inside transactions.

/// The tables that hold the parts of a block.
enum BlockTables {
    /// Each with the column of the block's key.
    static let all = [("record_block", "key"), ("record_data", "block"), ("line_data", "block")]
}

extension RecordBlock {
    init(_ database: Database, key: Int64) throws {
        let data = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT data FROM main.record_data WHERE block = ?"),
            arguments: [key]
        )
        guard let data else { throw StoreError.damagedBlock }
        try self.init([UInt8](data))
    }
}

extension LineBlock {
    /// Nil when no record of the block has lines.
    init?(_ database: Database, key: Int64) throws {
        let data = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT data FROM main.line_data WHERE block = ?"),
            arguments: [key]
        )
        guard let data else { return nil }
        try self.init([UInt8](data))
    }
}

extension RecordKind {
    init(row: Row) throws {
        guard let outcome = InvocationOutcome(rawValue: row["outcome"]),
            let trigger = InvocationTrigger(rawValue: row["trigger"])
        else { throw StoreError.io("log.db holds a record of an unknown kind") }
        self.init(
            function: row["function"],
            version: row["version"],
            alias: row["alias"],
            trigger: trigger,
            method: row["method"],
            status: row["status"],
            outcome: outcome,
            start: (row["start"] as String?).flatMap(InvocationStart.init)
        )
    }
}
