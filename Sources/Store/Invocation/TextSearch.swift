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

    /// The keys within a range whose records match, the highest first, and so many at most.
    func keys(
        in range: ClosedRange<Int64>,
        limit: Int,
        _ database: Database
    ) throws -> [Int64] {
        var found: [Int64] = []
        for table in tables where table.firstKey <= range.upperBound {
            let bounds = max(range.lowerBound, table.firstKey)...range.upperBound
            found += try keys(table, bounds, limit: limit - found.count, database)
            if found.count == limit || table.firstKey <= range.lowerBound { break }
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

/// The keys of the records that match a text, for a search that goes down: they are read many at a time.
///
/// Each question to the index begins anew at the text's first record, and takes half a millisecond when these are many.
struct TextMatches {
    private let search: TextSearch
    // What is known: the keys from `low` to `high`, the highest first.
    private var keys: [Int64] = []
    private var low = Int64.max
    private var high = Int64.min
    private var chunk = 64

    private static let chunkMax = 32_768

    init(_ search: TextSearch) { self.search = search }

    /// The highest key within a range whose record matches.
    mutating func highestKey(
        in range: ClosedRange<Int64>,
        _ database: Database
    ) throws -> Int64? {
        var upper = range.upperBound
        while true {
            try know(upper, downTo: range.lowerBound, database)
            let index = firstIndex(atMost: upper)
            if index < keys.count {
                return keys[index] >= range.lowerBound ? keys[index] : nil
            }
            guard low > range.lowerBound else { return nil }
            upper = low - 1
        }
    }

    /// The keys within a range whose records match.
    mutating func keys(in range: ClosedRange<Int64>, _ database: Database) throws -> Set<Int64> {
        var found: Set<Int64> = []
        var upper = range.upperBound
        while true {
            try know(upper, downTo: Int64.min, database)
            let known = keys[firstIndex(atMost: upper)...]
            found.formUnion(known.prefix { $0 >= range.lowerBound })
            guard low > range.lowerBound else { return found }
            upper = low - 1
        }
    }

    /// Has it known whether the record of a key matches, and as many below as it takes at once.
    private mutating func know(
        _ key: Int64,
        downTo lower: Int64,
        _ database: Database
    ) throws {
        guard key < low || key > high else { return }
        keys = try search.keys(in: min(lower, key)...key, limit: chunk, database)
        high = key
        low = keys.count < chunk ? min(lower, key) : keys[chunk - 1]
        chunk = min(chunk * 2, Self.chunkMax)
    }

    private func firstIndex(atMost key: Int64) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] > key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
