/// One SQL statement over the records, to be run on a connection of its own that can only read.
///
/// There are the tables `invocations` and `log_lines` and the views `cold_starts`, `gaps`, `functions` and
/// `versions`, and nothing else; beside SQLite's own functions, the aggregates `p50`, `p90`, `p95`, `p99`, `p999` and
/// `percentile(x, percent)`.
public struct InvocationQuery: Equatable, Sendable {
    /// What a statement may use.
    public struct Limits: Equatable, Sendable {
        /// How long it may run.
        public var timeoutMilliseconds = 10_000

        /// The most rows of an answer.
        public var rowsMax = 100_000

        /// The most bytes of all values of an answer; what is beyond is cut off.
        public var answerBytesMax = 32 << 20

        /// How much more memory all of SQLite may take while it runs, for sorting and grouping.
        public var memoryBytesMax = 256 << 20

        /// The longest statement.
        public var sqlBytesMax = 64 << 10

        /// The defaults.
        public init() {}
    }

    /// A value, as SQLite has them.
    public enum Value: Equatable, Sendable {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
        case blob([UInt8])
    }

    /// A column of an answer.
    public struct Column: Equatable, Sendable {
        /// As the statement names it.
        public var name: String

        /// `TEXT`, `INTEGER`, `REAL` or `BLOB` when it is a column of a table, otherwise nil.
        public var type: String?
    }

    /// What a statement answers.
    public struct Answer: Equatable, Sendable {
        /// From left to right.
        public var columns: [Column]

        /// Each with a value for every column.
        public var rows: [[Value]]

        /// Whether there would be more rows.
        public var isTruncated: Bool

        /// How long it took.
        public var elapsedMicroseconds: Int64
    }

    /// One `SELECT`.
    public var sql: String

    /// The values of its parameters, from the first.
    public var parameters: [Value]

    /// The most rows wanted.
    public var rowLimit: Int

    /// Makes a query.
    public init(sql: String, parameters: [Value] = [], rowLimit: Int = 1_000) {
        self.sql = sql
        self.parameters = parameters
        self.rowLimit = rowLimit
    }
}

/// Why a query was not answered.
public struct QueryError: Error, Equatable, Sendable {
    /// Whose fault it is.
    public enum Kind: Equatable, Sendable {
        /// SQLite refuses the statement.
        case invalid

        /// It took too long.
        case timeout

        /// It took too much memory.
        case memory

        /// The database cannot be read.
        case unavailable
    }

    /// Whose fault it is.
    public let kind: Kind

    /// What was wrong, in SQLite's words where they are its own.
    public let message: String

    /// Where in the statement's UTF-8, if SQLite knows.
    public let offset: Int?

    init(_ kind: Kind, _ message: String, offset: Int? = nil) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }
}

extension InvocationQuery {
    /// Bytes as lower-case digits, two for each.
    public static func hexadecimal(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes) }
}
