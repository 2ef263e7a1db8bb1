import ArgumentParser
import Daemon
import Foundation

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask about calls and logs in SQL.",
        discussion: """
            There are the tables and views invocations, log_lines, cold_starts, gaps, functions \
            and versions, SQLite's functions, and the aggregates p50(x), p90(x), p95(x), p99(x), \
            p999(x) and percentile(x, percent). docs/LOGS.md has their columns.

            EXAMPLES
              roost query "SELECT function, count(*), p99(totalUs) FROM invocations GROUP BY 1"
              roost query "SELECT * FROM log_lines WHERE text LIKE '%' || ? || '%'" --param timeout
            """
    )

    /// How the answer is printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json, ndjson, csv

        fileprivate var mediaType: String {
            switch self {
            case .table, .json: "application/json"
            case .ndjson: "application/x-ndjson"
            case .csv: "text/csv"
            }
        }
    }

    @Argument(help: "One SELECT statement, or '-' to read it from standard input.")
    var sql: String

    @Option(help: "table, json, ndjson or csv. (default: table on a terminal, else ndjson)")
    var format: Format?

    @Flag(help: "The same as --format json.")
    var json = false

    @Option(
        name: .customLong("param"),
        help: "The value of the next '?' of the statement: a number where it looks like one."
    )
    var parameters: [String] = []

    @Option(help: "The most rows.")
    var limit = 1_000

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
        if json, format != nil, format != .json {
            throw ValidationError("--json and --format say different things")
        }
    }

    func run() throws {
        try Output.reportingFailures {
            let format = chosenFormat
            let text = sql == "-" ? String(decoding: try Output.input(sql), as: UTF8.self) : sql
            let body: JSONValue = .object([
                "sql": .string(text), "limit": .integer(Int64(limit)),
                "parameters": .array(parameters.map(Self.parameter)),
            ])
            let response = try connection.makeClient().control(
                DaemonClient.Request(
                    method: "POST",
                    path: "/v1/query",
                    headers: [
                        (name: "Content-Type", value: "application/json"),
                        (name: "Accept", value: format.mediaType),
                    ],
                    body: try JSONEncoder().encode(body)
                )
            )
            switch format {
            case .table: try Self.printTable(try DaemonClient.json(response))
            case .json: Output.writeJSON(response.body)
            case .ndjson, .csv: Output.write(response.body)
            }
            if response.header("X-Query-Truncated") != nil {
                Output.complain("there are more rows: the answer was cut off")
            }
        }
    }

    private var chosenFormat: Format {
        if json { return .json }
        return format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .ndjson)
    }

    private static func parameter(_ text: String) -> JSONValue {
        if let value = Int64(text) { return .integer(value) }
        if let value = Double(text), value.isFinite { return .number(value) }
        return .string(text)
    }

    private static func printTable(_ answer: JSONValue) throws {
        let rows = (answer["rows"]?.elements ?? []).map(\.elements)
        let columns = (answer["columns"]?.elements ?? []).enumerated().map { index, column in
            let isNumeric = rows.allSatisfy { row in
                switch row.indices.contains(index) ? row[index] : .null {
                case .integer, .number, .null: true
                default: false
                }
            }
            let alignment = isNumeric ? Table.Alignment.right : .left
            return (title: printable(column["name"]?.text ?? ""), alignment: alignment)
        }
        var table = Table(columns)
        for row in rows { table.add(row.map(\.text)) }
        table.print()
    }
}
