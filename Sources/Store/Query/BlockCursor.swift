internal import FoundationEssentials
internal import GRDB

/// What a query asks of one of the tables, as far as it can be used to leave blocks out.
struct BlockCondition {
    enum Comparison: Int32 {
        // The numbers are SQLite's SQLITE_INDEX_CONSTRAINT_….
        case equal = 2
        case greater = 4
        case lessOrEqual = 8
        case less = 16
        case greaterOrEqual = 32
    }

    let column: QueryColumn
    let comparison: Comparison
    let value: InvocationQuery.Value

    /// Whether conditions of this form are any use.
    static func isUsable(_ column: QueryColumn, _ comparison: Comparison) -> Bool {
        switch column {
        case .id, .invocation: comparison == .equal
        case .startedUs, .key: true
        case .startedAt: comparison != .equal
        case .totalUs: comparison == .greater || comparison == .greaterOrEqual
        default: column.isOfKind && comparison == .equal
        }
    }
}

/// Goes through the rows of a table: the records of blocks, or their lines.
final class BlockCursor {
    /// In which order rows come.
    enum Order {
        case newestFirst
        case oldestFirst
        /// By columns of their kinds; only the columns that are kept have values then, beside those of kinds.
        case grouped([GroupedRows.Term], keeping: [QueryColumn])
    }

    private let table: QueryTable
    private let database: Database
    private let guardian: QueryGuardian
    private let kinds: [Int64: RecordKind]
    private var filter = BlockFilter()
    private var identifier: RecordIdentifier?
    private var isDescending = true
    // The keys that are wanted, and the highest or lowest block that was not looked at.
    private var lower = Int64.min
    private var upper = Int64.max
    private var nextBlock = Int64.max

    private(set) var isAtEnd = true
    private var block: RecordBlock?
    private var lines: LineBlock?
    private var rowCount = 0
    private var row = 0
    private var kind: (number: Int64, kind: RecordKind)?
    private var groups: GroupedRows?

    init(
        _ table: QueryTable,
        _ database: Database,
        _ guardian: QueryGuardian,
        kinds: [Int64: RecordKind]
    ) {
        self.table = table
        self.database = database
        self.guardian = guardian
        self.kinds = kinds
    }

    deinit { forgetGroups() }

    // MARK: - Conditions

    /// Goes to the first row that may fulfil the conditions.
    func begin(_ conditions: [BlockCondition], _ order: Order) throws {
        forgetGroups()
        filter = BlockFilter()
        filter.needsLines = table == .logLines
        identifier = nil
        lower = .min
        upper = .max
        isDescending = if case .oldestFirst = order { false } else { true }
        for condition in conditions { apply(condition) }
        let ofKinds = conditions.filter(\.column.isOfKind)
        if !ofKinds.isEmpty {
            filter.kinds = KindSet(
                kinds.filter { _, kind in ofKinds.allSatisfy { $0.mayHold(for: kind) } }.keys
            )
        }
        if let since = filter.since {
            lower = max(lower, RecordKey(firstAt: Timestamp(microseconds: since)).rawValue)
        }
        nextBlock = isDescending ? try startOfDescent() : lower
        isAtEnd = false
        block = nil
        try advance()
        if case .grouped(let terms, let columns) = order { try group(by: terms, keeping: columns) }
    }

    /// Reads all rows, and begins again with the first of the first group.
    private func group(by terms: [GroupedRows.Term], keeping columns: [QueryColumn]) throws {
        let rows = GroupedRows(keeping: columns)
        var present = block?.columns[.key, 0]
        while !isAtEnd, let block {
            let number = block.columns[.kind, record]
            try rows.append(number, try recordKind(number)) { integer($0, block) }
            if block.columns[.key, 0] != present {
                present = block.columns[.key, 0]
                guardian.groupedBytes = max(guardian.groupedBytes, rows.byteCount)
            }
            try advance()
        }
        rows.sort(by: terms)
        isAtEnd = try !rows.advance()
        block = nil
        groups = rows
    }

    private func forgetGroups() {
        guard groups != nil else { return }
        groups = nil
        guardian.groupedBytes = 0
    }

    private func apply(_ condition: BlockCondition) {
        switch (condition.column, condition.value) {
        case (.id, .text(let text)), (.invocation, .text(let text)):
            identifier = RecordIdentifier(text)
        case (.startedUs, .integer(let value)):
            var bounds = (low: filter.since, high: filter.until)
            narrow(&bounds.low, &bounds.high, condition.comparison, value)
            (filter.since, filter.until) = bounds
        case (.startedAt, .text(let text)):
            // Texts are compared, not times: digits that one of them lacks make up to a second.
            guard text.hasSuffix("Z"), let time = Timestamp(rfc3339: text) else { return }
            switch condition.comparison {
            case .greater, .greaterOrEqual:
                filter.since = max(filter.since ?? .min, time.microseconds &- 1_000_000)
            default:
                filter.until = min(filter.until ?? .max, time.microseconds &+ 1_000_001)
            }
        case (.key, .integer(let value)):
            var bounds: (low: Int64?, high: Int64?) = (lower, upper)
            narrow(&bounds.low, &bounds.high, condition.comparison, value)
            lower = bounds.low ?? .min
            upper = bounds.high ?? .max
        case (.totalUs, .integer(let value)):
            filter.minimumMicroseconds = max(filter.minimumMicroseconds ?? .min, value)
        default:
            break
        }
    }

    private func narrow(
        _ low: inout Int64?,
        _ high: inout Int64?,
        _ comparison: BlockCondition.Comparison,
        _ value: Int64
    ) {
        let next = value == .max ? value : value + 1
        switch comparison {
        case .greater, .greaterOrEqual: low = max(low ?? .min, value)
        case .less: high = min(high ?? .max, value)
        case .lessOrEqual: high = min(high ?? .max, next)
        case .equal:
            low = max(low ?? .min, value)
            high = min(high ?? .max, next)
        }
    }

    // MARK: - Going on

    /// Goes to the next row that may fulfil the conditions, or to the end.
    func advance() throws {
        if let groups {
            isAtEnd = try !groups.advance()
            return
        }
        while !isAtEnd {
            while stepWithinBlock() {
                if isWanted { return }
            }
            try loadBlock()
        }
    }

    private func stepWithinBlock() -> Bool {
        guard block != nil else { return false }
        row += isDescending ? -1 : 1
        return row >= 0 && row < rowCount
    }

    private var isWanted: Bool {
        guard let block else { return false }
        let record = record
        guard record >= 0, record < block.count, filter.passes(block, record) else { return false }
        let key = block.columns[.key, record]
        guard key >= lower, key < upper else { return false }
        return identifier.map { block.hasIdentifier($0, at: record) } ?? true
    }

    /// The place of the row's record in its block.
    private var record: Int { lines?.record(of: row) ?? row }

    private func loadBlock() throws {
        block = nil
        let order = isDescending ? "key <= ? ORDER BY key DESC" : "key >= ? ORDER BY key"
        while let header = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT key, firstKey, firstStart, lastStart, summary,
                        \(identifier == nil ? "NULL" : "ids") AS ids
                    FROM main.record_block WHERE \(order) LIMIT 1
                    """
            ),
            arguments: [nextBlock]
        ) {
            // SQLite asks only between rows, and these can be far apart.
            guard guardian.mayGoOn else { throw DatabaseError(resultCode: .SQLITE_INTERRUPT) }
            let key: Int64 = header["key"]
            guard isDescending ? key >= lower : header["firstKey"] < upper else { break }
            nextBlock = isDescending ? key - 1 : key + 1
            guard try filter.mayPass(header), mayHoldIdentifier(header) else { continue }
            let block = try RecordBlock(database, key: key)
            lines = table == .logLines ? try LineBlock(database, key: key) : nil
            rowCount = lines?.count ?? block.count
            row = isDescending ? rowCount : -1
            self.block = block
            return
        }
        isAtEnd = true
    }

    private func mayHoldIdentifier(_ header: Row) -> Bool {
        guard let identifier else { return true }
        return IdentifierFilter([UInt8](header["ids"] as Data)).mayContain(identifier)
    }

    private func startOfDescent() throws -> Int64 {
        guard upper < .max else { return .max }
        let block = try Int64.fetchOne(
            database,
            sql: "SELECT key FROM main.record_block WHERE key >= ? ORDER BY key LIMIT 1",
            arguments: [upper]
        )
        return block ?? .max
    }

    // MARK: - Values

    /// A value of the present row.
    func value(_ column: QueryColumn) throws -> InvocationQuery.Value {
        if let groups {
            return groups.value(column).map(InvocationQuery.Value.integer)
                ?? groups.kind.value(column)
        }
        guard let block else { return .null }
        if column.isInteger { return .integer(integer(column, block)) }
        let record = record
        switch column {
        case .id, .invocation: return .text(block.identifier(at: record).description)
        case .path: return .text(block.path(at: record))
        case .startedAt:
            let time = Timestamp(microseconds: block.columns[.startedAt, record])
            return .text(time.description)
        case .traceId: return .init(block.trace(at: record)?.description)
        case .error: return .init(block.error(at: record))
        case .trap: return try trapReport(block, record)
        case .at, .stream, .text: return lineValue(column, block, record)
        default: return try recordKind(block.columns[.kind, record]).value(column)
        }
    }

    /// A value of the present row, of a column of integers.
    private func integer(_ column: QueryColumn, _ block: RecordBlock) -> Int64 {
        let record = record
        switch column {
        case .key: return block.columns[.key, record]
        case .startedUs: return block.columns[.startedAt, record]
        case .queueUs: return block.columns[.queueMicroseconds, record]
        case .startUs: return block.columns[.startMicroseconds, record]
        case .guestUs: return block.columns[.guestMicroseconds, record]
        case .totalUs: return block.columns[.totalMicroseconds, record]
        case .fuel: return block.columns[.fuel, record]
        case .memoryPeakBytes: return block.columns[.memoryPeakBytes, record]
        case .bytesIn: return block.columns[.bytesIn, record]
        case .bytesOut: return block.columns[.bytesOut, record]
        case .lineCount: return block.columns[.lineCount, record]
        case .linesTruncated: return block.areLinesTruncated(at: record) ? 1 : 0
        case .seq: return lines?.columns[.sequence, row] ?? 0
        case .atUs: return lines?.columns[.atMicroseconds, row] ?? 0
        default: preconditionFailure("\(column) is no column of integers")
        }
    }

    private func lineValue(
        _ column: QueryColumn,
        _ block: RecordBlock,
        _ record: Int
    ) -> InvocationQuery.Value {
        guard let lines else { return .null }
        switch column {
        case .stream: return .text(lines.stream(at: row).rawValue)
        case .at:
            let at = block.columns[.startedAt, record] &+ lines.columns[.atMicroseconds, row]
            return .text(Timestamp(microseconds: at).description)
        default: return .text(lines.text(at: row))
        }
    }

    private func recordKind(_ number: Int64) throws -> RecordKind {
        if let kind, kind.number == number { return kind.kind }
        guard let found = kinds[number] else { throw StoreError.damagedBlock }
        kind = (number, found)
        return found
    }

    private func trapReport(_ block: RecordBlock, _ record: Int) throws -> InvocationQuery.Value {
        guard block.hasTrapReport(at: record) else { return .null }
        return .init(
            try String.fetchOne(
                database.cachedStatement(sql: "SELECT report FROM main.trap_report WHERE key = ?"),
                arguments: [block.columns[.key, record]]
            )
        )
    }
}

extension BlockCondition {
    /// Whether an equality may hold; a value of another type is left to SQLite.
    fileprivate func mayHold(for kind: RecordKind) -> Bool {
        switch (kind.value(column), value) {
        case (.text(let left), .text(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.null, .text), (.null, .integer): false
        default: true
        }
    }
}

extension RecordKind {
    func value(_ column: QueryColumn) -> InvocationQuery.Value {
        switch column {
        case .function: .text(function)
        case .version: .integer(Int64(version))
        case .alias: .init(alias)
        case .trigger: .text(trigger.rawValue)
        case .method: .text(method)
        case .status: .integer(Int64(status))
        case .outcome: .text(outcome.rawValue)
        case .start: .init(start?.rawValue)
        default: .null
        }
    }
}

extension InvocationQuery.Value {
    fileprivate init(_ text: String?) { self = text.map(Self.text) ?? .null }
}
