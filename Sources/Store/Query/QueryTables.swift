/// A column of the tables that queries see.
enum QueryColumn: String, CaseIterable {
    case key
    case id
    case invocation
    case function
    case version
    case alias
    case trigger
    case method
    case path
    case status
    case outcome
    case start
    case startedAt
    case startedUs
    case queueUs
    case startUs
    case guestUs
    case totalUs
    case fuel
    case memoryPeakBytes
    case bytesIn
    case bytesOut
    case traceId
    case error
    case trap
    case lineCount
    case linesTruncated
    case seq
    case at
    case atUs
    case stream
    case text

    var declaration: String {
        switch self {
        case .id, .invocation, .function, .alias, .trigger, .method, .path, .outcome, .start,
            .startedAt, .traceId, .error, .trap, .at, .stream, .text:
            "\"\(rawValue)\" TEXT"
        default:
            "\"\(rawValue)\" INTEGER"
        }
    }

    /// Whether it is an integer of each record or line.
    var isInteger: Bool {
        switch self {
        case .key, .startedUs, .queueUs, .startUs, .guestUs, .totalUs, .fuel, .memoryPeakBytes,
            .bytesIn, .bytesOut, .lineCount, .linesTruncated, .seq, .atUs:
            true
        default: false
        }
    }

    /// Whether it is the same for all records of a kind, so that an equality chooses among kinds.
    var isOfKind: Bool {
        switch self {
        case .function, .version, .alias, .trigger, .method, .status, .outcome, .start: true
        default: false
        }
    }
}

/// The tables that are made of blocks.
enum QueryTable: String, CaseIterable {
    case invocations
    case logLines = "log_lines"

    var columns: [QueryColumn] {
        switch self {
        case .invocations:
            [
                .key, .id, .function, .version, .alias, .trigger, .method, .path, .status, .outcome,
                .start, .startedAt, .startedUs, .queueUs, .startUs, .guestUs, .totalUs, .fuel,
                .memoryPeakBytes, .bytesIn, .bytesOut, .traceId, .error, .trap, .lineCount,
                .linesTruncated,
            ]
        case .logLines:
            [
                .key, .invocation, .function, .version, .alias, .status, .outcome, .start,
                .startedUs, .totalUs, .seq, .at, .atUs, .stream, .text,
            ]
        }
    }

    var declaration: String {
        "CREATE TABLE x (\(columns.map(\.declaration).joined(separator: ", ")))"
    }
}

/// What queries see beside the tables: views over what they must not see whole.
enum QueryViews {
    static let names: Set<String> = ["cold_starts", "gaps", "functions", "versions"]

    /// The columns that they read of each table of the databases: none that holds a secret, since a
    /// query can pretend to be a view by a name in its WITH clause.
    static let sources: [String: Set<String>] = [
        "gap": ["key", "since", "dropped"],
        "function": ["name", "latestVersion", "createdAt", "updatedAt", "isDeleted"],
        "alias": ["function", "name", "version"],
        "version": ["function", "number", "digest", "createdAt", "guestInterface"],
        "module": ["digest", "size"],
    ]

    static let definitions = """
        CREATE TEMP VIEW cold_starts AS
            SELECT * FROM main.invocations WHERE start IN ('fresh', 'compiled');
        CREATE TEMP VIEW gaps AS
            SELECT key, \(time("coalesce(since, key / 1024)")) AS since,
                \(time("key / 1024")) AS at, dropped
            FROM main.gap;
        CREATE TEMP VIEW functions AS
            SELECT name, latestVersion,
                (SELECT version FROM control.alias
                    WHERE alias.function = function.name AND alias.name = 'live') AS liveVersion,
                \(time("createdAt")) AS createdAt, \(time("updatedAt")) AS updatedAt
            FROM control.function WHERE NOT isDeleted;
        CREATE TEMP VIEW versions AS
            SELECT version.function, number AS version, guestInterface AS interface, digest,
                (SELECT size FROM control.module WHERE module.digest = version.digest)
                    AS moduleBytes,
                \(time("version.createdAt")) AS createdAt
            FROM control.version
            WHERE function IN (SELECT name FROM control.function WHERE NOT isDeleted);
        """

    // As `Timestamp` writes it.
    private static func time(_ microseconds: String) -> String {
        """
        strftime('%Y-%m-%dT%H:%M:%S', (\(microseconds)) / 1000000, 'unixepoch')
            || '.' || substr(1000000 + (\(microseconds)) % 1000000, 2) || 'Z'
        """
    }
}
