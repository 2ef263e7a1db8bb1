internal import GRDB

extension InvocationStore {
    /// A log line and the invocation that it belongs to.
    public struct LogEntry: Equatable, Sendable {
        /// The invocation's identifier.
        public var invocation: String

        /// The function's name.
        public var function: String

        /// The version that wrote it.
        public var version: Int

        /// How the invocation ended.
        public var outcome: InvocationOutcome

        /// The status code of the invocation's response; 0 when none was made.
        public var status: Int

        /// When it was written.
        public var at: Timestamp

        /// The line.
        public var line: LogLine
    }

    /// A part of a log.
    public struct LogPage: Equatable, Sendable {
        /// What a log consists of.
        public enum Item: Equatable, Sendable {
            /// A line.
            case line(LogEntry)

            /// Here records are missing, of whatever functions.
            case gap(Gap)
        }

        /// The oldest first, in the order of storing: the lines of one invocation stay together.
        public var items: [Item]

        /// Gives, as `after`, what is stored later than all of these.
        public var cursor: String

        /// The lines alone.
        public var entries: [LogEntry] {
            items.compactMap { if case .line(let entry) = $0 { entry } else { nil } }
        }
    }

    /// The last `tail` lines; or, after a cursor, the next `tail` lines.
    ///
    /// To follow a log, ask for a tail and then, whenever `statistics().stored` has changed, for
    /// what came after the last cursor. Lines appear when their invocation has ended. `tail` is at
    /// least 0 and at most 10,000.
    ///
    /// - Parameters:
    ///   - filter: Which invocations' lines to show. `since` and `until` are the times of lines
    ///     here, and `text` is not looked at.
    ///   - tail: The most lines to return.
    ///   - cursor: From an earlier page.
    /// - Returns: The lines, and where to go on.
    /// - Throws: `invalidCursor`, or `unavailable`.
    public func logs(
        _ filter: Filter = Filter(),
        tail: Int,
        after cursor: String? = nil
    ) throws(StoreError) -> LogPage {
        let after = try cursor.map { text throws(StoreError) in try Cursor(log: text) }
        let limit = min(max(0, tail), 10_000)
        return try read { database in
            var search = try LineSearch(filter, limit: limit, in: database)
            if let after { return try search.follow(after, in: database) }
            return try search.tail(in: database)
        }
    }
}

/// A search for log lines within one read transaction.
private struct LineSearch {
    private let limit: Int
    private let since: Int64
    private let until: Int64
    private var scan: BlockScan
    private var kinds = StoredKinds()
    private var found: [(place: Cursor, entry: InvocationStore.LogEntry)] = []

    init(_ filter: InvocationStore.Filter, limit: Int, in database: Database) throws {
        self.limit = limit
        since = filter.since?.microseconds ?? .min
        until = filter.until?.microseconds ?? .max
        // A line may be younger than its record's start, so that these times say nothing of blocks.
        var filter = filter
        filter.since = nil
        filter.until = nil
        var blockFilter = try BlockFilter(filter, in: database)
        blockFilter.needsLines = true
        scan = BlockScan(blockFilter)
        if since != .min { scan.startAtStored(since) }
    }

    mutating func tail(in database: Database) throws -> InvocationStore.LogPage {
        let newest = try Self.newestKey(in: database)
        if limit > 0 {
            let wanted = scan
            try wanted.descend(in: database) { place in
                let block = try RecordBlock(database, key: place.key)
                guard let lines = try LineBlock(database, key: place.key) else { return true }
                var index = lines.count
                while index > 0, found.count < limit {
                    index -= 1
                    try add(lines, index, block, in: database)
                }
                return found.count < limit
            }
        }
        found.reverse()
        let cursor = Cursor(key: newest, sequence: .max)
        // Nothing is known of the time before the first line that is shown.
        let isWhole = found.count < limit
        let lower = isWhole ? scan.lower : found.first?.place.key ?? newest + 1
        return try page(from: lower, to: newest, cursor, in: database)
    }

    mutating func follow(
        _ after: Cursor,
        in database: Database
    ) throws -> InvocationStore.LogPage {
        var newest = max(after.key, try Self.newestKey(in: database))
        scan.lower = max(scan.lower, after.key)
        let wanted = scan
        try wanted.ascend(in: database) { place in
            let block = try RecordBlock(database, key: place.key)
            guard let lines = try LineBlock(database, key: place.key) else { return true }
            let first = block.firstIndex(atLeast: after.key)
            var index = lines.firstIndex(ofRecord: first)
            while index < lines.count, found.count < limit {
                let key = block.key(ofRecord: lines.record(of: index))
                if key > after.key || lines.columns[.sequence, index] > after.sequence {
                    try add(lines, index, block, in: database)
                }
                index += 1
            }
            return found.count < limit
        }
        var cursor = Cursor(key: newest, sequence: .max)
        if found.count >= limit {
            cursor = found.last?.place ?? after
            newest = cursor.key
        } else if newest == after.key {
            cursor.sequence = after.sequence
        }
        return try page(from: after.key &+ 1, to: newest, cursor, in: database)
    }

    private mutating func add(
        _ lines: LineBlock,
        _ index: Int,
        _ block: RecordBlock,
        in database: Database
    ) throws {
        let record = lines.record(of: index)
        guard (0..<block.count).contains(record), scan.filter.passes(block, record) else { return }
        let line = lines.line(at: index)
        let at = block.columns[.startedAt, record] &+ line.atMicroseconds
        guard at >= since, at < until else { return }
        let kind = try kinds.kind(block.columns[.kind, record], in: database)
        let entry = InvocationStore.LogEntry(
            invocation: block.identifier(at: record).description,
            function: kind.function,
            version: kind.version,
            outcome: kind.outcome,
            status: kind.status,
            at: Timestamp(microseconds: at),
            line: line
        )
        let place = Cursor(key: block.columns[.key, record], sequence: Int64(line.sequence))
        found.append((place, entry))
    }

    /// The lines that were found, and the gaps among them.
    private func page(
        from lower: Int64,
        to upper: Int64,
        _ cursor: Cursor,
        in database: Database
    ) throws -> InvocationStore.LogPage {
        var gaps = try InvocationStore.Gap.all(
            from: lower,
            to: upper == .max ? .max : upper + 1,
            limit: 1_000,
            in: database
        )[...]
        var items: [InvocationStore.LogPage.Item] = []
        for (place, entry) in found {
            while let gap = gaps.first, gap.key < place.key {
                items.append(.gap(gap.gap))
                gaps.removeFirst()
            }
            items.append(.line(entry))
        }
        items += gaps.map { .gap($0.gap) }
        return InvocationStore.LogPage(items: items, cursor: cursor.logText)
    }

    private static func newestKey(in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT max(coalesce((SELECT max(key) FROM record_block), 0),
                    coalesce((SELECT max(key) FROM gap), 0))
                """
        ) ?? 0
    }
}

extension RecordBlock {
    /// The key of a record; the lowest there is when the block has no such record.
    fileprivate func key(ofRecord index: Int) -> Int64 {
        (0..<count).contains(index) ? columns[.key, index] : .min
    }
}
