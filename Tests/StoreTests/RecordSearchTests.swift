import Foundation
import Store
import Testing

/// Searching in many blocks, with everything that changes them.
struct RecordSearchTests {
    private func logged(_ id: String, _ text: String, function: String = "hello")
        -> InvocationRecord
    {
        var record = makeRecord(id, function: function)
        record.lines = [LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: text)]
        return record
    }

    private func blockCount(_ log: LogFixture) throws -> Int {
        let file = try #require(log.store.file)
        let count = try file.executeOnWriter("SELECT count(*) FROM record_block")
        return count.flatMap(Int.init) ?? 0
    }

    @Test func `few records at a time end up in large blocks`() throws {
        let log = try LogFixture()
        for number in 0..<300 { log.add([logged("\(number)", "line \(number)")]) }
        log.store.flush()
        #expect(try blockCount(log) < 40)
        #expect(try log.ids(limit: 1_000) == (0..<300).reversed().map(String.init))
        for id in ["0", "17", "255", "299"] {
            #expect(try log.store.invocation(id: id)?.lines.map(\.text) == ["line \(id)"])
        }
        #expect(
            try log.store.logs(tail: 300).entries.map(\.invocation) == (0..<300).map(String.init)
        )
        #expect(try log.ids { $0.text = "line 17" } == ["17"])
    }

    @Test func `texts are found by words, phrases, beginnings and what they lack`() throws {
        let log = try LogFixture()
        for number in 0..<40 {
            log.add([
                logged("\(number)", number % 10 == 3 ? "Payment failed" : "payment of \(number)")
            ])
        }
        let failed = ["33", "23", "13", "3"]
        #expect(try log.ids { $0.text = "failed" } == failed)
        #expect(try log.ids { $0.text = "fail*" } == failed)
        #expect(try log.ids { $0.text = "\"payment failed\"" } == failed)
        #expect(try log.ids { $0.text = "payment NOT of" } == failed)
        #expect(try log.ids { $0.text = "failed OR 7" } == ["33", "23", "13", "7", "3"])
        #expect(try log.ids(limit: 2) { $0.text = "failed" } == ["33", "23"])
        #expect(
            try log.ids {
                $0.text = "payment"
                $0.function = "other"
            } == []
        )
    }

    @Test func `a text and another condition are found together`() throws {
        let log = try LogFixture()
        for number in 0..<60 {
            var record = logged("\(number)", number % 7 == 0 ? "needle" : "hay")
            record.status = number % 5 == 0 ? 500 : 200
            log.add([record])
        }
        #expect(
            try log.ids {
                $0.text = "needle"
                $0.status = 500
            } == ["35", "0"]
        )
    }

    @Test(arguments: [1, 16, 17, 60])
    func `a text is found whether few or many records of a block pass`(_ count: Int) throws {
        let log = try LogFixture()
        for part in 0..<3 {
            log.add(
                (0..<120).map { index in
                    var record = logged("\(part).\(index)", index % 3 == 0 ? "needle" : "hay")
                    record.status = index < count ? 500 : 200
                    return record
                }
            )
        }
        let expected = (0..<3).reversed().flatMap { part in
            (0..<count).reversed().filter { $0 % 3 == 0 }.map { "\(part).\($0)" }
        }
        #expect(
            try log.ids(limit: 1_000) {
                $0.text = "needle"
                $0.status = 500
            } == expected
        )
    }

    @Test(arguments: ["\"open", "a AND", "(", "a-b", "nocolumn:a", "*", "", "^"])
    func `a search that is malformed says so`(_ text: String) throws {
        let log = try LogFixture()
        var filter = InvocationStore.Filter()
        filter.text = text
        do {
            _ = try log.store.invocations(filter)
            // Some of these are searches for nothing.
            #expect(["", "^", "*"].contains(text))
        } catch {
            guard case .invalidSearch = error else {
                Issue.record("\(text): \(error)")
                return
            }
        }
    }

    @Test func `the text index keeps up with retention`() throws {
        var limits = InvocationStore.Limits()
        limits.retentionRecords = 50
        limits.retentionBytes = 32 << 16
        let log = try LogFixture(limits)
        let text = String(repeating: "word ", count: 2_000)
        for number in 0..<100 { log.add([logged("\(number)", "\(text) \(number)")]) }
        for _ in 0..<50 { log.store.flush() }
        let deadline = ContinuousClock.now + .seconds(10)
        let file = try #require(log.store.file)
        while try file.executeOnWriter("SELECT min(number) FROM text_index") == "1",
            ContinuousClock.now < deadline
        {
            log.store.flush()
        }
        #expect(try file.executeOnWriter("SELECT min(number) FROM text_index") != "1")
        #expect(try log.ids { $0.text = "99" } == ["99"])
        #expect(try log.ids { $0.text = "0" } == [])
    }

    @Test func `records of an earlier program are moved into blocks`() throws {
        let temporary = TemporaryFolder()
        let folder = try temporary.open()
        do {
            let store = try InvocationStore(folder: folder) { _ in }
            let file = try #require(store.file)
            // The writer drops its own, which are empty, first.
            while try file.executeOnWriter(
                "SELECT count(*) FROM sqlite_master WHERE name = 'invocation'"
            ) != "0" { store.flush() }
            // As that program made them.
            for sql in [
                """
                CREATE TABLE invocation (key INTEGER PRIMARY KEY, id TEXT, function TEXT,
                    version INTEGER, alias TEXT, trigger TEXT, method TEXT, path TEXT,
                    status INTEGER, outcome TEXT, start TEXT, startedAt INTEGER, queueUs INTEGER,
                    startUs INTEGER, guestUs INTEGER, totalUs INTEGER, fuel INTEGER,
                    memoryPeakBytes INTEGER, bytesIn INTEGER, bytesOut INTEGER, traceId TEXT,
                    error TEXT, trapReport TEXT, lineCount INTEGER, linesTruncated INTEGER)
                """,
                """
                CREATE TABLE log_line (invocation INTEGER, seq INTEGER, atUs INTEGER, stream TEXT,
                    text TEXT, PRIMARY KEY (invocation, seq)) WITHOUT ROWID
                """,
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
                INSERT INTO invocation SELECT (unixepoch() * 1000000 - 60000000 + i) * 1024,
                    'old-' || i, 'hello', 1, NULL, 'http', 'GET', '/', 502, 'trap', NULL,
                    unixepoch() * 1000000 - 60000000 + i, 1, 2, 3, 4, 5, 6, 7, 8, NULL, 'broken ' || i,
                    '{}', i % 2, 0 FROM n
                """,
                """
                INSERT INTO log_line SELECT key, 0, 9, 'stdout', 'line of ' || id FROM invocation
                WHERE lineCount > 0
                """,
                "UPDATE text_index SET firstKey = unixepoch() * 1024000000",
            ] { _ = try file.executeOnWriter(sql) }
            store.close()
        }
        let store = try InvocationStore(folder: folder) { _ in }
        let ring = store.makeRing()
        ring.append(makeRecord("new"))
        for _ in 0..<10 { store.flush() }
        let page = try store.invocations(limit: 10_000)
        #expect(page.records.map(\.id) == ["new"] + (1...2_500).reversed().map { "old-\($0)" })
        let record = try #require(try store.invocation(id: "old-7"))
        #expect(record.lines.map(\.text) == ["line of old-7"])
        #expect(record.trapReport == "{}")
        #expect(record.totalMicroseconds == 4)
        var filter = InvocationStore.Filter()
        filter.text = "\"broken 1234\""
        #expect(try store.invocations(filter).records.map(\.id) == ["old-1234"])
        #expect(
            try store.file?.executeOnWriter(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('invocation', 'log_line')"
            ) == "0"
        )
    }

    @Test func `kinds that no record has any more are forgotten`() throws {
        var limits = InvocationStore.Limits()
        limits.retentionRecords = 1
        limits.ringRecords = 100_000
        let log = try LogFixture(limits)
        let file = try #require(log.store.file)
        let deadline = ContinuousClock.now + .seconds(60)
        func flush(until isDone: () throws -> Bool) throws {
            while try !isDone(), ContinuousClock.now < deadline { log.store.flush() }
        }
        func count(_ rows: String) throws -> Int {
            Int(try file.executeOnWriter("SELECT \(rows)") ?? "") ?? 0
        }
        for part in 0..<3 {
            log.add(
                (0..<5_000).map { number in
                    var record = makeRecord("\(part)-\(number)")
                    record.version = part * 5_000 + number + 1
                    return record
                }
            )
            // Retention rests for a second when it has nothing to do.
            try flush { try count("sum(records) FROM record_block") < 5_000 }
        }
        try flush { try count("count(*) FROM record_kind") <= 10_000 }
        #expect(try count("count(*) FROM record_kind") <= 10_000)
        log.add([makeRecord("last")])
        #expect(try log.store.invocation(id: "last")?.version == 1)
        #expect(try log.ids { $0.version = 15_000 } == ["2-4999"])
    }
}

struct SamplingTests {
    @Test(arguments: [0.0, 0.25, 1.0])
    func `a share of the successes is stored, and every failure`(_ share: Double) throws {
        var limits = InvocationStore.Limits()
        limits.sampleSuccesses = share
        let log = try LogFixture(limits)
        let records = (0..<2_000).map { number in
            var record = makeRecord("\(number)")
            if number % 4 == 0 { record.outcome = .trap }
            if number % 4 == 1 { record.status = 503 }
            return record
        }
        for record in records { log.ring.append(record) }
        log.store.flush()
        let statistics = log.store.statistics()
        #expect(statistics.appended == 2_000)
        #expect(statistics.dropped == 0)
        #expect(statistics.stored + statistics.sampledOut == 2_000)
        let kept = statistics.stored - 1_000
        #expect(abs(Double(kept) - share * 1_000) < 100)
        #expect(try log.store.invocations().gaps.isEmpty)
    }

    @Test func `a function's own share comes first`() throws {
        var limits = InvocationStore.Limits()
        limits.sampleSuccesses = 0
        let log = try LogFixture(limits)
        log.ring.append(makeRecord("left out"))
        log.ring.append(makeRecord("kept"), share: 1)
        log.store.flush()
        #expect(try log.ids() == ["kept"])
        #expect(log.store.statistics() == .init(appended: 2, stored: 1, dropped: 0, sampledOut: 1))
    }
}
