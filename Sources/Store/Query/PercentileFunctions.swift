internal import GRDB
internal import GRDBSQLite

/// The aggregates `p50`, `p90`, `p95`, `p99`, `p999` and `percentile(x, percent)`, by SQLite's C interface: by GRDB's
/// each value costs an allocation or two.
enum PercentileFunctions {
    /// Each with a thousandth of the percentage, which is passed where a pointer could be.
    private static let fixed = [
        ("p50", 50_000), ("p90", 90_000), ("p95", 95_000), ("p99", 99_000), ("p999", 99_900),
    ]

    static func register(on database: Database) throws {
        for (name, percent) in fixed { try register(name, 1, percent, database) }
        try register("percentile", 2, 0, database)
    }

    private static func register(
        _ name: String,
        _ argumentCount: Int32,
        _ percent: Int,
        _ database: Database
    ) throws {
        let code = unsafe sqlite3_create_function_v2(
            database.sqliteConnection,
            name,
            argumentCount,
            SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
            UnsafeMutableRawPointer(bitPattern: percent),
            nil,
            percentileStep,
            percentileFinal,
            nil
        )
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }
}

/// The values of one group.
private final class PercentileGroup {
    var sample = PercentileSample()
    /// From 0 to 100.
    var percent: Double?
}

/// The group's place is where SQLite keeps the state of an aggregate: zeroed at first, and then an owned reference.
private func group(
    _ context: OpaquePointer?,
    makes: Bool
) -> UnsafeMutablePointer<Unmanaged<PercentileGroup>?>? {
    let size = unsafe Int32(MemoryLayout<Unmanaged<PercentileGroup>?>.size)
    let memory = unsafe sqlite3_aggregate_context(context, makes ? size : 0)
    return unsafe memory?.assumingMemoryBound(to: Unmanaged<PercentileGroup>?.self)
}

private func percentileStep(
    _ context: OpaquePointer?,
    _ count: Int32,
    _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
    guard let values = unsafe values, let place = unsafe group(context, makes: true) else {
        unsafe sqlite3_result_error_nomem(context)
        return
    }
    if unsafe place.pointee == nil {
        let new = PercentileGroup()
        let percent = Int(bitPattern: unsafe sqlite3_user_data(context))
        if percent > 0 { new.percent = Double(percent) / 1_000 }
        unsafe place.pointee = Unmanaged.passRetained(new)
    }
    guard let group = unsafe place.pointee?.takeUnretainedValue() else { return }
    if count == 2 {
        let percent = unsafe sqlite3_value_double(values[1])
        guard (0...100).contains(percent) else {
            unsafe sqlite3_result_error(context, "a percentage is from 0 to 100", -1)
            return
        }
        group.percent = percent
    }
    switch unsafe sqlite3_value_numeric_type(values[0]) {
    case SQLITE_INTEGER:
        group.sample.insert(Double(unsafe sqlite3_value_int64(values[0])), isInteger: true)
    case SQLITE_FLOAT:
        group.sample.insert(unsafe sqlite3_value_double(values[0]), isInteger: false)
    default:
        break
    }
}

private func percentileFinal(_ context: OpaquePointer?) {
    guard let place = unsafe group(context, makes: false),
        let group = unsafe place.pointee?.takeRetainedValue(),
        let percent = group.percent, let value = group.sample.value(at: percent)
    else {
        unsafe sqlite3_result_null(context)
        return
    }
    if group.sample.areIntegers, let integer = Int64(exactly: value.rounded()) {
        unsafe sqlite3_result_int64(context, integer)
    } else {
        unsafe sqlite3_result_double(context, value)
    }
}
