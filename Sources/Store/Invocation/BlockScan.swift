internal import FoundationEssentials
internal import GRDB

/// A set of kinds, by number.
struct KindSet {
    private var words: [UInt64] = []

    init(_ numbers: some Sequence<Int64>) {
        for number in numbers where number >= 0 {
            let index = Int(number / 64)
            while words.count <= index { words.append(0) }
            words[index] |= 1 << UInt64(number % 64)
        }
    }

    var isEmpty: Bool { words.isEmpty }

    func contains(_ number: Int64) -> Bool {
        guard number >= 0, number / 64 < words.count else { return false }
        return words[Int(number / 64)] & 1 << UInt64(number % 64) != 0
    }
}

/// Which records are looked for; decides about blocks by their summaries.
struct BlockFilter {
    /// The kinds that pass; nil when all do.
    var kinds: KindSet?
    var minimumMicroseconds: Int64?
    /// Whether only records with log lines pass.
    var needsLines = false
    /// Started then or later, in microseconds since 1970.
    var since: Int64?
    /// Started before.
    var until: Int64?

    /// Whether a block, given as a row of `record_block`, may hold records that pass.
    func mayPass(_ row: Row) throws -> Bool {
        if let since, row["lastStart"] < since { return false }
        if let until, row["firstStart"] >= until { return false }
        guard kinds != nil || minimumMicroseconds != nil || needsLines else { return true }
        if let kinds, kinds.isEmpty { return false }
        return mayPass(try BlockSummary([UInt8](row["summary"] as Data)))
    }

    func mayPass(_ summary: BlockSummary) -> Bool {
        for index in 0..<summary.kindCount {
            if let kinds, !kinds.contains(summary.kind(at: index)) { continue }
            if needsLines, !summary.hasLines(at: index) { continue }
            if summary.totalMicrosecondsMax(at: index) >= minimumMicroseconds ?? .min {
                return true
            }
        }
        return false
    }

    func passes(_ block: RecordBlock, _ index: Int) -> Bool {
        if let kinds, !kinds.contains(block.columns[.kind, index]) { return false }
        if let minimumMicroseconds,
            block.columns[.totalMicroseconds, index] < minimumMicroseconds
        {
            return false
        }
        if needsLines, block.columns[.lineCount, index] == 0 { return false }
        guard since != nil || until != nil else { return true }
        let start = block.columns[.startedAt, index]
        return start >= since ?? .min && start < until ?? .max
    }
}

/// Where a block's keys lie.
struct BlockPlace {
    let firstKey: Int64
    let key: Int64
}

/// A way through the blocks, by the order of storing.
struct BlockScan {
    let filter: BlockFilter
    /// Keys below are left out.
    var lower = Int64.min
    /// Keys from here on are left out.
    var upper = Int64.max

    init(_ filter: BlockFilter) {
        self.filter = filter
        if let since = filter.since { startAtStored(since) }
    }

    /// Leaves out what was stored before a time, in microseconds since 1970.
    ///
    /// Nothing is stored before it starts.
    mutating func startAtStored(_ time: Int64) {
        lower = max(lower, RecordKey(firstAt: Timestamp(microseconds: time)).rawValue)
    }

    /// Hands out the blocks that may hold a match, the newest first, until `body` returns false.
    func descend(in database: Database, _ body: (BlockPlace) throws -> Bool) throws {
        try visit(
            """
            key >= :lower AND firstKey < :upper AND key <= coalesce(
                (SELECT key FROM record_block WHERE key >= :upper ORDER BY key LIMIT 1), :upper)
            ORDER BY key DESC
            """,
            database,
            body
        )
    }

    /// Hands out the blocks that may hold a match, the oldest first, until `body` returns false.
    func ascend(in database: Database, _ body: (BlockPlace) throws -> Bool) throws {
        try visit("key >= :lower AND firstKey < :upper ORDER BY key", database, body)
    }

    /// The newest block that may hold a match.
    func newest(in database: Database) throws -> BlockPlace? {
        var found: BlockPlace?
        try descend(in: database) { place in
            found = place
            return false
        }
        return found
    }

    private func visit(
        _ condition: String,
        _ database: Database,
        _ body: (BlockPlace) throws -> Bool
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT key, firstKey, firstStart, lastStart, summary FROM record_block
                WHERE \(condition)
                """
        )
        let rows = try Row.fetchCursor(
            statement,
            arguments: ["lower": lower, "upper": upper]
        )
        while let row = try rows.next() {
            guard try filter.mayPass(row) else { continue }
            guard try body(BlockPlace(firstKey: row["firstKey"], key: row["key"])) else { return }
        }
    }
}
