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
        migrator.registerMigration("records in blocks") { database in
            try database.execute(sql: blocks)
            try TextIndex.makeFirstTable(in: database)
        }
        return migrator
    }

    // One row for each record and each line. What is left in these tables is moved into blocks.
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

    // Keys are `RecordKey`s. A block's key is that of its last record; no two blocks' ranges of keys
    // overlap. What a scan looks at is apart from what it rarely needs: records, lines, and `ids`,
    // which comes last in its row. `text_index` lists the FTS5 tables `text_N`, each for the records
    // from `firstKey` on up to the next one's; number 0 is for those that are moved into blocks.
    // The indexes go at once: they would be updated for each row that is moved.
    private static let blocks = """
        CREATE TABLE record_kind (
            number INTEGER PRIMARY KEY,
            function TEXT NOT NULL,
            version INTEGER NOT NULL,
            alias TEXT,
            trigger TEXT NOT NULL,
            method TEXT NOT NULL,
            status INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            start TEXT
        ) STRICT;

        CREATE TABLE record_block (
            key INTEGER PRIMARY KEY,
            firstKey INTEGER NOT NULL,
            records INTEGER NOT NULL,
            firstStart INTEGER NOT NULL,
            lastStart INTEGER NOT NULL,
            summary BLOB NOT NULL,
            ids BLOB NOT NULL
        ) STRICT;

        CREATE TABLE record_data (
            block INTEGER PRIMARY KEY,
            data BLOB NOT NULL
        ) STRICT;

        CREATE TABLE line_data (
            block INTEGER PRIMARY KEY,
            data BLOB NOT NULL
        ) STRICT;

        CREATE TABLE trap_report (
            key INTEGER PRIMARY KEY,
            report TEXT NOT NULL
        ) STRICT;

        CREATE TABLE text_index (
            number INTEGER PRIMARY KEY,
            firstKey INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            isDropped INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        ALTER TABLE gap ADD COLUMN since INTEGER;

        DROP TABLE property;
        DROP INDEX invocation_id;
        DROP INDEX invocation_function;
        DROP INDEX invocation_with_lines;
        """
}

/// The key of a record: when it was stored, in microseconds since 1970, times 1024, plus a count.
///
/// Keys only ever increase, even when the clock is set back, and the time in a key is never before
/// the record's `startedAt`. So no record of a time span has a key below the span's first. Good until the
/// year 2255.
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
