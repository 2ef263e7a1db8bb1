internal import GRDB
internal import Glibc
internal import Linux

/// Makes a sound `control.db` of the rows of a damaged one that can still be read.
enum DatabaseSalvage {
    /// What was found.
    struct Report: CustomStringConvertible {
        /// How many rows could be read, by table.
        var rows: [(table: String, count: Int)] = []
        /// What had to be added for the rows to agree.
        var repairs: [String] = []

        var description: String {
            let found = rows.filter { $0.count > 0 }.map { "\($0.count) rows of \($0.table)" }
            return found.isEmpty ? "nothing: no row could be read" : found.joined(separator: ", ")
        }
    }

    /// Reads what is at `path`, and makes a database in a new file.
    ///
    /// A file that is no database at all gives an empty one.
    static func run(from path: String, to newPath: String) throws -> Report {
        // Nothing is read of a file that is shorter than its header says; of one with zeros in place of what is lost,
        // all else.
        guard let file = try? FileDescriptor(opening: path, flags: O_RDWR),
            let size = try? file.status().size, let whole = try? wholeSize(file), whole > size,
            ftruncate(file.rawValue, off_t(clamping: whole)) == 0
        else { return try copyRows(from: path, to: newPath) }
        defer { _ = ftruncate(file.rawValue, off_t(clamping: size)) }
        return try copyRows(from: path, to: newPath)
    }

    private static func copyRows(from path: String, to newPath: String) throws -> Report {
        var report = Report()
        let source = try? open(path)
        let applied = (try? source?.read { try appliedMigrations($0) }) ?? []
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let target = try DatabaseQueue(path: newPath, configuration: configuration)
        let migrator = DeploymentSchema.migrator
        // Rows are of the schema that they were stored in; later migrations change them as they do sound ones.
        let schema = migrator.migrations.last(where: applied.contains) ?? migrator.migrations.last
        if let schema { try migrator.migrate(target, upTo: schema) }
        if let source {
            try target.write { target in
                for transfer in TableTransfer.all where transfer.table != "grdb_migrations" {
                    guard try target.tableExists(transfer.table) else { continue }
                    let count =
                        (try? source.read { source in
                            copy(transfer.table, from: source, into: target)
                        }) ?? 0
                    report.rows.append((transfer.table, count))
                }
                report.repairs = try ReferenceRepair.run(target)
            }
        }
        try migrator.migrate(target)
        try target.close()
        try? source?.close()
        return report
    }

    /// How long a file should be, as its header has it; nil when that is not to be trusted.
    ///
    /// <https://www.sqlite.org/fileformat2.html#in_header_database_size>
    private static func wholeSize(_ file: borrowing FileDescriptor) throws -> UInt64? {
        let header = try file.read(upTo: 100)
        guard header.count == 100 else { return nil }
        func number(_ offset: Int) -> UInt64 {
            header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let stored = number(16) >> 16
        guard number(24) == number(92), stored == 1 || stored >= 512 else { return nil }
        return (stored == 1 ? 65_536 : stored) * number(28)
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA mmap_size = 0")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func appliedMigrations(_ source: Database) throws -> Set<String> {
        try DeploymentSchema.migrator.appliedIdentifiers(source)
    }

    /// Copies the rows that can be read; returns how many.
    ///
    /// What does not fit the table's types any more is left out by STRICT.
    private static func copy(_ table: String, from source: Database, into target: Database) -> Int {
        guard let present = try? source.columns(in: table).map(\.name),
            let wanted = try? target.columns(in: table).map(\.name)
        else { return 0 }
        let columns = wanted.filter(present.contains)
        guard !columns.isEmpty else { return 0 }
        let names = columns.map(\.quoted).joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        guard
            let insertion = try? target.makeStatement(
                sql: "INSERT OR IGNORE INTO \(table.quoted) (\(names)) VALUES (\(places))"
            ),
            let key = try? keyColumns(of: table, in: source)
        else { return 0 }
        let condition = key.map { "\($0) = ?" }.joined(separator: " AND ")
        let sql = "SELECT \(names) FROM \(table.quoted) WHERE \(condition)"
        var count = 0
        for values in keys(of: table, key, in: source) {
            guard
                let row = try? Row.fetchOne(
                    source,
                    sql: sql,
                    arguments: StatementArguments(values)
                ),
                (try? insertion.execute(
                    arguments: StatementArguments(columns.map { row[$0] as DatabaseValue })
                )) != nil
            else { continue }
            count += 1
        }
        return count
    }

    /// The columns that a row is found by, the fastest way.
    private static func keyColumns(of table: String, in source: Database) throws -> [String] {
        let isWithoutRowid =
            (try? Row.fetchOne(source, sql: "SELECT rowid FROM \(table.quoted) LIMIT 0")) == nil
            && (try? source.makeStatement(sql: "SELECT rowid FROM \(table.quoted)")) == nil
        return isWithoutRowid
            ? try source.primaryKey(table).columns.map(\.quoted) : ["rowid"]
    }

    /// The keys that can be read: from the front until a page is damaged, then from the back.
    private static func keys(
        of table: String,
        _ key: [String],
        in source: Database
    ) -> [[DatabaseValue]] {
        var found: [[DatabaseValue]] = []
        var seen: Set<[DatabaseValue]> = []
        for direction in ["ASC", "DESC"] {
            let order = key.map { "\($0) \(direction)" }.joined(separator: ", ")
            let sql = """
                SELECT \(key.joined(separator: ", ")) FROM \(table.quoted) NOT INDEXED
                ORDER BY \(order)
                """
            guard let rows = try? Row.fetchCursor(source, sql: sql) else { continue }
            while true {
                let row: Row?
                do { row = try rows.next() } catch { break }
                // The end, or what the other direction has reached: nothing is missing.
                guard let row else { return found }
                let values = Array(row.databaseValues)
                guard seen.insert(values).inserted else { break }
                found.append(values)
            }
        }
        return found
    }
}
