internal import FoundationEssentials
internal import GRDB
internal import Linux
internal import Synchronization

extension InvocationStore {
    /// Which records to show; `nil` stands for any.
    public struct Filter: Equatable, Sendable {
        /// The function's name.
        public var function: String?

        /// Only functions whose names match one of these, where `*` stands for any text.
        public var functionPatterns: [String]?

        /// The version's number.
        public var version: Int?

        /// How it ended.
        public var outcome: InvocationOutcome?

        /// The response's status code.
        public var status: Int?

        /// Where the instance came from.
        public var start: InvocationStart?

        /// Started then or later.
        public var since: Timestamp?

        /// Started before.
        public var until: Timestamp?

        /// Took at least this long in all.
        public var minimumMicroseconds: Int64?

        /// A search in the error and the log lines, in the syntax of FTS5.
        ///
        /// The errors of refused and canceled calls are not searched.
        public var text: String?

        /// A filter that every record passes.
        public init() {}
    }

    /// A part of a list, the newest record first.
    public struct Page: Equatable, Sendable {
        /// Without log lines and trap report.
        ///
        /// May be fewer than asked for, even none, although there is a next cursor: a search hands
        /// out what it has when its time is up.
        public var records: [InvocationRecord]

        /// When the oldest records that were looked at were stored, if the time was up before there were as many as
        /// asked for.
        public var searchedTo: Timestamp?

        /// Where to go on; opaque.
        ///
        /// Records that are stored meanwhile do not shift it. `nil`: no more.
        public var nextCursor: String?

        /// Losses in the time that this page covers, of all functions, the newest 100.
        public var gaps: [Gap]
    }

    /// Records that could not be stored.
    public struct Gap: Equatable, Sendable {
        /// When everything was stored the last time before.
        public var since: Timestamp

        /// When the loss was noted.
        public var at: Timestamp

        /// How many there were.
        public var dropped: Int
    }

    /// Records that pass the filter, in the order in which they were stored, the newest first.
    ///
    /// Throws `invalidCursor`, `invalidSearch`, or `unavailable`. `limit` is at least 1 and at most 10,000.
    public func invocations(
        _ filter: Filter = Filter(),
        limit: Int = 50,
        cursor: String? = nil
    ) throws(StoreError) -> Page {
        let upper = try cursor.map { text throws(StoreError) in try Cursor(page: text).key }
        let end = Monotonic.now() &+ UInt64(clamping: limits.scanMilliseconds) &* 1_000_000
        return try read { database in
            var search = try RecordSearch(
                filter,
                limit: min(max(1, limit), 10_000),
                upper: upper ?? .max,
                in: database
            )
            try search.run(in: database, until: end)
            return Page(
                records: search.records,
                searchedTo: search.isOutOfTime
                    ? search.nextUpper.map {
                        Timestamp(microseconds: RecordKey(rawValue: $0).microseconds)
                    } : nil,
                nextCursor: search.nextUpper.map { Cursor(key: $0).pageText },
                gaps: try Gap.all(
                    from: search.nextUpper ?? search.lower,
                    to: upper ?? .max,
                    limit: 100,
                    in: database
                ).map(\.gap).reversed()
            )
        }
    }

    /// One record with its log lines and trap report; the newest, should several share the id.
    public func invocation(id: String) throws(StoreError) -> InvocationRecord? {
        let identifier = RecordIdentifier(id)
        return try read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT key, ids FROM record_block ORDER BY key DESC"
            )
            while let row = try rows.next() {
                let filter = IdentifierFilter([UInt8](row["ids"] as Data))
                guard filter.mayContain(identifier) else { continue }
                let key: Int64 = row["key"]
                let block = try RecordBlock(database, key: key)
                let index = (0..<block.count).last { block.hasIdentifier(identifier, at: $0) }
                guard let index else { continue }
                return try block.completeRecord(at: index, key: key, in: database)
            }
            return nil
        }
    }
}

extension InvocationStore.Gap {
    /// Gaps by their keys, the newest so many, the oldest first.
    static func all(
        from lower: Int64,
        to upper: Int64,
        limit: Int,
        in database: Database
    ) throws -> [(key: Int64, gap: Self)] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT key, since, dropped FROM gap WHERE key >= ? AND key < ?
                ORDER BY key DESC LIMIT ?
                """,
            arguments: [lower, upper, limit]
        )
        return rows.reversed().map { row in
            let key = RecordKey(rawValue: row["key"])
            let at = Timestamp(microseconds: key.microseconds)
            let since = (row["since"] as Int64?).map(Timestamp.init(microseconds:))
            return (key.rawValue, Self(since: since ?? at, at: at, dropped: row["dropped"]))
        }
    }
}

extension RecordBlock {
    /// A record with its lines and its trap report.
    fileprivate func completeRecord(
        at index: Int,
        key: Int64,
        in database: Database
    ) throws -> InvocationRecord {
        var kinds = StoredKinds()
        var record = record(at: index, try kinds.kind(columns[.kind, index], in: database))
        if columns[.lineCount, index] > 0 {
            record.lines = try LineBlock(database, key: key)?.lines(ofRecord: index) ?? []
        }
        if hasTrapReport(at: index) {
            record.trapReport = try String.fetchOne(
                database,
                sql: "SELECT report FROM trap_report WHERE key = ?",
                arguments: [columns[.key, index]]
            )
        }
        return record
    }
}
