internal import GRDB
internal import Linux

/// Deletes the oldest records when they are too old, too many or too big.
struct Retention {
    /// Records in the database.
    var recordCount = 0

    private let limits: InvocationStore.Limits
    private var nextRun: UInt64 = 0
    // The key below which everything is going, until it has gone: lines go before their records, so
    // what was begun must be finished even when the database is small enough already.
    private var pendingBound: Int64?

    private static let periodNanoseconds: UInt64 = 1_000_000_000

    init(limits: InvocationStore.Limits) {
        self.limits = limits
    }

    /// Whether a second has gone by since the last run that found nothing more to delete.
    func isDue(at now: UInt64) -> Bool { now >= nextRun }

    /// Deletes at most a slice of rows in one transaction.
    ///
    /// Returns whether there is more to delete.
    mutating func deleteSlice(from file: DatabaseFile) throws -> Bool {
        let slice = max(1, limits.deletionSliceRows)
        let count = recordCount
        let found =
            try pendingBound
            ?? file.read { try bound(in: $0, recordCount: count, slice: slice) }
        guard let bound = found else {
            nextRun = Monotonic.now() &+ Self.periodNanoseconds
            return false
        }
        let deleted = try file.write { database -> (records: Int, others: Int) in
            try database.execute(
                sql: """
                    DELETE FROM log_line WHERE (invocation, seq) IN (
                        SELECT invocation, seq FROM log_line WHERE invocation < ?
                        ORDER BY invocation, seq LIMIT ?)
                    """,
                arguments: [bound, slice]
            )
            let lines = database.changesCount
            try database.execute(
                sql: """
                    DELETE FROM invocation WHERE key IN (
                        SELECT key FROM invocation WHERE key < ? ORDER BY key LIMIT ?)
                    """,
                arguments: [bound, slice - lines]
            )
            let records = database.changesCount
            try database.execute(
                sql: """
                    DELETE FROM gap WHERE key IN (
                        SELECT key FROM gap WHERE key < ? ORDER BY key LIMIT ?)
                    """,
                arguments: [bound, slice - lines - records]
            )
            return (records, lines + database.changesCount)
        }
        recordCount -= deleted.records
        pendingBound = deleted.records + deleted.others < slice ? nil : bound
        nextRun = 0
        return true
    }

    /// The key below which everything goes; `nil` when nothing has to.
    private func bound(
        in database: Database,
        recordCount: Int,
        slice: Int
    ) throws -> Int64? {
        let age = Int64(clamping: limits.retentionSeconds).multipliedReportingOverflow(
            by: 1_000_000
        )
        let now = Timestamp.now().microseconds
        let oldest = Timestamp(microseconds: age.overflow ? 0 : now - age.partialValue)
        let byAge = RecordKey(firstAt: oldest).rawValue

        var excess = max(0, recordCount - limits.retentionRecords)
        if try usedBytes(database) > limits.retentionBytes { excess = max(excess, slice) }
        var byNumber = Int64.min
        if excess > 0 {
            byNumber =
                try Int64.fetchOne(
                    database,
                    sql: "SELECT key FROM invocation ORDER BY key LIMIT 1 OFFSET ?",
                    arguments: [min(excess, slice)]
                ) ?? Int64.max
        }
        let bound = max(byAge, byNumber)
        let hasExpired = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM invocation WHERE key < :bound)
                    OR EXISTS (SELECT 1 FROM gap WHERE key < :bound)
                """,
            arguments: ["bound": bound]
        )
        return hasExpired == true ? bound : nil
    }

    private func usedBytes(_ database: Database) throws -> Int {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
        let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        return (pages - free) * size
    }
}
