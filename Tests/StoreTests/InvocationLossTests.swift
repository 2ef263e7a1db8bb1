import Foundation
import Store
import Synchronization
import Testing

struct InvocationLossTests {
    private final class Reports: Sendable {
        let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    private func now(_ id: String, lines: [String] = []) -> InvocationRecord {
        var record = makeRecord(id)
        record.startedAt = .now()
        record.lines = lines.enumerated().map { index, text in
            LogLine(sequence: Int32(index), atMicroseconds: 0, stream: .stdout, text: text)
        }
        return record
    }

    /// A store whose writer drains only when it is told to.
    private func makeSlowLimits(ringRecords: Int) -> InvocationStore.Limits {
        var limits = InvocationStore.Limits()
        limits.commitMilliseconds = 3_600_000
        limits.ringRecords = ringRecords
        return limits
    }

    @Test func `a full ring drops, counts and leaves a gap`() throws {
        // Half full wakes the writer, so the batch must fit between two looks at the ring: one
        // record larger than the ring's bytes is dropped whatever the writer does.
        var limits = makeSlowLimits(ringRecords: 100)
        limits.ringLogBytes = 10
        let log = try LogFixture(limits)
        #expect(log.ring.append(now("fits", lines: ["12345", "67890"])))
        log.store.flush()
        #expect(!log.ring.append(now("large", lines: ["12345", "678901"])))
        log.store.flush()
        #expect(log.store.statistics() == .init(appended: 2, stored: 1, dropped: 1))
        let page = try log.store.invocations()
        #expect(page.records.map(\.id) == ["fits"])
        #expect(page.gaps.map(\.dropped) == [1])
    }

    @Test func `what is appended is stored or dropped (hammer)`() async throws {
        let temporary = TemporaryFolder()
        var limits = InvocationStore.Limits()
        limits.ringRecords = 64
        limits.commitMilliseconds = 1
        let store = try InvocationStore(folder: temporary.open(), limits: limits) { _ in }
        let perTask = 5_000
        let accepted = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                let ring = store.makeRing()
                let record = now("\(task)")
                group.addTask {
                    var accepted = 0
                    for _ in 0..<perTask where ring.append(record) { accepted += 1 }
                    return accepted
                }
            }
            return await group.reduce(0, +)
        }
        store.flush()
        let statistics = store.statistics()
        #expect(statistics.appended == 4 * perTask)
        #expect(statistics.stored == accepted)
        #expect(statistics.stored + statistics.dropped == statistics.appended)
        let file = try #require(store.file)
        #expect(try file.executeOnWriter("SELECT sum(records) FROM record_block") == "\(accepted)")
        let told = try file.executeOnWriter("SELECT coalesce(sum(dropped), 0) FROM gap")
        #expect(told == "\(statistics.dropped)")
    }

    @Test func `a full disk loses records but neither callers nor counts`() throws {
        let temporary = TemporaryFolder()
        let reports = Reports()
        var limits = InvocationStore.Limits()
        limits.databaseBytesMax = 64 * 4_096
        let store = try InvocationStore(folder: temporary.open(), limits: limits) {
            reports.add($0)
        }
        let ring = store.makeRing()
        let text = String(repeating: "-", count: 100_000)
        for number in 0..<5 {
            #expect(ring.append(now("\(number)", lines: [text])))
            store.flush()
        }
        let full = store.statistics()
        #expect(full.appended == 5)
        #expect((1..<5).contains(full.stored))
        #expect(full.stored + full.dropped == 5)
        #expect(reports.all.count == 1)
        #expect(reports.all.first?.contains("full") == true)

        // There is room for a small record, and then the gap is told.
        #expect(ring.append(now("small")))
        store.flush()
        let page = try store.invocations()
        #expect(page.records.first?.id == "small")
        #expect(page.gaps.map(\.dropped).reduce(0, +) == full.dropped)
    }

    @Test func `a damaged database is moved aside`() throws {
        let temporary = TemporaryFolder()
        let folder = try temporary.open()
        let garbage = Data(repeating: 0x5a, count: 10_000)
        try garbage.write(to: URL(fileURLWithPath: folder.path(of: "log.db")))
        let store = try InvocationStore(folder: folder) { _ in }
        store.makeRing().append(now("1"))
        store.flush()
        #expect(try store.invocations().records.map(\.id) == ["1"])
        let aside = try Data(contentsOf: URL(fileURLWithPath: folder.path(of: "log.db.broken")))
        #expect(aside == garbage)
    }

    @Test func `a database that cannot be opened costs records only`() throws {
        let temporary = TemporaryFolder()
        let folder = try temporary.open()
        let path = folder.path(of: "log.db")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let reports = Reports()
        let store = try InvocationStore(folder: folder) { reports.add($0) }
        #expect(store.makeRing().append(now("1")))
        store.flush()
        #expect(store.statistics() == .init(appended: 1, stored: 0, dropped: 1))
        #expect(throws: StoreError.self) { try store.invocations() }
        #expect(reports.all.count == 1)
    }

    @Test func `what is appended after the end is dropped and counted`() throws {
        let log = try LogFixture()
        #expect(log.ring.append(now("1")))
        log.store.close()
        #expect(!log.ring.append(now("2")))
        #expect(!log.store.makeRing().append(now("3")))
        log.store.flush()
        #expect(log.store.statistics() == .init(appended: 3, stored: 1, dropped: 2))
    }

    @Test func `readers see whole records while others are stored`() async throws {
        let log = try LogFixture()
        let store = log.store
        let reader = Task.detached {
            while true {
                let records = try store.invocations(limit: 10).records
                for record in records {
                    guard try store.invocation(id: record.id)?.lines.count == 3 else {
                        return false
                    }
                }
                if records.contains(where: { $0.id == "last" }) { return true }
            }
        }
        for number in 0..<500 {
            log.add([now(number == 499 ? "last" : "\(number)", lines: ["1", "2", "3"])])
        }
        #expect(try await reader.value)
    }
}

struct RetentionTests {
    private func count(_ table: String, _ log: LogFixture) throws -> String? {
        try log.store.file?.executeOnWriter("SELECT count(*) FROM \(table)")
    }

    /// Flushes until so many records are left; retention rests for a second when it has nothing to do.
    private func settle(_ log: LogFixture, at count: Int) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try log.ids().count > count, ContinuousClock.now < deadline { log.store.flush() }
    }

    @Test func `old records go with their lines, in slices`() throws {
        var limits = InvocationStore.Limits()
        limits.deletionMilliseconds = 0
        limits.retentionRecords = 10
        let log = try LogFixture(limits)
        let records = (0..<30).map { number in
            var record = makeRecord("\(number)")
            record.startedAt = .now()
            record.lines = [
                LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: "1"),
                LogLine(sequence: 1, atMicroseconds: 0, stream: .stdout, text: "2"),
            ]
            return record
        }
        for start in [0, 10, 20] { log.add(Array(records[start..<start + 10])) }
        try settle(log, at: 10)
        #expect(try log.ids() == (20..<30).reversed().map(String.init))
        #expect(try log.store.logs(tail: 100).entries.count == 20)
    }

    @Test func `records go when their time is over`() throws {
        var limits = InvocationStore.Limits()
        limits.retentionSeconds = 0
        limits.ringLogBytes = 0
        let log = try LogFixture(limits)
        var large = makeRecord("large")
        large.lines = [LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: "x")]
        log.add([makeRecord("1"), makeRecord("2"), large])
        try settle(log, at: 0)
        // Retention rests for a second between runs that had nothing to do.
        let deadline = ContinuousClock.now + .seconds(10)
        while try count("gap", log) != "0", ContinuousClock.now < deadline { log.store.flush() }
        #expect(try log.ids() == [])
        #expect(try count("gap", log) == "0")
    }

    @Test func `records go when the database is too big`() throws {
        var limits = InvocationStore.Limits()
        limits.retentionBytes = 400_000
        limits.deletionMilliseconds = 0
        let log = try LogFixture(limits)
        for number in 0..<20 {
            var record = makeRecord("\(number)")
            record.startedAt = .now()
            let text = String(repeating: "-", count: 50_000)
            record.lines = [LogLine(sequence: 0, atMicroseconds: 0, stream: .stdout, text: text)]
            log.add([record])
        }
        let deadline = ContinuousClock.now + .seconds(10)
        while try log.ids().count > 7, ContinuousClock.now < deadline { log.store.flush() }
        let ids = try log.ids()
        #expect((3...7).contains(ids.count))
        #expect(ids.first == "19")
    }
}
