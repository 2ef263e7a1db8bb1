internal import GRDB
internal import GRDBSQLite
internal import Linux

/// One connection that runs one statement of a caller, by SQLite's C interface.
///
/// Whatever the statement says: it reads the tables and views for queries and nothing else, and ends within its limits.
/// Belongs to one thread.
@safe
final class QuerySession {
    private let database: Database
    private let limits: InvocationQuery.Limits
    private let guardian: QueryGuardian

    /// Sets the connection up.
    init(
        _ database: Database,
        controlPath: String,
        _ limits: InvocationQuery.Limits,
        began: UInt64
    ) throws {
        self.database = database
        self.limits = limits
        guardian = QueryGuardian(limits, began: began)
        // Read-only, as the connection is.
        try database.execute(sql: "ATTACH ? AS control", arguments: [controlPath])
        try database.execute(sql: "PRAGMA temp_store = MEMORY")
        try database.execute(sql: "BEGIN")
        guardian.storedTables = Set(
            try String.fetchAll(
                database,
                sql: """
                    SELECT lower(name) FROM main.sqlite_master WHERE type = 'table'
                    UNION SELECT lower(name) FROM control.sqlite_master WHERE type = 'table'
                    """
            )
        )
        try BlockModule.register(on: database, guardian)
        try PercentileFunctions.register(on: database)
        try database.execute(sql: QueryViews.definitions)
        setLimits()
    }

    deinit {
        // A connection that is closed forgets the rest.
        let connection = unsafe database.sqliteConnection
        _ = unsafe sqlite3_set_authorizer(connection, nil, nil)
        unsafe sqlite3_progress_handler(connection, 0, nil, nil)
        try? database.execute(sql: "ROLLBACK")
    }

    private func setLimits() {
        let values: [(Int32, Int)] = [
            // Of a value; a row of `line_data` has to fit.
            (SQLITE_LIMIT_LENGTH, 4 << 20), (SQLITE_LIMIT_SQL_LENGTH, limits.sqlBytesMax),
            (SQLITE_LIMIT_COLUMN, 256), (SQLITE_LIMIT_EXPR_DEPTH, 200),
            (SQLITE_LIMIT_COMPOUND_SELECT, 50), (SQLITE_LIMIT_VDBE_OP, 250_000),
            (SQLITE_LIMIT_FUNCTION_ARG, 32), (SQLITE_LIMIT_ATTACHED, 1),
            (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000), (SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
            (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_WORKER_THREADS, 0),
        ]
        for (limit, value) in values {
            _ = unsafe sqlite3_limit(database.sqliteConnection, limit, Int32(clamping: value))
        }
    }

    /// Runs a caller's statement.
    func run(_ query: InvocationQuery) throws(QueryError) -> InvocationQuery.Answer {
        let connection = unsafe database.sqliteConnection
        // SAFETY: the session outlives both, and takes them away at its end.
        let context = unsafe Unmanaged.passUnretained(guardian).toOpaque()
        _ = unsafe sqlite3_set_authorizer(connection, authorize, context)
        unsafe sqlite3_progress_handler(connection, 100, mayGoOn, context)
        let statement = unsafe try prepare(query.sql)
        defer { _ = unsafe sqlite3_finalize(statement) }
        unsafe try bind(query.parameters, to: statement)
        let rowLimit = min(query.rowLimit, limits.rowsMax)
        let columns = unsafe columns(of: statement)
        var answer = InvocationQuery.Answer(
            columns: columns,
            rows: [],
            isTruncated: false,
            elapsedMicroseconds: 0
        )
        var byteCount = 0
        while true {
            let code = unsafe sqlite3_step(statement)
            guard code == SQLITE_ROW else {
                guard code == SQLITE_DONE else { throw failure(code) }
                return answer
            }
            guard answer.rows.count < rowLimit, byteCount < limits.answerBytesMax else {
                answer.isTruncated = true
                return answer
            }
            let row = columns.indices.map { unsafe value(statement, Int32($0)) }
            for value in row { byteCount += value.byteCount }
            answer.rows.append(row)
        }
    }

    private func prepare(_ sql: String) throws(QueryError) -> OpaquePointer {
        let connection = unsafe database.sqliteConnection
        let bytes = Array(sql.utf8)
        guard bytes.count <= limits.sqlBytesMax else {
            throw QueryError(
                .invalid,
                "the statement has \(bytes.count) bytes when the limit is \(limits.sqlBytesMax)"
            )
        }
        guard !bytes.contains(0) else {
            let offset = bytes.firstIndex(of: 0)
            throw QueryError(.invalid, "the statement contains a NUL", offset: offset)
        }
        var statement: OpaquePointer?
        var usedCount = 0
        let code = unsafe bytes.withUnsafeBytes { text in
            let start = unsafe text.bindMemory(to: CChar.self).baseAddress
            var tail: UnsafePointer<CChar>?
            let code = unsafe sqlite3_prepare_v2(
                connection,
                start,
                Int32(text.count),
                &statement,
                &tail
            )
            if let start = unsafe start, let tail = unsafe tail {
                usedCount = unsafe tail - start
            }
            return code
        }
        guard code == SQLITE_OK else { throw failure(code) }
        guard let statement = unsafe statement else {
            throw QueryError(.invalid, "there is no statement")
        }
        let rest = String(decoding: bytes.dropFirst(usedCount), as: UTF8.self)
        guard rest.allSatisfy({ $0.isWhitespace || $0 == ";" }) else {
            _ = unsafe sqlite3_finalize(statement)
            throw QueryError(.invalid, "only one statement is allowed", offset: usedCount)
        }
        return unsafe statement
    }

    private func bind(
        _ parameters: [InvocationQuery.Value],
        to statement: OpaquePointer
    ) throws(QueryError) {
        let count = Int(unsafe sqlite3_bind_parameter_count(statement))
        guard parameters.count == count else {
            throw QueryError(
                .invalid,
                "the statement has \(count) parameters, and \(parameters.count) values were given"
            )
        }
        for (index, value) in parameters.enumerated() {
            let place = Int32(index + 1)
            switch value {
            case .null: _ = unsafe sqlite3_bind_null(statement, place)
            case .integer(let value): _ = unsafe sqlite3_bind_int64(statement, place, value)
            case .real(let value): _ = unsafe sqlite3_bind_double(statement, place, value)
            case .text(let text):
                _ = unsafe sqlite3_bind_text(
                    statement,
                    place,
                    text,
                    Int32(clamping: text.utf8.count),
                    transientBytes
                )
            case .blob(let bytes):
                _ = unsafe sqlite3_bind_blob(
                    statement,
                    place,
                    bytes,
                    Int32(clamping: bytes.count),
                    transientBytes
                )
            }
        }
    }

    private func columns(of statement: OpaquePointer) -> [InvocationQuery.Column] {
        let count = unsafe sqlite3_column_count(statement)
        return (0..<count).map { index in
            InvocationQuery.Column(
                name: unsafe sqlite3_column_name(statement, index).map {
                    unsafe String(cString: $0)
                } ?? "",
                type: unsafe sqlite3_column_decltype(statement, index).map {
                    unsafe String(cString: $0)
                }
            )
        }
    }

    private func value(_ statement: OpaquePointer, _ index: Int32) -> InvocationQuery.Value {
        switch unsafe sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER:
            return .integer(unsafe sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT:
            return .real(unsafe sqlite3_column_double(statement, index))
        case SQLITE_NULL:
            return .null
        case let type:
            // Both forms have their bytes at the blob's address, which is nil when there are none.
            let start = unsafe sqlite3_column_blob(statement, index)
            let count = Int(unsafe sqlite3_column_bytes(statement, index))
            let isEmpty = unsafe start == nil
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: isEmpty ? 0 : count)
            return type == SQLITE_BLOB
                ? .blob(unsafe Array(bytes)) : .text(unsafe String(decoding: bytes, as: UTF8.self))
        }
    }

    private func failure(_ code: Int32) -> QueryError {
        let connection = unsafe database.sqliteConnection
        let message = unsafe String(cString: sqlite3_errmsg(connection))
        switch code & 0xff {
        case SQLITE_INTERRUPT:
            return guardian.isOutOfMemory
                ? QueryError(
                    .memory,
                    """
                    the query needs more than \(limits.memoryBytesMax) bytes of memory to sort or group: \
                    name a span of time (startedUs > …), or group and order by function, version, alias, \
                    trigger, method, status, outcome or start and use no texts beside them, which takes \
                    little; the limit is query.memoryBytesMax
                    """
                )
                : QueryError(
                    .timeout,
                    """
                    the query took longer than \(limits.timeoutMilliseconds) ms: name a span of time \
                    (startedUs > …) or less of it; the limit is query.timeoutMs
                    """
                )
        case SQLITE_NOMEM:
            return QueryError(.memory, message)
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_BUSY:
            return QueryError(.unavailable, message)
        case SQLITE_AUTH:
            let reason = guardian.refusal.map { "\(message): \($0)" } ?? message
            return QueryError(.invalid, reason)
        default:
            let offset = unsafe sqlite3_error_offset(connection)
            // A table that may not be read is not even opened, and SQLite says no more than that.
            let reason =
                message.hasPrefix("vtable constructor failed") || message == "not authorized"
                ? guardian.refusal.map { "\(message): \($0)" } ?? message : message
            return QueryError(.invalid, reason, offset: offset >= 0 ? Int(offset) : nil)
        }
    }
}

extension InvocationQuery.Value {
    fileprivate var byteCount: Int {
        switch self {
        case .null, .integer, .real: 8
        case .text(let text): 8 + text.utf8.count
        case .blob(let bytes): 8 + bytes.count
        }
    }
}

/// Has SQLite copy the bytes that it is given.
var transientBytes: sqlite3_destructor_type {
    // SAFETY: SQLite defines SQLITE_TRANSIENT as -1 and never calls it.
    unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
