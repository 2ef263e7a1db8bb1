internal import GRDB
internal import GRDBSQLite

/// A prepared `INSERT` that is run once for each row, straight over SQLite's C interface.
///
/// GRDB's arguments box each value: for rows of two dozen columns that costs more than the
/// insertion itself. This binds in place instead: `bind` calls in the order of the columns, then
/// `insert`. It is used inside one call of `DatabaseFile.write` and not kept.
@safe
struct RowInserter: ~Copyable {
    private let database: Database
    // Owns the C statement and finalises it.
    private let statement: Statement
    private var column: Int32 = 0
    // SAFETY: allocated in `init`, freed in `deinit`, never lent out.
    // Where a row's texts lie until it is inserted: SQLite would allocate for each of them.
    private let scratch: UnsafeMutableBufferPointer<UInt8>
    private var scratchUsed = 0

    private static let scratchBytes = 4_096

    /// Prepares `INSERT INTO table VALUES (?, …)`, or takes the statement from the cache.
    init(_ database: Database, table: String, columnCount: Int) throws {
        let places = Array(repeating: "?", count: columnCount).joined(separator: ", ")
        try self.init(database, sql: "INSERT INTO \(table) VALUES (\(places))")
    }

    /// Prepares an insertion, or takes the statement from the cache.
    init(_ database: Database, sql: String) throws {
        self.database = database
        statement = try database.cachedStatement(sql: sql)
        unsafe scratch = .allocate(capacity: Self.scratchBytes)
    }

    deinit {
        // The statement outlives the scratch memory in GRDB's cache, so it must forget it.
        _ = unsafe sqlite3_clear_bindings(statement.sqliteStatement)
        unsafe scratch.deallocate()
    }

    mutating func bind(_ value: Int64) {
        column += 1
        _ = unsafe sqlite3_bind_int64(statement.sqliteStatement, column, value)
    }

    mutating func bind(_ value: Int) {
        bind(Int64(value))
    }

    /// Binds a blob, of which SQLite makes a copy.
    mutating func bind(_ value: [UInt8]) {
        column += 1
        let statement = unsafe statement.sqliteStatement
        let column = column
        // SAFETY: SQLITE_TRANSIENT makes SQLite copy the bytes before the call returns.
        unsafe value.withUnsafeBytes { bytes in
            _ = unsafe sqlite3_bind_blob64(
                statement,
                column,
                bytes.baseAddress,
                UInt64(bytes.count),
                Self.transient
            )
        }
    }

    mutating func bind(_ value: String?) {
        column += 1
        guard var value else {
            _ = unsafe sqlite3_bind_null(statement.sqliteStatement, column)
            return
        }
        let statement = unsafe statement.sqliteStatement
        let column = column
        let count = value.utf8.count
        // An empty text needs an address too: with none, SQLite would bind NULL.
        guard count > 0 else {
            _ = unsafe sqlite3_bind_text(statement, column, "", 0, Self.transient)
            return
        }
        guard count <= Self.scratchBytes - scratchUsed else {
            // SAFETY: SQLITE_TRANSIENT makes SQLite copy the bytes before the call returns.
            value.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                    _ = unsafe sqlite3_bind_text(
                        statement,
                        column,
                        text.baseAddress,
                        Int32(clamping: count),
                        Self.transient
                    )
                }
            }
            return
        }
        // SAFETY: `count` bytes are free from here on. They stay as they are until the row is
        // inserted, and the binding is replaced or cleared before they are used again.
        let place = unsafe UnsafeMutableBufferPointer(
            rebasing: scratch[scratchUsed..<scratchUsed + count]
        )
        value.withUTF8 { bytes in
            _ = unsafe place.update(from: bytes)
        }
        unsafe place.withMemoryRebound(to: CChar.self) { text in
            _ = unsafe sqlite3_bind_text(statement, column, text.baseAddress, Int32(count), nil)
        }
        scratchUsed += count
    }

    /// Inserts the bound row and starts over at the first column.
    mutating func insert() throws {
        column = 0
        scratchUsed = 0
        let code = unsafe sqlite3_step(statement.sqliteStatement)
        // Reset repeats the step's result code.
        _ = unsafe sqlite3_reset(statement.sqliteStatement)
        guard code == SQLITE_DONE else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: database.lastErrorMessage
            )
        }
    }

    private static var transient: sqlite3_destructor_type {
        // SAFETY: SQLite defines SQLITE_TRANSIENT as -1 and never calls it.
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}
