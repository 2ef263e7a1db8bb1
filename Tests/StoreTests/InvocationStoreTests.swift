import Foundation
import Store
import Synchronization
import Testing

/// An open store with one ring, on a folder that is removed afterwards.
struct LogFixture {
    let temporary = TemporaryFolder()
    let folder: DataFolder
    let store: InvocationStore
    let ring: InvocationRing

    init(_ limits: InvocationStore.Limits = .init()) throws {
        folder = try temporary.open()
        store = try InvocationStore(folder: folder, limits: limits) { _ in }
        ring = store.makeRing()
    }

    /// Stores records in the order given.
    func add(_ records: [InvocationRecord]) {
        for record in records { ring.append(record) }
        store.flush()
    }

    func ids(
        limit: Int = 100,
        _ configure: (inout InvocationStore.Filter) -> Void = { _ in }
    ) throws -> [String] {
        var filter = InvocationStore.Filter()
        configure(&filter)
        return try store.invocations(filter, limit: limit).records.map(\.id)
    }
}

/// A record that started `seconds` after a fixed moment.
func makeRecord(_ id: String, at seconds: Int64 = 0, function: String = "hello") -> InvocationRecord
{
    InvocationRecord(
        id: RecordIdentifier(id),
        function: function,
        version: 1,
        startedAt: Timestamp(microseconds: 1_700_000_000_000_000 + seconds * 1_000_000),
        method: "GET",
        path: "/",
        status: 200
    )
}

struct InvocationStoreTests {
    private var fullRecord: InvocationRecord {
        InvocationRecord(
            id: "0190-full",
            function: "hello",
            version: 7,
            startedAt: Timestamp(microseconds: 1_700_000_000_000_001),
            alias: "live",
            trigger: .async,
            method: "POST",
            path: "/a?b=ü",
            status: 502,
            outcome: .badOutput,
            start: .compiled,
            queueMicroseconds: 1,
            startMicroseconds: 2,
            guestMicroseconds: 3,
            totalMicroseconds: 4,
            fuel: .max,
            memoryPeakBytes: 5,
            bytesIn: 6,
            bytesOut: 7,
            trace: TraceIdentifier("4bf92f3577b34da6a3ce929d0e0e4736"),
            error: "no header",
            trapReport: #"{"kind":"unreachable"}"#,
            lines: [
                LogLine(sequence: 0, atMicroseconds: 10, stream: .stderr, text: "one\u{0}two"),
                LogLine(sequence: 1, atMicroseconds: 20, stream: .platform, text: ""),
            ],
            linesTruncated: true
        )
    }

    @Test func `a record is read back as it was`() throws {
        let log = try LogFixture()
        log.add([fullRecord, makeRecord("empty")])
        #expect(try log.store.invocation(id: "0190-full") == fullRecord)
        #expect(try log.store.invocation(id: "empty") == makeRecord("empty"))
        #expect(try log.store.invocation(id: "none") == nil)
        var listed = fullRecord
        listed.lines = []
        listed.trapReport = nil
        #expect(try log.store.invocations().records == [makeRecord("empty"), listed])
    }

    @Test func `the newest of several records with one id is found`() throws {
        let log = try LogFixture()
        log.add([makeRecord("same", at: 1), makeRecord("same", at: 2)])
        let found = try log.store.invocation(id: "same")
        #expect(found?.startedAt == makeRecord("same", at: 2).startedAt)
    }

    @Test func `records outlive the store`() throws {
        let temporary = TemporaryFolder()
        let folder = try temporary.open()
        do {
            let store = try InvocationStore(folder: folder) { _ in }
            store.makeRing().append(makeRecord("kept"))
            store.close()
            #expect(throws: StoreError.unavailable("closed")) { try store.invocations() }
        }
        let store = try InvocationStore(folder: folder) { _ in }
        #expect(try store.invocations().records.map(\.id) == ["kept"])
    }

    @Test func `a connection that reads cannot write`() throws {
        let log = try LogFixture()
        let file = try #require(log.store.file)
        #expect(throws: StoreError.self) { try file.executeOnReader("DELETE FROM record_block") }
        #expect(throws: StoreError.self) {
            try file.executeOnReader("PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE gap")
        }
        #expect(try file.executeOnWriter("PRAGMA synchronous") == "1")
    }

    @Test func `each filter selects`() throws {
        let log = try LogFixture()
        var records = (0..<6).map { makeRecord("\($0)", at: Int64($0)) }
        records[1].function = "other"
        records[2].version = 2
        records[3].outcome = .trap
        records[3].error = "trap: Unreachable at 100%"
        records[4].status = 404
        records[4].start = .fresh
        records[5].totalMicroseconds = 5_000
        records[5].lines = [
            LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: "Hello_World")
        ]
        log.add(records)
        let all = ["5", "4", "3", "2", "1", "0"]
        #expect(try log.ids() == all)
        #expect(try log.ids { $0.function = "other" } == ["1"])
        #expect(try log.ids { $0.version = 2 } == ["2"])
        #expect(try log.ids { $0.outcome = .trap } == ["3"])
        #expect(try log.ids { $0.status = 404 } == ["4"])
        #expect(try log.ids { $0.start = .fresh } == ["4"])
        #expect(try log.ids { $0.minimumMicroseconds = 5_000 } == ["5"])
        #expect(try log.ids { $0.minimumMicroseconds = 5_001 } == [])
        #expect(try log.ids { $0.text = "hello" } == ["5"])
        #expect(try log.ids { $0.text = "wor*" } == ["5"])
        #expect(try log.ids { $0.text = "\"unreachable at 100\"" } == ["3"])
        #expect(try log.ids { $0.text = "hello NOT world" } == [])
        #expect(try log.ids { $0.since = records[4].startedAt } == ["5", "4"])
        #expect(try log.ids { $0.until = records[2].startedAt } == ["1", "0"])
        #expect(
            try log.ids {
                $0.since = records[1].startedAt
                $0.until = records[5].startedAt
                $0.function = "hello"
                $0.status = 200
                $0.version = 1
            } == ["3"]
        )
    }

    @Test(arguments: [1, 2, 3, 20])
    func `what is in many blocks is found as in one`(_ size: Int) throws {
        let log = try LogFixture()
        let records = (0..<20).map { number in
            var record = makeRecord("\(number)", function: number % 2 == 0 ? "a" : "b")
            record.status = number % 5 == 0 ? 500 : 200
            return record
        }
        for start in stride(from: 0, to: 20, by: size) {
            log.add(Array(records[start..<min(20, start + size)]))
        }
        #expect(try log.ids { $0.status = 500 } == ["15", "10", "5", "0"])
        #expect(try log.ids(limit: 3) { $0.status = 500 } == ["15", "10", "5"])
        #expect(
            try log.ids {
                $0.status = 500
                $0.function = "a"
            } == ["10", "0"]
        )
    }

    @Test func `a search that is out of time hands out a cursor to go on`() throws {
        var limits = InvocationStore.Limits()
        limits.scanMilliseconds = 0
        let log = try LogFixture(limits)
        // Both halves of the condition hold in each block, but never of one record.
        for number in 0..<5 {
            var records = [makeRecord("\(number)"), makeRecord("\(number)b")]
            records[0].error = "text"
            records[1].status = 404
            log.add(records)
        }
        var filter = InvocationStore.Filter()
        filter.text = "text"
        filter.status = 404
        var cursor: String?
        var pages = 0
        repeat {
            let page = try log.store.invocations(filter, limit: 5, cursor: cursor)
            #expect(page.records.isEmpty)
            cursor = page.nextCursor
            #expect((page.searchedTo == nil) == (cursor == nil))
            pages += 1
        } while cursor != nil && pages < 20
        #expect(pages == 6)
        filter.status = 200
        let full = try log.store.invocations(filter, limit: 1)
        #expect(full.records.map(\.id) == ["4"])
        #expect(full.searchedTo == nil)
    }

    @Test func `pages neither repeat nor miss records while others are stored`() throws {
        let log = try LogFixture()
        log.add((0..<25).map { makeRecord("\($0)") })
        var seen: [String] = []
        var cursor: String?
        repeat {
            let page = try log.store.invocations(limit: 4, cursor: cursor)
            #expect(page.records.count == min(4, 25 - seen.count))
            seen += page.records.map(\.id)
            cursor = page.nextCursor
            // Stored later, though it started earlier than all others.
            log.add([makeRecord("late", at: -1_000)])
        } while cursor != nil
        #expect(seen == (0..<25).reversed().map(String.init))
    }

    @Test func `a page that ends with the last record has no next one`() throws {
        let log = try LogFixture()
        log.add((0..<4).map { makeRecord("\($0)") })
        #expect(try log.store.invocations(limit: 4).nextCursor == nil)
        #expect(try log.store.invocations(limit: 3).nextCursor != nil)
    }

    @Test(arguments: ["", "p", "x1", "p+1", "p!", "l1.2", "pzzzzzzzzzzzzzzzzzzzzz"])
    func `a cursor of one's own making is refused`(_ cursor: String) throws {
        let log = try LogFixture()
        #expect(throws: StoreError.invalidCursor) { try log.store.invocations(cursor: cursor) }
    }

    @Test(arguments: ["", "l", "l1", "p1", "l1.", "l.1", "l1.2.3", "l1.!"])
    func `a log cursor of one's own making is refused`(_ cursor: String) throws {
        let log = try LogFixture()
        #expect(throws: StoreError.invalidCursor) {
            try log.store.logs(tail: 1, after: cursor)
        }
    }
}

struct LogTests {
    private func lines(_ texts: [String], from sequence: Int32 = 0) -> [LogLine] {
        texts.enumerated().map { index, text in
            LogLine(
                sequence: sequence + Int32(index),
                atMicroseconds: Int64(index) * 500_000,
                stream: .stderr,
                text: text
            )
        }
    }

    private func of(_ function: String?) -> InvocationStore.Filter {
        var filter = InvocationStore.Filter()
        filter.function = function
        return filter
    }

    private func makeLog() throws -> LogFixture {
        let log = try LogFixture()
        var records = [
            makeRecord("1", at: 1, function: "a"), makeRecord("2", at: 2, function: "b"),
            makeRecord("3", at: 3, function: "a"), makeRecord("4", at: 4, function: "a"),
        ]
        records[0].lines = lines(["a1", "a2", "a3"])
        records[1].lines = lines(["b1"])
        records[3].lines = lines(["a4", "a5"])
        log.add(records)
        return log
    }

    @Test func `the tail of a log is in order`() throws {
        let store = try makeLog().store
        let texts = { (function: String?, tail: Int) in
            try store.logs(of(function), tail: tail).entries.map(\.line.text)
        }
        #expect(try texts("a", 3) == ["a3", "a4", "a5"])
        #expect(try texts("a", 100) == ["a1", "a2", "a3", "a4", "a5"])
        #expect(try texts("a", 0) == [])
        #expect(try texts("c", 10) == [])
        #expect(try texts(nil, 4) == ["a3", "b1", "a4", "a5"])
    }

    @Test func `an entry names its invocation and its time`() throws {
        let entry = try #require(try makeLog().store.logs(of("a"), tail: 1).entries.first)
        #expect(entry.invocation == "4")
        #expect(entry.function == "a")
        #expect(entry.version == 1)
        #expect(entry.at.microseconds == 1_700_000_004_500_000)
        #expect(entry.line.stream == .stderr)
    }

    @Test(arguments: ["a", nil])
    func `lines from before a time are left out`(_ function: String?) throws {
        let since = Timestamp(microseconds: 1_700_000_002_000_000)
        var filter = of(function)
        filter.since = since
        let page = try makeLog().store.logs(filter, tail: 10)
        let expected = function == nil ? ["a3", "b1", "a4", "a5"] : ["a3", "a4", "a5"]
        #expect(page.entries.map(\.line.text) == expected)
    }

    @Test(arguments: [1, 2, 3, 10], ["a", nil])
    func `a log is followed without gaps`(_ size: Int, _ function: String?) throws {
        let log = try makeLog()
        var cursor = try log.store.logs(of(function), tail: 0).cursor
        var more = makeRecord("5", function: "a")
        more.lines = lines(["a6", "a7", "a8"])
        log.add([more, makeRecord("6", function: "a")])
        var last = makeRecord("7", function: "a")
        last.lines = lines(["a9"])
        log.add([last])

        var seen: [String] = []
        while true {
            let page = try log.store.logs(of(function), tail: size, after: cursor)
            if page.entries.isEmpty { break }
            #expect(page.entries.count <= size)
            seen += page.entries.map(\.line.text)
            cursor = page.cursor
        }
        #expect(seen == ["a6", "a7", "a8", "a9"])
    }

    @Test func `an empty log can be followed`() throws {
        let log = try LogFixture()
        let start = try log.store.logs(of("a"), tail: 10)
        #expect(start.entries.isEmpty)
        var record = makeRecord("1", function: "a")
        record.startedAt = .now()
        record.lines = lines(["a1"])
        log.add([record])
        let page = try log.store.logs(of("a"), tail: 10, after: start.cursor)
        #expect(page.entries.map(\.line.text) == ["a1"])
    }
}
