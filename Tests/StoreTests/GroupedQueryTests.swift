import Foundation
import Store
import Testing

/// Statements that group and order by what kinds of records differ in: nothing is sorted for them.
struct GroupedQueryTests {
    private let log: LogFixture

    init() throws {
        log = try LogFixture()
        _ = try DeploymentStore(folder: log.folder)
        // Several blocks, in which functions, outcomes and times lie mixed.
        for part in 0..<4 {
            log.add(
                (0..<75).map { index in
                    let number = part * 75 + index
                    var record = makeRecord("id-\(number)", at: Int64(number))
                    record.function = ["b", "ä", "a", "B"][number % 4]
                    record.version = 1 + number % 3
                    record.alias = number % 5 == 0 ? nil : "live"
                    record.status = number % 7 == 0 ? 502 : 200
                    record.outcome = number % 7 == 0 ? .trap : .ok
                    record.start = [nil, .pooled, .fresh][number % 3]
                    record.totalMicroseconds = Int64(number * 7_919 % 1_000)
                    record.fuel = Int64(number) << 40
                    if number % 11 == 0 {
                        record.lines = (0..<2).map { sequence in
                            LogLine(
                                sequence: sequence,
                                atMicroseconds: 5,
                                stream: .stderr,
                                text: "line \(sequence)"
                            )
                        }
                    }
                    return record
                }
            )
        }
    }

    private func rows(
        _ sql: String,
        _ limits: InvocationQuery.Limits = .init()
    ) throws -> [[InvocationQuery.Value]] {
        try log.store.query(InvocationQuery(sql: sql), limits: limits).rows
    }

    /// How SQLite goes about a statement, in its own words.
    private func plan(_ sql: String) throws -> String {
        try rows("EXPLAIN QUERY PLAN \(sql)").map { "\($0)" }.joined()
    }

    // The columns in braces are hidden from the planner by a '+' in the statement that sorts.
    @Test(arguments: [
        "SELECT {function}, count(*), p50(totalUs), sum(fuel) FROM invocations GROUP BY 1 ORDER BY 1",
        "SELECT {function}, {version}, max(key), min(startedUs) FROM invocations GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT {function}, {version}, count(*) FROM invocations GROUP BY 1, 2 ORDER BY 2 DESC, 1",
        "SELECT {alias}, {start}, count(*) FROM invocations GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT {alias}, count(*) FROM invocations GROUP BY 1 ORDER BY 1 DESC",
        "SELECT {status}, sum(outcome = 'trap'), count(*) FROM invocations GROUP BY 1 ORDER BY 1 DESC",
        "SELECT {function}, count(*) FROM invocations WHERE totalUs >= 500 AND version = 2 GROUP BY 1 ORDER BY 1",
        "SELECT {function}, count(*) FROM invocations WHERE startedUs < 1700000100000000 GROUP BY 1 ORDER BY 1",
        "SELECT {function}, max(seq), count(*) FROM log_lines GROUP BY 1 ORDER BY 1",
        "SELECT {start}, p99(startUs), count(*) FROM cold_starts GROUP BY 1 ORDER BY 1",
        "SELECT {function}, sum(linesTruncated), sum(lineCount) FROM invocations GROUP BY 1 ORDER BY 1",
        "SELECT {function}, totalUs FROM invocations ORDER BY 1 LIMIT 3 OFFSET 297",
    ])
    func `the answer is that of a statement that sorts`(_ template: String) throws {
        let quick = template.replacing("{", with: "").replacing("}", with: "")
        let slow = template.replacing("{", with: "+").replacing("}", with: "")
        let expected = try rows(slow)
        #expect(!expected.isEmpty)
        if template.contains("GROUP BY") {
            #expect(try rows(quick) == expected)
        } else {
            // Of the same function: which of its rows come last is not said.
            #expect(try rows(quick).map(\.first) == expected.map(\.first))
        }
    }

    @Test(arguments: [
        "SELECT function, count(*), p99(totalUs) FROM invocations GROUP BY function",
        "SELECT function, p50(totalUs) FROM invocations WHERE version = 2 GROUP BY 1 ORDER BY 1 DESC",
        "SELECT status, outcome, avg(fuel) FROM invocations GROUP BY 1, 2",
    ])
    func `nothing is sorted`(_ sql: String) throws {
        #expect(try !plan(sql).contains("TEMP B-TREE"))
    }

    @Test(arguments: [
        "SELECT path, count(*) FROM invocations GROUP BY path",
        "SELECT function, max(path) FROM invocations GROUP BY function",
        "SELECT function, count(*) FROM invocations GROUP BY function COLLATE NOCASE",
    ])
    func `what needs other texts is sorted`(_ sql: String) throws {
        #expect(try plan(sql).contains("TEMP B-TREE"))
        #expect(try !rows(sql).isEmpty)
    }

    @Test func `a join that groups reads its rows each time anew`() throws {
        let join = """
            SELECT a.function, count(*) FROM invocations a JOIN (
                SELECT version, count(*) AS n FROM invocations GROUP BY version) b
            ON a.version = b.version GROUP BY a.function ORDER BY a.function
            """
        #expect(
            try rows(join).map(\.last) == [.integer(75), .integer(75), .integer(75), .integer(75)]
        )
        let nested = """
            SELECT sum(n) FROM functions RIGHT JOIN (SELECT 1), (
                SELECT function, count(*) AS n FROM invocations GROUP BY function)
            """
        #expect(try rows(nested) == [[.integer(300)]])
        let each = """
            SELECT DISTINCT (SELECT count(*) FROM (SELECT function FROM invocations b
                WHERE b.version = a.version GROUP BY function)) FROM invocations a
            """
        #expect(try rows(each) == [[.integer(4)]])
    }

    @Test func `grouping keeps to the limits, and says what to do`() {
        var limits = InvocationQuery.Limits()
        limits.memoryBytesMax = -(1 << 40)
        let sql = "SELECT function, p50(totalUs) FROM invocations GROUP BY function"
        #expect {
            _ = try rows(sql, limits)
        } throws: { error in
            guard let error = error as? QueryError else { return false }
            return error.kind == .memory && error.message.contains("query.memoryBytesMax")
        }
        limits.memoryBytesMax = 256 << 20
        limits.timeoutMilliseconds = 0
        #expect {
            _ = try rows(sql, limits)
        } throws: { error in
            guard let error = error as? QueryError else { return false }
            return error.kind == .timeout && error.message.contains("startedUs")
        }
    }
}
