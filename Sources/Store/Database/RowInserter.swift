internal import GRDB
internal import GRDBSQLite

/// A prepared `INSERT` that is run once for each row, straight over SQLite's C interface.
///
/// GRDB's arguments box each value: for rows of two dozen columns that costs more than the insertion
/// itself. This binds in place instead: `bind` calls in the order of the columns, then `insert`.
/// It is used inside one call of `DatabaseFile.write` and not kept.
struct RowInserter: ~Copyable {
    private let database: Database
    // Owns the C statement and finalises it.
    private let statement: Statement
    private var column: Int32 = 0

    /// Prepares `INSERT INTO table VALUES (?, …)`, or takes the statement from the cache.
    init(_ database: Database, table: String, columnCount: Int) throws {
        self.database = database
        let places = Array(repeating: "?", count: columnCount).joined(separator: ", ")
        statement = try database.cachedStatement(sql: "INSERT INTO \(table) VALUES (\(places))")
    }

    mutating func bind(_ value: Int64) {
        column += 1
        _ = unsafe sqlite3_bind_int64(statement.sqliteStatement, column, value)
    }

    mutating func bind(_ value: Int) {
        bind(Int64(value))
    }

    mutating func bind(_ value: String?) {
        column += 1
        guard var value else {
            _ = unsafe sqlite3_bind_null(statement.sqliteStatement, column)
            return
        }
        let column = column
        let count = value.utf8.count
        // SAFETY: SQLITE_TRANSIENT (-1) makes SQLite copy the bytes before the call returns, and
        // `withUTF8` lends at least `count` of them. An empty text needs an address too: with none,
        // SQLite would bind NULL.
        guard count > 0 else {
            _ = unsafe sqlite3_bind_text(statement.sqliteStatement, column, "", 0, Self.transient)
            return
        }
        value.withUTF8 { bytes in
            _ = unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe sqlite3_bind_text(
                    statement.sqliteStatement,
                    column,
                    characters.baseAddress,
                    Int32(clamping: count),
                    Self.transient
                )
            }
        }
    }

    /// Inserts the bound row and starts over at the first column.
    mutating func insert() throws {
        column = 0
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
