internal import GRDB
internal import Linux

/// A search for records, from the newest downwards, within one read transaction.
struct RecordSearch {
    private(set) var records: [InvocationRecord] = []
    /// Where the next page begins, exclusive; nil after the last page.
    private(set) var nextUpper: Int64?
    /// Whether there was no time to look for as many records as were wanted.
    private(set) var isOutOfTime = false

    private let limit: Int
    private let text: TextMatches?
    private var scan: BlockScan
    private var kinds = StoredKinds()

    init(
        _ filter: InvocationStore.Filter,
        limit: Int,
        upper: Int64,
        in database: Database
    ) throws {
        self.limit = limit
        text = try filter.text.map { TextMatches(try TextSearch($0, in: database)) }
        scan = BlockScan(try BlockFilter(filter, in: database))
        scan.upper = upper
    }

    /// The lowest key that was looked for.
    var lower: Int64 { scan.lower }

    /// Looks at blocks until there is a page, nothing more, or no time left.
    mutating func run(in database: Database, until end: UInt64) throws {
        if var text { return try run(&text, in: database, until: end) }
        let wanted = scan
        try wanted.descend(in: database) { place in
            try add(RecordBlock(database, key: place.key), place, nil, in: database)
            guard nextUpper == nil else { return false }
            scan.upper = place.firstKey
            guard Monotonic.now() < end else {
                stop()
                return false
            }
            return true
        }
    }

    // Goes down by turns: to the next block that may hold a match by its summary, and to the next
    // record that holds the text.
    private mutating func run(
        _ text: inout TextMatches,
        in database: Database,
        until end: UInt64
    ) throws {
        while nextUpper == nil, let place = try scan.newest(in: database) {
            let top = min(place.key, scan.upper &- 1)
            guard scan.lower <= top,
                let key = try text.highestKey(in: scan.lower...top, database)
            else { return }
            if key >= place.firstKey {
                let keys = try text.keys(in: place.firstKey...top, database)
                try add(RecordBlock(database, key: place.key), place, keys, in: database)
                scan.upper = place.firstKey
            } else {
                scan.upper = key &+ 1
            }
            if nextUpper == nil, Monotonic.now() >= end { stop() }
        }
    }

    private mutating func stop() {
        nextUpper = scan.upper
        isOutOfTime = records.count < limit
    }

    /// Adds the records of a block that pass, the newest first.
    private mutating func add(
        _ block: RecordBlock,
        _ place: BlockPlace,
        _ keys: Set<Int64>?,
        in database: Database
    ) throws {
        var index = scan.upper > place.key ? block.count : block.firstIndex(atLeast: scan.upper)
        while index > 0 {
            index -= 1
            let key = block.columns[.key, index]
            guard key >= scan.lower else { return }
            guard scan.filter.passes(block, index), keys?.contains(key) ?? true else { continue }
            guard records.count < limit else {
                // There is a next page, and it begins with this record.
                nextUpper = key &+ 1
                return
            }
            let kind = try kinds.kind(block.columns[.kind, index], in: database)
            records.append(block.record(at: index, kind))
        }
    }
}

/// Kinds of records as they are needed.
struct StoredKinds {
    private var kinds: [Int64: RecordKind] = [:]

    mutating func kind(_ number: Int64, in database: Database) throws -> RecordKind {
        if let kind = kinds[number] { return kind }
        let row = try Row.fetchOne(
            database,
            sql: "SELECT * FROM record_kind WHERE number = ?",
            arguments: [number]
        )
        guard let row else { throw StoreError.damagedBlock }
        let kind = try RecordKind(row: row)
        kinds[number] = kind
        return kind
    }
}

extension BlockFilter {
    /// What a caller's filter asks of blocks; its text apart.
    init(_ filter: InvocationStore.Filter, in database: Database) throws {
        minimumMicroseconds = filter.minimumMicroseconds
        since = filter.since?.microseconds
        until = filter.until?.microseconds
        var terms: [String] = []
        var values: [(any DatabaseValueConvertible)?] = []
        func require(_ column: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            terms.append("\(column) = ?")
            values.append(value)
        }
        require("function", filter.function)
        require("version", filter.version)
        require("outcome", filter.outcome?.rawValue)
        require("status", filter.status)
        require("start", filter.start?.rawValue)
        if let patterns = filter.functionPatterns {
            let places = patterns.map { _ in "function GLOB ?" }.joined(separator: " OR ")
            terms.append(patterns.isEmpty ? "FALSE" : "(\(places))")
            values += patterns
        }
        guard !terms.isEmpty else { return }
        kinds = KindSet(
            try Int64.fetchAll(
                database,
                sql: "SELECT number FROM record_kind WHERE \(terms.joined(separator: " AND "))",
                arguments: StatementArguments(values)
            )
        )
    }
}
