internal import FoundationEssentials
internal import GRDB
internal import Linux

/// Stores records in blocks; belongs to the writer's thread.
///
/// After a transaction that was undone it has to be prepared again.
final class RecordWriter {
    private struct Block {
        let key: Int64
        let firstKey: Int64
        let recordCount: Int
        let byteCount: Int
    }

    /// The highest key ever given to a record or a gap.
    private(set) var lastKey = RecordKey(rawValue: 0)
    private var builder = RecordBlockBuilder()
    private var kinds = KindNumbers()
    private var texts: TextIndex?
    private let textBytesMax: Int
    // The newest blocks, the oldest first: what may have to be merged.
    private var tail: [Block] = []
    private var kindsMax = kindsMin

    /// Below this many kinds, those that no block has any more are left alone.
    private static let kindsMin = 10_000
    /// About a tenth of a millisecond.
    private static let recordsPerTurn = 256
    private static let tailMax = 64

    /// Lets others have the processor if there is time; to be called every tenth of a millisecond or so.
    ///
    /// Whoever waits for it, an event loop for one, need not wait for a whole batch.
    private let giveWay: () -> Void

    init(_ limits: InvocationStore.Limits, giveWay: @escaping () -> Void) {
        self.giveWay = giveWay
        // A table of the index goes as a whole, when all its records have gone.
        textBytesMax = min(32 << 20, max(64 << 10, limits.retentionBytes / 32))
    }

    /// Reads what has to be known of the database.
    func prepare(_ database: Database) throws {
        builder.removeAll()
        kinds = KindNumbers(
            try Row.fetchAll(database, sql: "SELECT * FROM record_kind ORDER BY number").map {
                (number: $0["number"], kind: try RecordKind(row: $0))
            }
        )
        texts = try TextIndex(database, bytesMax: textBytesMax)
        tail = try Row.fetchAll(
            database,
            sql: """
                SELECT key, firstKey, records, length(record_data.data)
                    + coalesce(length(line_data.data), 0) AS bytes
                FROM record_block JOIN record_data ON record_data.block = key
                    LEFT JOIN line_data ON line_data.block = key
                ORDER BY key DESC LIMIT \(Self.tailMax)
                """
        ).reversed().map {
            Block(
                key: $0["key"],
                firstKey: $0["firstKey"],
                recordCount: $0["records"],
                byteCount: $0["bytes"]
            )
        }
        let highest = try Int64.fetchOne(
            database,
            sql: """
                SELECT max(coalesce((SELECT max(key) FROM record_block), 0),
                    coalesce((SELECT max(key) FROM gap), 0))
                """
        )
        // Keys that were handed out as cursors stay in the past even if all records are gone.
        lastKey = max(lastKey, RecordKey(rawValue: highest ?? 0))
    }

    /// Stores records with their lines.
    func insert(
        _ batches: [[InvocationRecord]],
        now: Timestamp,
        into database: Database
    ) throws {
        var documents = Documents()
        for records in batches {
            let batch = records.span
            for index in batch.indices {
                if index % Self.recordsPerTurn == 0 { giveWay() }
                try add(batch[index], &documents, now: now, into: database)
            }
        }
        if builder.count > 0 { try insertBlock(into: database) }
        try texts?.insert(documents.list, into: database)
        try insertKinds(into: database)
    }

    /// What is to be indexed of the records of a batch.
    private struct Documents {
        var list: [(key: Int64, text: String)] = []
        var byteCount = 0

        static let byteCountMax = 1 << 20
    }

    /// Adds one record, which is only lent: a copy would retain and release each of its texts.
    private func add(
        _ record: borrowing InvocationRecord,
        _ documents: inout Documents,
        now: Timestamp,
        into database: Database
    ) throws {
        lastKey = lastKey.next(now: now, startedAt: record.startedAt)
        let key = lastKey.rawValue
        let kind = kinds.number(of: record)
        builder.append(record, key: key, kind: kind)
        if let report = record.trapReport {
            try insert(trapReport: report, key: key, into: database)
        }
        if let document = TextIndex.document(of: record) {
            documents.byteCount += document.utf8.count
            documents.list.append((key, document))
        }
        if builder.isFull { try insertBlock(into: database) }
        guard documents.byteCount > Documents.byteCountMax else { return }
        try texts?.insert(documents.list, into: database)
        documents = Documents()
    }

    /// Stores records from before there were blocks, with the keys that they have.
    func insertLegacy(
        _ records: [(key: Int64, record: InvocationRecord)],
        into database: Database
    ) throws {
        var documents: [(key: Int64, text: String)] = []
        for (key, record) in records {
            builder.append(record, key: key, kind: kinds.number(of: record))
            if let report = record.trapReport {
                try insert(trapReport: report, key: key, into: database)
            }
            if let document = TextIndex.document(of: record) { documents.append((key, document)) }
            if builder.isFull { try insert(builder.pack(giveWay), into: database) }
        }
        if builder.count > 0 { try insert(builder.pack(giveWay), into: database) }
        try TextIndex.insertLegacy(documents, into: database)
        try insertKinds(into: database)
    }

    /// Stores that records were dropped since a moment.
    func insertGap(
        dropped: Int,
        since: Timestamp,
        now: Timestamp,
        into database: Database
    ) throws {
        lastKey = lastKey.next(now: now, startedAt: now)
        try database.execute(
            sql: "INSERT INTO gap (key, dropped, since) VALUES (?, ?, ?)",
            arguments: [lastKey.rawValue, dropped, since.microseconds]
        )
    }

    /// To be called when the transaction is committed.
    func committed() { kinds.committed() }

    private func insertBlock(into database: Database) throws {
        tail.append(try insert(builder.pack(giveWay), into: database))
        if tail.count > Self.tailMax { tail.removeFirst(tail.count - Self.tailMax) }
    }

    @discardableResult
    private func insert(
        _ block: RecordBlockBuilder.Packed,
        into database: Database
    ) throws -> Block {
        var blocks = try RowInserter(database, table: "record_block", columnCount: 7)
        blocks.bind(block.key)
        blocks.bind(block.firstKey)
        blocks.bind(block.recordCount)
        blocks.bind(block.firstStart)
        blocks.bind(block.lastStart)
        blocks.bind(block.summary)
        blocks.bind(block.identifiers)
        try blocks.insert()
        var records = try RowInserter(database, table: "record_data", columnCount: 2)
        records.bind(block.key)
        records.bind(block.records)
        try records.insert()
        if let data = block.lines {
            var lines = try RowInserter(database, table: "line_data", columnCount: 2)
            lines.bind(block.key)
            lines.bind(data)
            try lines.insert()
        }
        return Block(
            key: block.key,
            firstKey: block.firstKey,
            recordCount: block.recordCount,
            byteCount: block.records.count + (block.lines?.count ?? 0)
        )
    }

    private func insert(trapReport: String, key: Int64, into database: Database) throws {
        var reports = try RowInserter(database, table: "trap_report", columnCount: 2)
        reports.bind(key)
        reports.bind(trapReport)
        try reports.insert()
    }

    private func insertKinds(into database: Database) throws {
        guard !kinds.added.isEmpty else { return }
        var rows = try RowInserter(database, table: "record_kind", columnCount: 9)
        for (number, kind) in kinds.added {
            rows.bind(number)
            rows.bind(kind.function)
            rows.bind(kind.version)
            rows.bind(kind.alias)
            rows.bind(kind.trigger.rawValue)
            rows.bind(kind.method)
            rows.bind(kind.status)
            rows.bind(kind.outcome.rawValue)
            rows.bind(kind.start?.rawValue)
            try rows.insert()
        }
    }

    // MARK: - Merging

    // Blocks that hold fewer records are merged when together they hold at least so many: each
    // record is written three times more at most.
    private static let mergedCounts = [16, 256, 1_024]
    /// Blocks are merged up to this size.
    private static let mergedBytesMax = 512 << 10
    /// A block goes when its last record is old enough: it must not span too much time.
    private static let mergedSpan = 3_600 * 1_000_000 * RecordKey.countsPerMicrosecond

    /// How many of the newest blocks are to become one.
    private var mergeableCount: Int? {
        for threshold in Self.mergedCounts {
            var blocks = 0
            var records = 0
            var bytes = 0
            for block in tail.reversed() {
                bytes += block.byteCount
                guard block.recordCount < threshold, bytes <= Self.mergedBytesMax,
                    lastKey.rawValue &- block.firstKey <= Self.mergedSpan
                else { break }
                blocks += 1
                records += block.recordCount
                if records >= threshold { break }
            }
            if blocks > 1, records >= threshold { return blocks }
        }
        return nil
    }

    /// Makes one block of the newest few when these are small: there were few calls, and queries look at every block.
    ///
    /// One transaction.
    func mergeTail(in file: DatabaseFile) throws {
        guard let count = mergeableCount else { return }
        let blocks = tail.suffix(count)
        let merged = try file.write { database in
            for block in blocks {
                try builder.append(
                    try RecordBlock(database, key: block.key),
                    try LineBlock(database, key: block.key),
                    giveWay
                )
                for (table, column) in BlockTables.all {
                    try database.execute(
                        sql: "DELETE FROM \(table) WHERE \(column) = ?",
                        arguments: [block.key]
                    )
                }
            }
            return try insert(builder.pack(giveWay), into: database)
        }
        tail.removeLast(count)
        tail.append(merged)
    }

    // MARK: - Kinds

    /// Forgets the kinds that no record has any more, when there are many.
    ///
    /// One transaction; reads the summaries of all blocks.
    func forgetKinds(in file: DatabaseFile) throws {
        guard kinds.count > kindsMax else { return }
        try file.write { database in
            var used: Set<Int64> = []
            let rows = try Row.fetchCursor(database, sql: "SELECT summary FROM record_block")
            while let row = try rows.next() {
                let summary = try BlockSummary([UInt8](row["summary"] as Data))
                for index in 0..<summary.kindCount { used.insert(summary.kind(at: index)) }
            }
            let all = try Int64.fetchAll(database, sql: "SELECT number FROM record_kind")
            for number in all where !used.contains(number) {
                try database.execute(
                    sql: "DELETE FROM record_kind WHERE number = ?",
                    arguments: [number]
                )
            }
            try prepare(database)
        }
        kindsMax = max(Self.kindsMin, kinds.count * 2)
    }
}
