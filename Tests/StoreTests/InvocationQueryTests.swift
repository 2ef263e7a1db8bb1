import Foundation
import Store
import Testing

struct InvocationQueryTests {
    private let log: LogFixture

    init() throws {
        log = try LogFixture()
        // What `functions` and `versions` are made of.
        _ = try DeploymentStore(folder: log.folder)
        for part in 0..<5 {
            log.add(
                (0..<20).map { index in
                    let number = part * 20 + index
                    var record = makeRecord("id-\(number)", at: Int64(number))
                    record.function = number % 2 == 0 ? "even" : "odd"
                    record.totalMicroseconds = Int64(number)
                    record.status = number == 42 ? 502 : 200
                    record.outcome = number == 42 ? .trap : .ok
                    record.trapReport = number == 42 ? #"{"kind":"unreachable"}"# : nil
                    record.start = number % 10 == 0 ? .fresh : .pooled
                    if number % 25 == 0 {
                        record.lines = [
                            LogLine(
                                sequence: 0,
                                atMicroseconds: 500_000,
                                stream: .stderr,
                                text: "line \(number)"
                            )
                        ]
                    }
                    return record
                }
            )
        }
    }

    private func rows(
        _ sql: String,
        _ parameters: [InvocationQuery.Value] = []
    ) throws -> [[InvocationQuery.Value]] {
        try log.store.query(InvocationQuery(sql: sql, parameters: parameters)).rows
    }

    private func failure(
        _ sql: String,
        _ limits: InvocationQuery.Limits = .init()
    ) -> QueryError? {
        do {
            _ = try log.store.query(InvocationQuery(sql: sql), limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("SELECT count(*) FROM invocations", "100"),
        ("SELECT count(*) FROM invocations WHERE function = 'even'", "50"),
        ("SELECT count(*) FROM invocations WHERE function = 'even' COLLATE NOCASE", "50"),
        ("SELECT count(*) FROM invocations WHERE function = 'EVEN' COLLATE NOCASE", "50"),
        ("SELECT count(*) FROM invocations WHERE status = 502 AND outcome = 'trap'", "1"),
        ("SELECT count(*) FROM invocations WHERE status = '502'", "1"),
        ("SELECT count(*) FROM invocations WHERE status IN (200, 502)", "100"),
        ("SELECT count(*) FROM invocations WHERE alias IS NULL", "100"),
        ("SELECT count(*) FROM invocations WHERE alias = NULL", "0"),
        ("SELECT count(*) FROM invocations WHERE totalUs > 89", "10"),
        ("SELECT count(*) FROM invocations WHERE totalUs >= 89", "11"),
        ("SELECT count(*) FROM invocations WHERE totalUs > 89.5", "10"),
        ("SELECT count(*) FROM invocations WHERE startedUs >= 1700000090000000", "10"),
        ("SELECT count(*) FROM invocations WHERE startedUs < 1700000010000000", "10"),
        (
            "SELECT count(*) FROM invocations WHERE startedUs BETWEEN 1700000010000000 AND 1700000019000000",
            "10"
        ),
        ("SELECT count(*) FROM invocations WHERE startedAt >= '2023-11-14T22:14:50.000000Z'", "10"),
        ("SELECT count(*) FROM invocations WHERE startedAt < '2023-11-14T22:14:50.000000Z'", "90"),
        ("SELECT id FROM invocations ORDER BY key LIMIT 1", "id-0"),
        ("SELECT id FROM invocations ORDER BY key DESC LIMIT 1", "id-99"),
        ("SELECT id FROM invocations LIMIT 1 OFFSET 99", "id-0"),
        (
            "SELECT id FROM invocations WHERE key > (SELECT key FROM invocations WHERE id = 'id-97') ORDER BY key",
            "id-98"
        ),
        ("SELECT totalUs FROM invocations WHERE id = 'id-42'", "42"),
        (
            "SELECT json_extract(trap, '$.kind') FROM invocations WHERE outcome = 'trap'",
            "unreachable"
        ),
        ("SELECT startedAt FROM invocations WHERE id = 'id-0'", "2023-11-14T22:13:20.000000Z"),
        ("SELECT count(*) FROM cold_starts", "10"),
        ("SELECT count(*) FROM log_lines", "4"),
        ("SELECT text FROM log_lines WHERE invocation = 'id-75'", "line 75"),
        ("SELECT at FROM log_lines ORDER BY key, seq", "2023-11-14T22:13:20.500000Z"),
        (
            "SELECT count(*) FROM log_lines JOIN invocations ON id = invocation WHERE invocations.function = 'odd'",
            "2"
        ),
        ("SELECT count(*) FROM functions", "0"),
        ("SELECT count(*) FROM versions", "0"),
        ("SELECT count(*) FROM gaps", "0"),
        ("SELECT p50(totalUs) FROM invocations", "49"),
        ("SELECT p99(totalUs) FROM invocations", "98"),
        ("SELECT p999(totalUs) FROM invocations", "99"),
        ("SELECT percentile(totalUs, 0) FROM invocations", "0"),
        ("SELECT percentile(totalUs, 100) FROM invocations WHERE function = 'even'", "98"),
        ("SELECT p50(totalUs + 0.5) FROM invocations", "49.5"),
        ("SELECT p50(1) FROM invocations WHERE function = 'none'", "NULL"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n",
            "45"
        ),
        ("SELECT count(*) FROM invocations AS a JOIN invocations AS b ON a.id = b.id", "100"),
    ])
    func `a statement is answered`(_ sql: String, _ expected: String) throws {
        let value = try rows(sql).first?.first
        let text =
            switch value {
            case .integer(let value)?: String(value)
            case .real(let value)?: String(value)
            case .text(let value)?: value
            case .null?: "NULL"
            default: "\(String(describing: value))"
            }
        #expect(text == expected)
    }

    @Test func `percentiles of many values are near`() throws {
        let sql = """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
            SELECT p50(i), p99(i), percentile(-i, 1) FROM n
            """
        let row = try #require(try rows(sql).first)
        guard case .integer(let middle) = row[0], case .integer(let high) = row[1],
            case .integer(let low) = row[2]
        else {
            Issue.record("no integers")
            return
        }
        #expect(abs(middle - 100_000) < 500)
        #expect(abs(high - 198_000) < 1_000)
        #expect(abs(low + 198_000) < 1_000)
    }

    @Test(arguments: [
        "INSERT INTO gaps VALUES (1, 2, 3, 4)", "DELETE FROM invocations", "DROP VIEW gaps",
        "UPDATE record_block SET records = 0", "PRAGMA table_list", "PRAGMA writable_schema = 1",
        "ATTACH ':memory:' AS x", "DETACH control", "VACUUM", "BEGIN", "COMMIT", "ROLLBACK",
        "CREATE TEMP TABLE t (x)", "CREATE TABLE t (x)", "REINDEX", "ANALYZE", "SAVEPOINT x",
        "SELECT * FROM record_block", "SELECT * FROM main.record_data",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM temp.sqlite_master", "SELECT * FROM control.function",
        "SELECT * FROM control.module", "SELECT configuration FROM control.version",
        "SELECT * FROM asyncCall", "SELECT * FROM pragma_database_list", "SELECT * FROM dbstat",
        "SELECT * FROM sqlite_stmt", "SELECT * FROM text_1", "SELECT load_extension('x')",
        "SELECT zeroblob(1000000)", "EXPLAIN SELECT 1; SELECT 2", "SELECT 1; SELECT 2", "", ";",
        "SELECT missing FROM invocations", "SELEC 1", "SELECT p50()", "SELECT 1 WHERE ?",
        "SELECT percentile(totalUs, 101) FROM invocations",
        "WITH x AS (SELECT * FROM gap) SELECT * FROM x",
        "SELECT count(*) FROM control.AsyncCall", "SELECT 1 FROM record_data",
        "SELECT count(*) FROM dbstat", "SELECT count(*) FROM sqlite_master",
        "SELECT * FROM invocations('a')", "SELECT fts5(1)", "SELECT printf('%.1000000000c', 'x')",
        "SELECT FORMAT('%1000000000d', 1)",
        "WITH gaps AS (SELECT * FROM record_block) SELECT * FROM gaps",
        "WITH functions AS (SELECT configuration FROM control.version) SELECT * FROM functions",
        "WITH versions AS (SELECT bytes FROM control.module) SELECT * FROM versions",
        "WITH gaps AS (SELECT * FROM asyncCall) SELECT * FROM gaps",
        "SELECT * FROM (SELECT configuration FROM control.version) AS versions",
    ])
    func `what is no query over the views is refused`(_ sql: String) throws {
        #expect(failure(sql)?.kind == .invalid)
        // Nothing has changed.
        #expect(try rows("SELECT count(*) FROM invocations") == [[.integer(100)]])
    }

    @Test func `an error says where it is`() {
        let error = failure("SELECT missing FROM invocations")
        #expect(error?.message == "no such column: missing")
        #expect(error?.offset == 7)
    }

    @Test func `parameters are values`() throws {
        #expect(
            try rows("SELECT ?, ?2, ?, ?", [.text("'"), .integer(7), .null, .real(1.5)])
                == [[.text("'"), .integer(7), .null, .real(1.5)]]
        )
        #expect(throws: QueryError.self) { try rows("SELECT 1", [.null]) }
    }

    @Test func `columns have names and types`() throws {
        let answer = try log.store.query(
            InvocationQuery(sql: "SELECT id, totalUs AS t, 1 + 1 FROM invocations LIMIT 1")
        )
        #expect(answer.columns.map(\.name) == ["id", "t", "1 + 1"])
        #expect(answer.columns.map(\.type) == ["TEXT", "INTEGER", nil])
    }

    @Test func `rows beyond the limit are left out, and that is said`() throws {
        let all = "SELECT id FROM invocations"
        let exact = try log.store.query(InvocationQuery(sql: all, rowLimit: 100))
        #expect(exact.rows.count == 100)
        #expect(!exact.isTruncated)
        let cut = try log.store.query(InvocationQuery(sql: all, rowLimit: 99))
        #expect(cut.rows.count == 99)
        #expect(cut.isTruncated)
        var limits = InvocationQuery.Limits()
        limits.answerBytesMax = 100
        #expect(try log.store.query(InvocationQuery(sql: all), limits: limits).isTruncated)
    }

    private let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"

    @Test func `a statement ends when its time is over`() {
        var limits = InvocationQuery.Limits()
        limits.timeoutMilliseconds = 50
        let counting = failure("\(endless) SELECT count(*) FROM n", limits)
        #expect(counting?.kind == .timeout, "\(String(describing: counting))")
        let join = "SELECT count(*) FROM invocations a, invocations b, invocations c, invocations d"
        #expect(failure(join, limits)?.kind == .timeout)
    }

    @Test func `a statement ends when it takes too much memory`() {
        var limits = InvocationQuery.Limits()
        limits.memoryBytesMax = 4 << 20
        limits.timeoutMilliseconds = 30_000
        let sort = "\(endless) SELECT i, hex(hex(hex(hex(i)))) AS x FROM n ORDER BY x"
        #expect(failure(sort, limits)?.kind == .memory)
    }

    @Test func `gaps are rows of a view`() throws {
        var limits = InvocationStore.Limits()
        limits.ringLogBytes = 1
        let log = try LogFixture(limits)
        _ = try DeploymentStore(folder: log.folder)
        var large = makeRecord("large")
        large.lines = [LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: "xx")]
        log.add([makeRecord("1"), large])
        let answer = try log.store.query(
            InvocationQuery(sql: "SELECT dropped, since <= at, length(at) FROM gaps")
        )
        #expect(answer.rows == [[.integer(1), .integer(1), .integer(27)]])
        let page = try log.store.logs(tail: 10)
        guard case .gap(let gap)? = page.items.last else {
            Issue.record("no gap in \(page.items)")
            return
        }
        #expect(gap.dropped == 1)
    }
}
