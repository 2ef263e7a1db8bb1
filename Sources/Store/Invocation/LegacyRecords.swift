internal import FoundationEssentials
internal import GRDB

/// Moves what an earlier program stored, a row for each record and each line, into blocks: the newest first, a little
/// between any two commits.
enum LegacyRecords {
    private static let recordsPerStep = 1_000
    private static let linesPerStep = 4_000

    /// Whether there is something to move.
    static func exist(_ database: Database) throws -> Bool {
        try database.tableExists("invocation")
    }

    /// Moves some records in one transaction; returns how many, which is none at the end.
    static func moveSlice(in file: DatabaseFile, _ writer: RecordWriter) throws -> Int {
        try file.write { database in
            var records: [(key: Int64, record: InvocationRecord)] = []
            var lineCount = 0
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT * FROM invocation ORDER BY key DESC LIMIT \(recordsPerStep)"
            )
            while lineCount < linesPerStep, let row = try rows.next() {
                let key: Int64 = row["key"]
                var record = try InvocationRecord(legacy: row)
                record.lines = try lines(of: key, database)
                lineCount += record.lines.count
                records.append((key, record))
            }
            guard let first = records.last?.key else {
                try database.execute(sql: "DROP TABLE invocation; DROP TABLE log_line")
                return 0
            }
            try writer.insertLegacy(records.reversed(), into: database)
            for (table, column) in [("invocation", "key"), ("log_line", "invocation")] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE \(column) >= ?",
                    arguments: [first]
                )
            }
            return records.count
        }
    }

    // A text that was not cast would end at the first NUL.
    private static func lines(of key: Int64, _ database: Database) throws -> [LogLine] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT seq, atUs, stream, CAST(text AS BLOB) AS text FROM log_line
                WHERE invocation = ? ORDER BY seq
                """,
            arguments: [key]
        ).map { row in
            LogLine(
                sequence: row["seq"],
                atMicroseconds: row["atUs"],
                stream: LogStream(rawValue: row["stream"]) ?? .stdout,
                text: String(decoding: row["text"] as Data, as: UTF8.self)
            )
        }
    }
}

extension InvocationRecord {
    fileprivate init(legacy row: Row) throws {
        let kind = try RecordKind(row: row)
        self.init(
            id: RecordIdentifier(row["id"]),
            function: kind.function,
            version: kind.version,
            startedAt: Timestamp(microseconds: row["startedAt"]),
            alias: kind.alias,
            trigger: kind.trigger,
            method: kind.method,
            path: row["path"],
            status: kind.status,
            outcome: kind.outcome,
            start: kind.start,
            queueMicroseconds: row["queueUs"],
            startMicroseconds: row["startUs"],
            guestMicroseconds: row["guestUs"],
            totalMicroseconds: row["totalUs"],
            fuel: row["fuel"],
            memoryPeakBytes: row["memoryPeakBytes"],
            bytesIn: row["bytesIn"],
            bytesOut: row["bytesOut"],
            trace: (row["traceId"] as String?).map { TraceIdentifier($0) },
            error: row["error"],
            trapReport: row["trapReport"],
            linesTruncated: row["linesTruncated"]
        )
    }
}
