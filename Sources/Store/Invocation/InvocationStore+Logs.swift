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

        /// When it was written.
        public var at: Timestamp

        /// The line.
        public var line: LogLine
    }

    /// A part of a log.
    public struct LogPage: Equatable, Sendable {
        /// The oldest first, in the order of storing: the lines of one invocation stay together.
        public var entries: [LogEntry]

        /// Gives, as `after`, what is stored later than all of these.
        public var cursor: String
    }

    /// The last `tail` lines; or, after a cursor, the next `tail` lines.
    ///
    /// To follow a log, ask for a tail and then, whenever `statistics().stored` has changed, for
    /// what came after the last cursor. Lines appear when their invocation has ended. `tail` is at
    /// least 0 and at most 10,000.
    ///
    /// - Parameters:
    ///   - function: `nil` for the lines of all functions.
    ///   - tail: The most lines to return.
    ///   - since: Leaves out lines written before.
    ///   - cursor: From an earlier page.
    /// - Returns: The lines, and where to go on.
    /// - Throws: `invalidCursor`, or `unavailable`.
    public func logs(
        function: String?,
        tail: Int,
        since: Timestamp? = nil,
        after cursor: String? = nil
    ) throws(StoreError) -> LogPage {
        let after = try cursor.map { text throws(StoreError) in try Cursor(log: text) }
        let query = LogQuery(
            function: function,
            limit: min(max(0, tail), 10_000),
            since: since,
            after: after
        )
        return try openFile().read { try query.run(in: $0) }
    }
}

private struct LogQuery {
    let function: String?
    let limit: Int
    let since: Timestamp?
    let after: Cursor?

    func run(in database: Database) throws -> InvocationStore.LogPage {
        var rows = try Row.fetchAll(database, sql: sql, arguments: arguments)
        if after == nil { rows.reverse() }
        let entries = try rows.map { row in
            let startedAt: Int64 = row["startedAt"]
            let line = try LogLine(row: row)
            return InvocationStore.LogEntry(
                invocation: row["id"],
                function: row["function"],
                version: row["version"],
                at: Timestamp(microseconds: startedAt &+ line.atMicroseconds),
                line: line
            )
        }
        let cursor: Cursor
        if let last = rows.last {
            cursor = Cursor(key: last["key"], sequence: last["seq"])
        } else if let after {
            cursor = after
        } else {
            let newest = try Int64.fetchOne(database, sql: "SELECT max(key) FROM invocation")
            cursor = Cursor(key: newest ?? 0, sequence: Int64.max)
        }
        return InvocationStore.LogPage(entries: entries, cursor: cursor.logText)
    }

    // CROSS JOIN fixes the order of the loops, so that both forms read an index in the order wanted.
    private var sql: String {
        let source =
            function == nil
            ? "log_line AS l CROSS JOIN invocation AS i ON i.key = l.invocation"
            : """
            invocation AS i INDEXED BY invocation_with_lines
            CROSS JOIN log_line AS l ON l.invocation = i.key
            """
        let key = function == nil ? "l.invocation" : "i.key"
        let order = after == nil ? "DESC" : "ASC"
        return """
            SELECT i.key, i.id, i.function, i.version, i.startedAt, l.seq, l.atUs, l.stream,
                CAST(l.text AS BLOB) AS text
            FROM \(source)
            WHERE \(key) >= :key AND (\(key) > :key OR l.seq > :seq)
                AND (:since IS NULL OR i.startedAt + l.atUs >= :since)
                \(function == nil ? "" : "AND i.function = :function AND i.lineCount > 0")
            ORDER BY \(key) \(order), l.seq \(order) LIMIT :limit
            """
    }

    private var arguments: StatementArguments {
        var start = after ?? Cursor(key: .min, sequence: .min)
        if let since {
            let first = RecordKey(firstAt: since).rawValue
            if first > start.key { start = Cursor(key: first, sequence: .min) }
        }
        var arguments: StatementArguments = [
            "key": start.key, "seq": start.sequence, "since": since?.microseconds, "limit": limit,
        ]
        if let function { arguments += ["function": function] }
        return arguments
    }
}
