internal import GRDB

/// A full-text search over log lines and errors, in FTS5's syntax.
struct TextSearch {
    private struct Table {
        let name: String
        let firstKey: Int64
    }

    private let query: String
    // The newest first; each ends where the one before begins.
    private let tables: [Table]

    /// Throws `invalidSearch` when the query is not in FTS5's syntax.
    init(_ query: String, in database: Database) throws {
        self.query = query
        tables = try Row.fetchAll(
            database,
            sql: """
                SELECT number, firstKey FROM text_index WHERE NOT isDropped ORDER BY number DESC
                """
        ).map { Table(name: TextIndex.table($0["number"]), firstKey: $0["firstKey"]) }
        if let table = tables.first { _ = try keys(table, 0...0, limit: 1, database) }
    }

    /// The highest key within a range whose record matches.
    func highestKey(in range: ClosedRange<Int64>, _ database: Database) throws -> Int64? {
        for table in tables where table.firstKey <= range.upperBound {
            let bounds = max(range.lowerBound, table.firstKey)...range.upperBound
            if let key = try keys(table, bounds, limit: 1, database).first { return key }
            if table.firstKey <= range.lowerBound { return nil }
        }
        return nil
    }

    /// The keys within a range whose records match.
    func keys(in range: ClosedRange<Int64>, _ database: Database) throws -> Set<Int64> {
        var found: Set<Int64> = []
        for table in tables where table.firstKey <= range.upperBound {
            found.formUnion(try keys(table, range, limit: .max, database))
            if table.firstKey <= range.lowerBound { break }
        }
        return found
    }

    private func keys(
        _ table: Table,
        _ range: ClosedRange<Int64>,
        limit: Int,
        _ database: Database
    ) throws -> [Int64] {
        do {
            return try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT rowid FROM \(table.name) WHERE \(table.name) MATCH ?
                            AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?
                        """
                ),
                arguments: [query, range.lowerBound, range.upperBound, limit]
            )
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw StoreError.invalidSearch(reason: error.message ?? "it is malformed")
        }
    }
}
