internal import GRDB
internal import Linux

/// Deletes the oldest blocks of records when they are too old, too many or too big.
struct Retention {
    /// Records in the database.
    var recordCount = 0

    private let limits: InvocationStore.Limits
    private var nextRun: UInt64 = 0

    private static let periodNanoseconds: UInt64 = 1_000_000_000

    init(limits: InvocationStore.Limits) {
        self.limits = limits
    }

    /// Whether a second has gone by since the last run that found nothing more to delete.
    func isDue(at now: UInt64) -> Bool { now >= nextRun }

    /// Deletes block after block, each in one transaction, until little time has gone by.
    ///
    /// Returns whether there is more to delete.
    mutating func deleteSlice(from file: DatabaseFile) throws -> Bool {
        let end = Monotonic.now() &+ UInt64(max(0, limits.deletionMilliseconds)) &* 1_000_000
        repeat {
            let count = recordCount
            // Most runs find nothing, and need not wait to write.
            let isNeeded = try file.read { try nextStep(in: $0, recordCount: count) != nil }
            guard isNeeded else {
                nextRun = Monotonic.now() &+ Self.periodNanoseconds
                return false
            }
            recordCount -= try file.write { database in
                guard let step = try nextStep(in: database, recordCount: count) else { return 0 }
                return try perform(step, in: database)
            }
        } while Monotonic.now() < end
        nextRun = 0
        return true
    }

    private enum Step {
        case block(key: Int64, recordCount: Int)
        case gaps(below: Int64)
        /// A part of a table of the text index.
        case texts(below: Int64)
    }

    private func nextStep(in database: Database, recordCount: Int) throws -> Step? {
        let oldest = try Row.fetchOne(
            database,
            sql: "SELECT key, firstKey, records FROM record_block ORDER BY key LIMIT 1"
        )
        let bound = ageBound
        if let oldest {
            let count: Int = oldest["records"]
            let key: Int64 = oldest["key"]
            let isTooMuch =
                try recordCount - count >= limits.retentionRecords
                || usedBytes(database) > limits.retentionBytes
            if key < bound || isTooMuch { return .block(key: key, recordCount: count) }
        }
        // What is left to tell of the time before the oldest record: nothing.
        let first = max(bound, oldest?["firstKey"] ?? bound)
        if try exists("gap WHERE key < ?", first, database) { return .gaps(below: first) }
        let hasOldTexts = try exists(
            """
            text_index WHERE isDropped OR EXISTS (
                SELECT 1 FROM text_index AS later
                WHERE later.number > text_index.number AND later.firstKey <= ?)
            """,
            first,
            database
        )
        return hasOldTexts ? .texts(below: first) : nil
    }

    private func exists(_ rows: String, _ key: Int64, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM \(rows))",
            arguments: [key]
        ) ?? false
    }

    /// The key below which everything is too old.
    private var ageBound: Int64 {
        let (age, overflow) = Int64(clamping: limits.retentionSeconds).multipliedReportingOverflow(
            by: 1_000_000
        )
        guard !overflow else { return .min }
        return RecordKey(firstAt: Timestamp(microseconds: Timestamp.now().microseconds - age))
            .rawValue
    }

    /// Returns the number of records deleted.
    private func perform(_ step: Step, in database: Database) throws -> Int {
        switch step {
        case .block(let key, let recordCount):
            for (table, column) in BlockTables.all {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE \(column) = ?",
                    arguments: [key]
                )
            }
            try database.execute(
                sql: "DELETE FROM trap_report WHERE key <= ?",
                arguments: [key]
            )
            return recordCount
        case .gaps(let key):
            try database.execute(
                sql: """
                    DELETE FROM gap WHERE key IN (
                        SELECT key FROM gap WHERE key < ? ORDER BY key LIMIT 1000)
                    """,
                arguments: [key]
            )
        case .texts(let key):
            try TextIndex.deleteSlice(below: key, from: database)
        }
        return 0
    }

    private func usedBytes(_ database: Database) throws -> Int {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
        let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        return (pages - free) * size
    }
}
