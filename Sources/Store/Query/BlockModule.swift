internal import GRDB
internal import GRDBSQLite

/// Shows SQLite the tables that are made of blocks, as virtual tables (https://sqlite.org/vtab.html).
@safe
final class BlockModule {
    fileprivate let table: QueryTable
    fileprivate let columns: [QueryColumn]
    fileprivate let database: Database
    fileprivate let guardian: QueryGuardian
    // SAFETY: allocated in `init` and freed in `deinit`, which SQLite brings about when it has no more use for it.
    private let methods: UnsafeMutablePointer<sqlite3_module>
    fileprivate let kinds: [Int64: RecordKind]

    /// Adds the tables to a connection, which keeps them until it is closed.
    static func register(on database: Database, _ guardian: QueryGuardian) throws {
        let kinds = try Dictionary(
            uniqueKeysWithValues: Row.fetchAll(database, sql: "SELECT * FROM record_kind").map {
                ($0["number"] as Int64, try RecordKind(row: $0))
            }
        )
        for table in QueryTable.allCases {
            let module = BlockModule(table, database, guardian, kinds)
            let code = unsafe sqlite3_create_module_v2(
                database.sqliteConnection,
                table.rawValue,
                module.methods,
                Unmanaged.passRetained(module).toOpaque(),
                releaseModule
            )
            guard code == SQLITE_OK else {
                throw DatabaseError(resultCode: ResultCode(rawValue: code))
            }
        }
    }

    private init(
        _ table: QueryTable,
        _ database: Database,
        _ guardian: QueryGuardian,
        _ kinds: [Int64: RecordKind]
    ) {
        self.table = table
        columns = table.columns
        self.database = database
        self.guardian = guardian
        self.kinds = kinds
        unsafe methods = .allocate(capacity: 1)
        var module = sqlite3_module()
        // Without `xCreate` the table is there without being created, and cannot be.
        module.iVersion = 1
        unsafe module.xConnect = connectTable
        unsafe module.xBestIndex = planScan
        unsafe module.xDisconnect = disconnectTable
        unsafe module.xOpen = openCursor
        unsafe module.xClose = closeCursor
        unsafe module.xFilter = beginScan
        unsafe module.xNext = advanceCursor
        unsafe module.xEof = isCursorAtEnd
        unsafe module.xColumn = columnOfCursor
        unsafe module.xRowid = rowOfCursor
        unsafe methods.initialize(to: module)
    }

    deinit { unsafe methods.deallocate() }
}

// What SQLite keeps of a table and of a cursor: its own part comes first, as it demands.

@safe
private struct TableMemory {
    var base = unsafe sqlite3_vtab()
    let module: BlockModule
}

@safe
private struct CursorMemory {
    var base = unsafe sqlite3_vtab_cursor()
    let module: BlockModule
    let cursor: BlockCursor
    var rowCount: Int64 = 0
}

// SAFETY of all functions below: SQLite hands back what `connectTable` and `openCursor` gave it, until it calls the
// function that ends it, and on the one thread that uses the connection.

private func tableMemory(_ table: UnsafeMutablePointer<sqlite3_vtab>)
    -> UnsafeMutablePointer<TableMemory>
{
    unsafe UnsafeMutableRawPointer(table).assumingMemoryBound(to: TableMemory.self)
}

private func cursorMemory(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>)
    -> UnsafeMutablePointer<CursorMemory>
{
    unsafe UnsafeMutableRawPointer(cursor).assumingMemoryBound(to: CursorMemory.self)
}

private func connectTable(
    _ connection: OpaquePointer?,
    _ context: UnsafeMutableRawPointer?,
    _ argumentCount: Int32,
    _ arguments: UnsafePointer<UnsafePointer<CChar>?>?,
    _ table: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?,
    _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    guard let context = unsafe context, let table = unsafe table else { return SQLITE_MISUSE }
    let module = unsafe Unmanaged<BlockModule>.fromOpaque(context).takeUnretainedValue()
    // SQLite asks the authorizer about its own way of taking the declaration.
    let code = module.guardian.trusting {
        unsafe sqlite3_declare_vtab(connection, module.table.declaration)
    }
    guard code == SQLITE_OK else { return code }
    let memory = UnsafeMutablePointer<TableMemory>.allocate(capacity: 1)
    unsafe memory.initialize(to: TableMemory(module: module))
    unsafe table.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(
        to: sqlite3_vtab.self
    )
    return SQLITE_OK
}

private func disconnectTable(_ table: UnsafeMutablePointer<sqlite3_vtab>?) -> Int32 {
    guard let table = unsafe table else { return SQLITE_MISUSE }
    let memory = unsafe tableMemory(table)
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
    return SQLITE_OK
}

private func releaseModule(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<BlockModule>.fromOpaque(context).release()
}

private func openCursor(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?,
    _ cursor: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
) -> Int32 {
    guard let table = unsafe table, let cursor = unsafe cursor else { return SQLITE_MISUSE }
    let module = unsafe tableMemory(table).pointee.module
    let memory = UnsafeMutablePointer<CursorMemory>.allocate(capacity: 1)
    unsafe memory.initialize(
        to: CursorMemory(
            module: module,
            cursor: BlockCursor(
                module.table,
                module.database,
                module.guardian,
                kinds: module.kinds
            )
        )
    )
    unsafe cursor.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(
        to: sqlite3_vtab_cursor.self
    )
    return SQLITE_OK
}

private func closeCursor(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
    guard let cursor = unsafe cursor else { return SQLITE_MISUSE }
    let memory = unsafe cursorMemory(cursor)
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
    return SQLITE_OK
}

// MARK: - Planning

/// How rows are ordered, as `idxNum` tells `xFilter`.
private enum ScanOrder: Int32 {
    case newestFirst
    case oldestFirst
    /// As the plan says after its conditions: how many columns rows are ordered by, each with 1, or 2 when it descends,
    /// and the columns of integers that are asked for.
    case grouped
}

private func planScan(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?,
    _ info: UnsafeMutablePointer<sqlite3_index_info>?
) -> Int32 {
    guard let table = unsafe table, let info = unsafe info else { return SQLITE_MISUSE }
    let columns = unsafe tableMemory(table).pointee.module.columns
    var plan: [UInt8] = []
    var cost = 1_000_000.0
    for index in 0..<Int(unsafe info.pointee.nConstraint) {
        let constraint = unsafe info.pointee.aConstraint[index]
        guard constraint.usable != 0, constraint.iColumn >= 0,
            let comparison = BlockCondition.Comparison(rawValue: Int32(constraint.op)),
            BlockCondition.isUsable(columns[Int(constraint.iColumn)], comparison),
            unsafe isBinary(sqlite3_vtab_collation(info, Int32(index)))
        else { continue }
        // SQLite checks each condition again.
        unsafe info.pointee.aConstraintUsage[index].argvIndex = Int32(plan.count / 2 + 1)
        plan += [UInt8(1 + constraint.iColumn), UInt8(comparison.rawValue)]
        cost /= comparison == .equal ? 10 : 4
    }
    plan += unsafe planOrder(info, columns)
    unsafe info.pointee.estimatedCost = cost
    unsafe info.pointee.estimatedRows = Int64(cost)
    // A NUL ends the text, so that no byte of the plan is zero.
    guard let text = unsafe sqlite3_malloc(Int32(plan.count + 1)) else { return SQLITE_NOMEM }
    let bytes = unsafe text.assumingMemoryBound(to: CChar.self)
    for (index, byte) in plan.enumerated() { unsafe bytes[index] = CChar(bitPattern: byte) }
    unsafe bytes[plan.count] = 0
    unsafe info.pointee.idxStr = unsafe bytes
    unsafe info.pointee.needToFreeIdxStr = 1
    return SQLITE_OK
}

private func isBinary(_ collation: UnsafePointer<CChar>?) -> Bool {
    unsafe collation.map { unsafe String(cString: $0) } == "BINARY"
}

/// Rows come in the order of storing, the newest first unless the oldest are wanted; or by columns of their kinds, which
/// are few, so that SQLite needs to sort nothing.
///
/// Returns what the plan says of it.
private func planOrder(
    _ info: UnsafeMutablePointer<sqlite3_index_info>,
    _ columns: [QueryColumn]
) -> [UInt8] {
    let terms = (0..<Int(unsafe info.pointee.nOrderBy)).map { index in
        let term = unsafe info.pointee.aOrderBy[index]
        return (place: Int(term.iColumn), isDescending: term.desc != 0)
    }
    guard let first = terms.first, terms.allSatisfy({ $0.place >= 0 }) else { return [] }
    let wanted = terms.map { columns[$0.place] }
    if wanted == [.key]
        || wanted == [.key, .seq] && terms[1].isDescending == first.isDescending
    {
        unsafe info.pointee.orderByConsumed = 1
        let order = first.isDescending ? ScanOrder.newestFirst : .oldestFirst
        unsafe info.pointee.idxNum = order.rawValue
        return []
    }
    let used = unsafe info.pointee.colUsed
    let kept = columns.indices.filter { used & 1 << UInt64($0) != 0 && !columns[$0].isOfKind }
    guard wanted.allSatisfy(\.isOfKind), kept.allSatisfy({ columns[$0].isInteger }) else {
        return []
    }
    unsafe info.pointee.orderByConsumed = 1
    unsafe info.pointee.idxNum = ScanOrder.grouped.rawValue
    var plan = [UInt8(terms.count)]
    for term in terms { plan += [UInt8(term.place + 1), term.isDescending ? 2 : 1] }
    return plan + kept.map { UInt8($0 + 1) }
}

/// The order that a plan says, after its conditions.
private func order(
    _ number: Int32,
    _ plan: ArraySlice<UInt8>,
    _ columns: [QueryColumn]
) -> BlockCursor.Order {
    switch ScanOrder(rawValue: number) {
    case .oldestFirst: return .oldestFirst
    case .grouped:
        let rest = plan.dropFirst()
        let count = 2 * Int(plan.first ?? 0)
        let bytes = Array(rest.prefix(count))
        let terms = stride(from: 0, to: bytes.count, by: 2).map { index in
            GroupedRows.Term(
                column: columns[Int(bytes[index]) - 1],
                isDescending: bytes[index + 1] == 2
            )
        }
        return .grouped(terms, keeping: rest.dropFirst(count).map { columns[Int($0) - 1] })
    default: return .newestFirst
    }
}

// MARK: - Scanning

private func beginScan(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?,
    _ number: Int32,
    _ plan: UnsafePointer<CChar>?,
    _ count: Int32,
    _ values: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    guard let cursor = unsafe cursor else { return SQLITE_MISUSE }
    return unsafe attempt(cursor) { memory in
        let columns = memory.module.columns
        let plan = Array(unsafe plan.map { unsafe String(cString: $0) }?.utf8 ?? "".utf8)
        var conditions: [BlockCondition] = []
        for index in 0..<Int(count) {
            guard let values = unsafe values,
                let comparison = BlockCondition.Comparison(rawValue: Int32(plan[2 * index + 1]))
            else { continue }
            let column = columns[Int(plan[2 * index]) - 1]
            let value = unsafe value(values[index])
            conditions.append(
                BlockCondition(column: column, comparison: comparison, value: value)
            )
        }
        let order = order(number, plan.dropFirst(2 * Int(count)), columns)
        try memory.cursor.begin(conditions, order)
    }
}

private func advanceCursor(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
    guard let cursor = unsafe cursor else { return SQLITE_MISUSE }
    unsafe cursorMemory(cursor).pointee.rowCount += 1
    return unsafe attempt(cursor) { try $0.cursor.advance() }
}

private func isCursorAtEnd(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
    guard let cursor = unsafe cursor else { return 1 }
    return unsafe cursorMemory(cursor).pointee.cursor.isAtEnd ? 1 : 0
}

private func rowOfCursor(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?,
    _ row: UnsafeMutablePointer<sqlite3_int64>?
) -> Int32 {
    guard let cursor = unsafe cursor else { return SQLITE_MISUSE }
    unsafe row?.pointee = unsafe cursorMemory(cursor).pointee.rowCount
    return SQLITE_OK
}

private func columnOfCursor(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?,
    _ context: OpaquePointer?,
    _ index: Int32
) -> Int32 {
    guard let cursor = unsafe cursor else { return SQLITE_MISUSE }
    return unsafe attempt(cursor) { memory in
        switch try memory.cursor.value(memory.module.columns[Int(index)]) {
        case .null: unsafe sqlite3_result_null(context)
        case .integer(let value): unsafe sqlite3_result_int64(context, value)
        case .real(let value): unsafe sqlite3_result_double(context, value)
        case .text(let text):
            unsafe sqlite3_result_text(
                context,
                text,
                Int32(clamping: text.utf8.count),
                transientBytes
            )
        case .blob(let bytes):
            unsafe sqlite3_result_blob(
                context,
                bytes,
                Int32(clamping: bytes.count),
                transientBytes
            )
        }
    }
}

/// Runs a step that may read from the database; turns an error into its code and message.
private func attempt(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>,
    _ body: (CursorMemory) throws -> Void
) -> Int32 {
    let memory = unsafe cursorMemory(cursor).pointee
    do {
        try memory.module.guardian.trusting { try body(memory) }
        return SQLITE_OK
    } catch let error as DatabaseError {
        return error.extendedResultCode.rawValue
    } catch {
        return ResultCode.SQLITE_CORRUPT_VTAB.rawValue
    }
}

private func value(_ value: OpaquePointer?) -> InvocationQuery.Value {
    switch unsafe sqlite3_value_type(value) {
    case SQLITE_INTEGER: return .integer(unsafe sqlite3_value_int64(value))
    case SQLITE_FLOAT: return .real(unsafe sqlite3_value_double(value))
    case SQLITE_TEXT:
        guard let text = unsafe sqlite3_value_text(value) else { return .null }
        return .text(unsafe String(cString: text))
    default: return .null
    }
}
