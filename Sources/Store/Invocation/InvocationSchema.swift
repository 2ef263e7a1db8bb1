internal import GRDB

/// The schema of `log.db`.
///
/// A migration that was released is never edited: add another.
enum InvocationSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("invocations, log lines, gaps") { database in
            try database.execute(sql: initial)
        }
        return migrator
    }

    /// The most microseconds by which any record was stored after it started.
    static func maximumLag(_ database: Database) throws -> Int64 {
        let sql = "SELECT value FROM property WHERE name = 'maximumLag'"
        return try Int64.fetchOne(database, sql: sql) ?? 0
    }

    // `key` is a `RecordKey`: it gives the order, and with `maximumLag` the range of a time span, so
    // that no index on time is needed. The two whole indexes are all that every record pays for; the
    // third holds only records with log lines.
    private static let initial = """
        CREATE TABLE invocation (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            function TEXT NOT NULL,
            version INTEGER NOT NULL,
            alias TEXT,
            trigger TEXT NOT NULL,
            method TEXT NOT NULL,
            path TEXT NOT NULL,
            status INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            start TEXT,
            startedAt INTEGER NOT NULL,
            queueUs INTEGER NOT NULL,
            startUs INTEGER NOT NULL,
            guestUs INTEGER NOT NULL,
            totalUs INTEGER NOT NULL,
            fuel INTEGER NOT NULL,
            memoryPeakBytes INTEGER NOT NULL,
            bytesIn INTEGER NOT NULL,
            bytesOut INTEGER NOT NULL,
            traceId TEXT,
            error TEXT,
            trapReport TEXT,
            lineCount INTEGER NOT NULL,
            linesTruncated INTEGER NOT NULL
        );

        CREATE INDEX invocation_id ON invocation (id);
        CREATE INDEX invocation_function ON invocation (function);
        CREATE INDEX invocation_with_lines ON invocation (function) WHERE lineCount > 0;

        CREATE TABLE log_line (
            invocation INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            atUs INTEGER NOT NULL,
            stream TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (invocation, seq)
        ) WITHOUT ROWID;

        CREATE TABLE gap (
            key INTEGER PRIMARY KEY,
            dropped INTEGER NOT NULL
        );

        CREATE TABLE property (
            name TEXT PRIMARY KEY NOT NULL,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;

        INSERT INTO property (name, value) VALUES ('maximumLag', 0);
        """
}

/// The key of a record: when it was stored, in microseconds since 1970, times 1024, plus a count.
///
/// Keys only ever increase, even when the clock is set back, and the time in a key is never before
/// the record's `startedAt`. The greatest difference of the two is kept as the property
/// `maximumLag`. So the records of a time span lie in one range of keys. Good until the year 2255.
struct RecordKey: Comparable {
    var rawValue: Int64

    static let countsPerMicrosecond: Int64 = 1_024

    init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The first key of a microsecond; times out of range go to the nearest key.
    init(firstAt time: Timestamp) {
        let (product, overflow) = time.microseconds.multipliedReportingOverflow(
            by: Self.countsPerMicrosecond
        )
        rawValue = overflow ? (time.microseconds < 0 ? .min : .max) : product
    }

    /// The next key for a record that is stored now.
    func next(now: Timestamp, startedAt: Timestamp) -> RecordKey {
        let earliest = RecordKey(firstAt: max(now, min(startedAt, Self.latestStart)))
        return RecordKey(rawValue: max(rawValue &+ 1, earliest.rawValue))
    }

    /// Microseconds since 1970 at which the record was stored.
    var microseconds: Int64 { rawValue / Self.countsPerMicrosecond }

    // A start time from the far future must not use up the keys.
    private static let latestStart = Timestamp(microseconds: 8_000_000_000_000_000)

    static func < (left: RecordKey, right: RecordKey) -> Bool { left.rawValue < right.rawValue }
}
