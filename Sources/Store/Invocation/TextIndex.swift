internal import GRDB

/// The full-text index over log lines and errors, as the writer fills it: FTS5 tables, each for a range of keys.
///
/// A document is a record's error and lines; its rowid is the record's key. The tables hold no
/// text, which is in the blocks. What is too old goes a table at a time: taking documents out of
/// an FTS5 table costs as much as putting them in.
struct TextIndex {
    private var number: Int64
    private var byteCount: Int
    private let bytesMax: Int

    /// The table of records that were not stored in blocks at first; it comes before all others.
    private static let legacyNumber: Int64 = 0
    private static let firstNumber: Int64 = 1

    /// Reads where to go on; a table is closed at so many bytes of text.
    init(_ database: Database, bytesMax: Int) throws {
        self.bytesMax = bytesMax
        let row = try Row.fetchOne(
            database,
            sql: "SELECT number, bytes FROM text_index ORDER BY number DESC LIMIT 1"
        )
        number = row?["number"] ?? Self.firstNumber
        byteCount = row?["bytes"] ?? 0
    }

    /// Makes the first table, for the records from now on; from there on there is always one.
    static func makeFirstTable(in database: Database) throws {
        let highest = try Int64.fetchOne(database, sql: "SELECT max(key) FROM invocation")
        try makeTable(firstNumber, firstKey: (highest ?? 0) + 1, in: database)
    }

    static func table(_ number: Int64) -> String { "text_\(number)" }

    /// What is indexed of a record; nil when that is nothing.
    ///
    /// Calls that were refused or given up come in masses, and all their errors say the same.
    static func document(of record: borrowing InvocationRecord) -> String? {
        let error =
            record.outcome == .overloaded || record.outcome == .canceled ? nil : record.error
        guard error != nil || !record.lines.isEmpty else { return nil }
        return ([error].compactMap(\.self) + record.lines.map(\.text)).joined(separator: "\n")
    }

    /// Adds documents whose keys are higher than all before.
    mutating func insert(
        _ documents: [(key: Int64, text: String)],
        into database: Database
    ) throws {
        guard let first = documents.first else { return }
        if byteCount >= bytesMax {
            number += 1
            byteCount = 0
            try Self.makeTable(number, firstKey: first.key, in: database)
        }
        byteCount += try Self.insert(documents, number, into: database)
    }

    /// Adds documents of records from before the first table.
    static func insertLegacy(
        _ documents: [(key: Int64, text: String)],
        into database: Database
    ) throws {
        guard !documents.isEmpty else { return }
        let exists = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM text_index WHERE number = ?)",
            arguments: [legacyNumber]
        )
        if exists != true { try makeTable(legacyNumber, firstKey: .min, in: database) }
        _ = try insert(documents, legacyNumber, into: database)
    }

    private static func makeTable(
        _ number: Int64,
        firstKey: Int64,
        in database: Database
    ) throws {
        try database.execute(
            sql: """
                CREATE VIRTUAL TABLE \(table(number)) USING fts5(
                    text, content = '', columnsize = 0, tokenize = 'unicode61')
                """
        )
        try database.execute(
            sql: "INSERT INTO text_index (number, firstKey, bytes) VALUES (?, ?, 0)",
            arguments: [number, firstKey]
        )
    }

    /// Returns the number of bytes.
    private static func insert(
        _ documents: [(key: Int64, text: String)],
        _ number: Int64,
        into database: Database
    ) throws -> Int {
        var rows = try RowInserter(
            database,
            sql: "INSERT INTO \(table(number)) (rowid, text) VALUES (?, ?)"
        )
        var byteCount = 0
        for (key, text) in documents {
            byteCount += text.utf8.count
            rows.bind(key)
            rows.bind(text)
            try rows.insert()
        }
        try database.execute(
            sql: "UPDATE text_index SET bytes = bytes + ? WHERE number = ?",
            arguments: [byteCount, number]
        )
        return byteCount
    }

    /// Makes a little progress in dropping the tables of which all records are older than `oldest`.
    ///
    /// One call in one transaction.
    static func deleteSlice(below oldest: Int64, from database: Database) throws {
        // No query uses it from here on, though it goes in many steps: a table is dropped in one transaction, and
        // would hold up the writer.
        try database.execute(
            sql: """
                UPDATE text_index SET isDropped = 1 WHERE NOT isDropped AND EXISTS (
                    SELECT 1 FROM text_index AS later
                    WHERE later.number > text_index.number AND later.firstKey <= ?)
                """,
            arguments: [oldest]
        )
        let dropped = try Int64.fetchOne(
            database,
            sql: "SELECT number FROM text_index WHERE isDropped LIMIT 1"
        )
        guard let dropped else { return }
        let table = table(dropped)
        // The first ten rows are what FTS5 needs to open the table.
        try database.execute(
            sql: """
                DELETE FROM \(table)_data WHERE id IN (
                    SELECT id FROM \(table)_data WHERE id > 10 LIMIT \(rowsPerSlice))
                """
        )
        if database.changesCount == 0 {
            try database.execute(sql: "DROP TABLE \(table)")
            try database.execute(
                sql: "DELETE FROM text_index WHERE number = ?",
                arguments: [dropped]
            )
        }
    }

    /// About 2 MB.
    private static let rowsPerSlice = 512
}
