internal import GRDBSQLite
internal import Linux

/// Decides what a query may do, and when it has to end.
///
/// Belongs to one thread.
final class QueryGuardian {
    /// Whether the tables themselves are reading what they are made of.
    private var isTrusted = false
    private let deadline: UInt64
    private let memoryBytesMax: Int64
    private(set) var isOutOfMemory = false
    /// What rows take that are put together by their kinds.
    var groupedBytes = 0
    /// The tables of the databases, in lower case.
    var storedTables: Set<String> = []
    /// What was not allowed, for the message.
    private(set) var refusal: String?

    init(_ limits: InvocationQuery.Limits, began: UInt64) {
        deadline = began &+ UInt64(max(0, limits.timeoutMilliseconds)) &* 1_000_000
        memoryBytesMax = sqlite3_memory_used() + Int64(limits.memoryBytesMax)
    }

    /// Lets a table read what is stored.
    func trusting<Value>(_ body: () throws -> Value) rethrows -> Value {
        let wasTrusted = isTrusted
        isTrusted = true
        defer { isTrusted = wasTrusted }
        return try body()
    }

    // Memory is that of all connections: SQLite counts no other. What others take meanwhile is little.
    var mayGoOn: Bool {
        if sqlite3_memory_used() + Int64(groupedBytes) > memoryBytesMax { isOutOfMemory = true }
        return !isOutOfMemory && Monotonic.now() < deadline
    }

    fileprivate func allows(_ action: Int32, _ first: String, _ second: String, view: String)
        -> Bool
    {
        if isTrusted { return true }
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE:
            return true
        case SQLITE_FUNCTION:
            if !Self.refusedFunctions.contains(second.lowercased()) { return true }
            refusal = "function \(second)"
        case SQLITE_READ:
            if Self.readable.contains(first) { return true }
            if second.isEmpty {
                // Rows are only counted: SQLite names no column and no view, and the table as the
                // statement does, which may be a name of its WITH clause.
                if !isStored(first.lowercased()) { return true }
            } else if QueryViews.names.contains(view),
                QueryViews.sources[first]?.contains(second) == true
            {
                return true
            }
            refusal = "reading \(first)"
        default:
            refusal = "only SELECT is allowed"
        }
        return false
    }

    private func isStored(_ table: String) -> Bool {
        storedTables.contains(table) && QueryViews.sources[table] == nil
            || table.hasPrefix("sqlite_") || table.hasPrefix("pragma_") || table == "dbstat"
    }

    private static let readable = QueryViews.names
        .union(QueryTable.allCases.map(\.rawValue)).union(["json_each", "json_tree"])

    /// What reaches beyond the query, makes large values of nothing, or takes time in which nobody can stop it: a width
    /// of `printf` can keep a processor busy for seconds.
    private static let refusedFunctions: Set<String> = [
        "load_extension", "fts3_tokenizer", "fts5", "zeroblob", "randomblob", "sqlite_log",
        "printf",
        "format",
    ]
}

/// The corresponding C type is that of `sqlite3_set_authorizer`'s callback.
func authorize(
    _ context: UnsafeMutableRawPointer?,
    _ action: Int32,
    _ first: UnsafePointer<CChar>?,
    _ second: UnsafePointer<CChar>?,
    _ schema: UnsafePointer<CChar>?,
    _ view: UnsafePointer<CChar>?
) -> Int32 {
    guard let context = unsafe context else { return SQLITE_DENY }
    // SAFETY: the session passes its guardian, which outlives the callback.
    let guardian = unsafe Unmanaged<QueryGuardian>.fromOpaque(context).takeUnretainedValue()
    func text(_ pointer: UnsafePointer<CChar>?) -> String {
        unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
    let isAllowed = guardian.allows(
        action,
        unsafe text(first),
        unsafe text(second),
        view: unsafe text(view)
    )
    return isAllowed ? SQLITE_OK : SQLITE_DENY
}

/// The corresponding C type is that of `sqlite3_progress_handler`'s callback.
func mayGoOn(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context else { return 1 }
    // SAFETY: as in `authorize`.
    let guardian = unsafe Unmanaged<QueryGuardian>.fromOpaque(context).takeUnretainedValue()
    return guardian.mayGoOn ? 0 : 1
}
