internal import GRDB

/// One SQLite database in WAL mode: a connection that writes and checkpoints, and a few that read.
///
/// SQLite before 3.51.3 can corrupt a WAL file when one connection resets it while another writes
/// or checkpoints. That cannot happen here, because exactly one connection does either:
///
/// - GRDB's `DatabasePool` owns one serialized writer. SQLite checkpoints on commit, on the
///   connection that commits, so automatic checkpoints are the writer's too.
/// - Readers are opened with `SQLITE_OPEN_READONLY`. They never commit, so never checkpoint; at
///   close they could not lock the file for it, since their descriptor is read-only.
/// - Readers are closed before the writer, so the last checkpoint is the writer's.
/// - `DataFolder` keeps a second process out.
///
/// All calls block, and may come from any thread but those of Swift's concurrency pool.
package final class DatabaseFile: Sendable {
    /// What a commit guarantees.
    enum Durability: String {
        /// A commit is on disk.
        case full = "FULL"

        /// The last commits may be lost with the power, never the database's consistency.
        case normal = "NORMAL"
    }

    private let pool: DatabasePool

    /// Opens or makes the database and brings its schema up to date.
    ///
    /// `pagesMax` is SQLite's `max_page_count`: growing further fails with `SQLITE_FULL`. Throws `newerSchema` for a
    /// database that a later version of the program has changed.
    init(
        path: String,
        durability: Durability,
        pagesMax: Int? = nil,
        migrator: DatabaseMigrator
    ) throws(StoreError) {
        var configuration = Configuration()
        configuration.label = "roost"
        configuration.journalMode = .wal
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // Never mapped: an I/O error would arrive as a SIGBUS.
            try database.execute(sql: "PRAGMA mmap_size = 0")
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                // Set here, since the pool itself sets NORMAL when it turns to WAL.
                try database.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
                // Records are added at the edges of a few trees: kept in memory and copied to the
                // database less often, the same pages are read and written fewer times.
                try database.execute(sql: "PRAGMA cache_size = -16384")
                // A few megabytes at a time: the commit that copies them waits until they are on disk.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 1000")
                // A WAL that a large transaction grew shrinks again at the next checkpoint.
                try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
                if durability == .normal {
                    // What retention deletes is not written over again where that costs a page.
                    try database.execute(sql: "PRAGMA secure_delete = FAST")
                }
                if let pagesMax {
                    try database.execute(sql: "PRAGMA max_page_count = \(pagesMax)")
                }
            }
            guard try !pool.read(migrator.hasBeenSuperseded) else {
                throw StoreError.newerSchema(path: path)
            }
            try migrator.migrate(pool)
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs a read transaction on a connection that cannot write.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.read(body)
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs a write transaction; an error undoes it.
    ///
    /// Writers wait for one another.
    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.write(body)
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs a write transaction, and undoes it in any case when it is a trial.
    func write<Value>(
        isTrial: Bool,
        _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        do {
            return try pool.writeWithoutTransaction { database in
                var value: Value?
                try database.inTransaction(.immediate) {
                    value = try body(database)
                    return isTrial ? .rollback : .commit
                }
                guard let value else { throw StoreError.io("the transaction has no result") }
                return value
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Closes all connections, the writer last.
    ///
    /// Calls that come later throw.
    func close() {
        pool.releaseMemory()
        // Fails only while a statement is running, and then the file is left as after a crash.
        try? pool.close()
    }

    /// Runs SQL on a reading connection, to prove that it cannot write.
    package func executeOnReader(_ sql: String) throws(StoreError) {
        try read { try $0.execute(sql: sql) }
    }

    /// Keeps the writing connection for itself while `body` runs.
    package func whileWriting<Value>(_ body: () throws -> Value) throws -> Value {
        try pool.writeWithoutTransaction { _ in try body() }
    }

    /// Runs SQL on the writing connection and returns the first value as text.
    package func executeOnWriter(_ sql: String) throws(StoreError) -> String? {
        do {
            return try pool.writeWithoutTransaction { try String.fetchOne($0, sql: sql) }
        } catch {
            throw StoreError(error)
        }
    }
}
