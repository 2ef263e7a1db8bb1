internal import FoundationEssentials
internal import GRDB

// The mapping from the tables of `log.db` to the public records. Runs inside transactions.

extension InvocationRecord {
    /// All columns but those that only one record at a time is asked for.
    static let columns = """
        key, id, function, version, alias, trigger, method, path, status, outcome, start, startedAt,
        queueUs, startUs, guestUs, totalUs, fuel, memoryPeakBytes, bytesIn, bytesOut, traceId, error,
        linesTruncated
        """

    init(row: Row) throws {
        guard let outcome = InvocationOutcome(rawValue: row["outcome"]),
            let trigger = InvocationTrigger(rawValue: row["trigger"])
        else { throw StoreError.io("log.db holds a record of an unknown kind") }
        self.init(
            id: row["id"],
            function: row["function"],
            version: row["version"],
            startedAt: Timestamp(microseconds: row["startedAt"]),
            alias: row["alias"],
            trigger: trigger,
            method: row["method"],
            path: row["path"],
            status: row["status"],
            outcome: outcome,
            start: (row["start"] as String?).flatMap(InvocationStart.init),
            queueMicroseconds: row["queueUs"],
            startMicroseconds: row["startUs"],
            guestMicroseconds: row["guestUs"],
            totalMicroseconds: row["totalUs"],
            fuel: row["fuel"],
            memoryPeakBytes: row["memoryPeakBytes"],
            bytesIn: row["bytesIn"],
            bytesOut: row["bytesOut"],
            traceId: row["traceId"],
            error: row["error"],
            linesTruncated: row["linesTruncated"]
        )
    }
}

extension LogLine {
    /// Reads a row whose text was cast to a BLOB: as a text it would end at the first NUL.
    init(row: Row) throws {
        guard let stream = LogStream(rawValue: row["stream"]) else {
            throw StoreError.io("log.db holds a line of an unknown stream")
        }
        self.init(
            sequence: row["seq"],
            atMicroseconds: row["atUs"],
            stream: stream,
            text: String(decoding: row["text"] as Data, as: UTF8.self)
        )
    }
}
