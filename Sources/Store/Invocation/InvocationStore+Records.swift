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

        /// A text contained in the error or in a log line; ASCII letters match in either case.
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

        /// Where to go on; opaque.
        ///
        /// Records that are stored meanwhile do not shift it. `nil`: no more.
        public var nextCursor: String?

        /// Losses in the time that this page covers, of all functions, the newest 100.
        public var gaps: [Gap]
    }

    /// Records that could not be stored.
    public struct Gap: Equatable, Sendable {
        /// When the loss was noted.
        public var at: Timestamp

        /// How many there were.
        public var dropped: Int
    }

    /// Records that pass the filter, in the order in which they were stored, the newest first.
    ///
    /// Throws `invalidCursor`, or `unavailable`. `limit` is at least 1 and at most 10,000.
    public func invocations(
        _ filter: Filter = Filter(),
        limit: Int = 50,
        cursor: String? = nil
    ) throws(StoreError) -> Page {
        let limit = min(max(1, limit), 10_000)
        var search = RecordSearch(filter: filter, limit: limit, sliceRows: limits.scanSliceRows)
        if let cursor { search.upper = try Cursor(page: cursor).key }
        let upper = search.upper
        let file = try openFile()
        let deadline = Monotonic.now() &+ UInt64(clamping: limits.scanMilliseconds) &* 1_000_000
        repeat {
            try file.read { try search.step(in: $0) }
        } while !search.isDone && Monotonic.now() < deadline

        let lower = search.nextUpper ?? search.lower
        let gaps = try file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT key, dropped FROM gap WHERE key >= ? AND key < ?
                    ORDER BY key DESC LIMIT 100
                    """,
                arguments: [lower, upper]
            ).map { row in
                let key = RecordKey(rawValue: row["key"])
                return Gap(
                    at: Timestamp(microseconds: key.microseconds),
                    dropped: row["dropped"]
                )
            }
        }
        return Page(
            records: search.records,
            nextCursor: search.nextUpper.map { Cursor(key: $0).pageText },
            gaps: gaps
        )
    }

    /// One record with its log lines and trap report; the newest, should several share the id.
    public func invocation(id: String) throws(StoreError) -> InvocationRecord? {
        try openFile().read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT \(InvocationRecord.columns), trapReport FROM invocation
                    WHERE id = ? ORDER BY key DESC LIMIT 1
                    """,
                arguments: [id]
            )
            guard let row else { return nil }
            var record = try InvocationRecord(row: row)
            record.trapReport = row["trapReport"]
            record.lines = try Row.fetchAll(
                database,
                sql: """
                    SELECT seq, atUs, stream, CAST(text AS BLOB) AS text FROM log_line
                    WHERE invocation = ? ORDER BY seq
                    """,
                arguments: [row["key"] as Int64]
            ).map(LogLine.init(row:))
            return record
        }
    }

    func openFile() throws(StoreError) -> DatabaseFile {
        guard let file = queue.file.withLock({ $0 }) else {
            throw .unavailable(queue.unavailability.withLock { $0 })
        }
        return file
    }
}

/// A search that goes down the keys slice by slice, each in a read transaction of its own, so that
/// no snapshot is held for long: an old snapshot keeps the WAL from being reset.
private struct RecordSearch {
    let filter: InvocationStore.Filter
    let limit: Int
    let sliceRows: Int
    let lower: Int64
    var upper = Int64.max
    var records: [InvocationRecord] = []
    /// Where the next page begins, exclusive.
    ///
    /// `nil` after the last page.
    var nextUpper: Int64?
    var isDone = false

    init(filter: InvocationStore.Filter, limit: Int, sliceRows: Int) {
        self.filter = filter
        self.limit = limit
        self.sliceRows = max(1, sliceRows)
        lower = filter.since.map { RecordKey(firstAt: $0).rawValue } ?? .min
    }

    mutating func step(in database: Database) throws {
        if let until = filter.until {
            let lag = try InvocationSchema.maximumLag(database)
            let (latest, overflow) = until.microseconds.addingReportingOverflow(lag)
            if !overflow, latest < .max {
                upper = min(upper, RecordKey(firstAt: Timestamp(microseconds: latest + 1)).rawValue)
            }
        }
        let bottom = hasResidue ? try sliceBottom(in: database) : nil
        var (condition, arguments) = condition
        condition += " AND key < :upper AND key >= :lower"
        arguments += ["upper": upper, "lower": bottom ?? lower, "limit": limit - records.count + 1]
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT \(InvocationRecord.columns) FROM \(table) WHERE \(condition)
                ORDER BY key DESC LIMIT :limit
                """,
            arguments: arguments
        )
        let room = limit - records.count
        for row in rows.prefix(room) { records.append(try InvocationRecord(row: row)) }
        if rows.count > room {
            nextUpper = room > 0 ? rows[room - 1]["key"] : upper
            isDone = true
        } else {
            nextUpper = bottom
            isDone = bottom == nil
            if let bottom { upper = bottom }
        }
    }

    // The planner must not be left to choose: without statistics it may sort.
    private var table: String {
        filter.function == nil
            ? "invocation NOT INDEXED" : "invocation INDEXED BY invocation_function"
    }

    /// Whether the filter looks at rows that it then leaves out.
    private var hasResidue: Bool {
        filter.version != nil || filter.outcome != nil || filter.status != nil
            || filter.start != nil || filter.minimumMicroseconds != nil || filter.text != nil
            || filter.until != nil || filter.since != nil || filter.functionPatterns != nil
    }

    /// The lowest key of this step; `nil` when the step reaches the end.
    private func sliceBottom(in database: Database) throws -> Int64? {
        var arguments: StatementArguments = [
            "upper": upper, "lower": lower, "offset": sliceRows - 1,
        ]
        if let function = filter.function { arguments += ["function": function] }
        return try Int64.fetchOne(
            database,
            sql: """
                SELECT key FROM \(table)
                WHERE \(filter.function == nil ? "TRUE" : "function = :function")
                    AND key < :upper AND key >= :lower
                ORDER BY key DESC LIMIT 1 OFFSET :offset
                """,
            arguments: arguments
        )
    }

    private var condition: (String, StatementArguments) {
        var terms: [String] = ["TRUE"]
        var arguments: StatementArguments = [:]
        func require(_ term: String, _ name: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            terms.append(term)
            arguments += [name: value]
        }
        require("function = :function", "function", filter.function)
        require("version = :version", "version", filter.version)
        require("outcome = :outcome", "outcome", filter.outcome?.rawValue)
        require("status = :status", "status", filter.status)
        require("start = :start", "start", filter.start?.rawValue)
        require("startedAt >= :since", "since", filter.since?.microseconds)
        require("startedAt < :until", "until", filter.until?.microseconds)
        require("totalUs >= :minimum", "minimum", filter.minimumMicroseconds)
        require(
            """
            (error LIKE :pattern ESCAPE '\\' OR EXISTS (SELECT 1 FROM log_line
                WHERE log_line.invocation = key AND log_line.text LIKE :pattern ESCAPE '\\'))
            """,
            "pattern",
            filter.text.map(Self.likePattern)
        )
        if let patterns = filter.functionPatterns {
            let names = patterns.indices.map { "glob\($0)" }
            terms.append("(" + names.map { "function GLOB :\($0)" }.joined(separator: " OR ") + ")")
            for (name, pattern) in zip(names, patterns) { arguments += [name: pattern] }
        }
        return (terms.joined(separator: " AND "), arguments)
    }

    private static func likePattern(containing text: String) -> String {
        var pattern = "%"
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { pattern += "\\" }
            pattern.unicodeScalars.append(character)
        }
        return pattern + "%"
    }
}
