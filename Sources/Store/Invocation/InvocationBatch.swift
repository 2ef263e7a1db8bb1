internal import GRDB
internal import Linux

/// Inserts the records that one transaction commits.
struct InvocationBatch {
    /// When the batch is stored.
    let now: Timestamp

    /// Whether there is time to let others have the processor.
    let mayYield: () -> Bool

    /// Inserts all records with their lines, and moves `key` and `lag` on.
    func insert(
        _ batches: [[InvocationRecord]],
        into database: Database,
        key: inout RecordKey,
        lag: inout Int64
    ) throws {
        var rows = try RowInserter(database, table: "invocation", columnCount: 25)
        var lines = try RowInserter(database, table: "log_line", columnCount: 5)
        for batch in batches {
            for index in batch.indices {
                // Whoever waits for this thread's processor, an event loop for one, need not wait for the whole batch.
                if index % Self.recordsPerTurn == 0, mayYield() { Thread.yield() }
                // In place: a copy of the record would retain and release each of its texts.
                key = key.next(now: now, startedAt: batch[index].startedAt)
                let (lateness, overflow) = key.microseconds.subtractingReportingOverflow(
                    batch[index].startedAt.microseconds
                )
                lag = max(lag, overflow ? .max : lateness)
                try insert(batch[index], key: key, into: &rows)
                for line in batch[index].lines {
                    try insert(line, key: key, into: &lines)
                }
            }
        }
    }

    /// A quarter of a millisecond.
    private static let recordsPerTurn = 96

    // In the order of the columns in InvocationSchema.
    private func insert(
        _ record: borrowing InvocationRecord,
        key: RecordKey,
        into rows: inout RowInserter
    ) throws {
        rows.bind(key.rawValue)
        rows.bind(record.id)
        rows.bind(record.function)
        rows.bind(record.version)
        rows.bind(record.alias)
        rows.bind(record.trigger.rawValue)
        rows.bind(record.method)
        rows.bind(record.path)
        rows.bind(record.status)
        rows.bind(record.outcome.rawValue)
        rows.bind(record.start?.rawValue)
        rows.bind(record.startedAt.microseconds)
        rows.bind(record.queueMicroseconds)
        rows.bind(record.startMicroseconds)
        rows.bind(record.guestMicroseconds)
        rows.bind(record.totalMicroseconds)
        rows.bind(record.fuel)
        rows.bind(record.memoryPeakBytes)
        rows.bind(record.bytesIn)
        rows.bind(record.bytesOut)
        rows.bind(record.traceId)
        rows.bind(record.error)
        rows.bind(record.trapReport)
        rows.bind(record.lines.count)
        rows.bind(record.linesTruncated ? 1 : 0)
        try rows.insert()
    }

    private func insert(
        _ line: LogLine,
        key: RecordKey,
        into lines: inout RowInserter
    ) throws {
        lines.bind(key.rawValue)
        lines.bind(Int(line.sequence))
        lines.bind(line.atMicroseconds)
        lines.bind(line.stream.rawValue)
        lines.bind(line.text)
        try lines.insert()
    }
}
