import Foundation
import Store
import Testing

/// What happens to the log's database while it is in use concerns records only.
struct InvocationIsolationTests {
    private func expectSoon(_ condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try condition() { return }
        }
        Issue.record("it did not happen")
    }

    @Test func `a database whose file is deleted is made anew`() throws {
        let log = try LogFixture()
        log.add([makeRecord("lost")])
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: log.temporary.file("log.db\(suffix)"))
        }
        var count = 0
        try expectSoon {
            count += 1
            log.add([makeRecord("\(count)")])
            return FileManager.default.fileExists(atPath: log.temporary.file("log.db"))
        }
        log.add([makeRecord("kept")])
        #expect(try log.ids(limit: 1) == ["kept"])
        log.store.close()
        // Whoever opens it next finds the same.
        let store = try InvocationStore(folder: log.folder) { _ in }
        #expect(try store.invocations(limit: 1).records.map(\.id) == ["kept"])
    }

    @Test func `a database that is overwritten is moved aside`() throws {
        let log = try LogFixture()
        for number in 0..<100 { log.add([makeRecord("\(number)")]) }
        _ = try log.store.file?.executeOnWriter("PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try #require(FileHandle(forWritingAtPath: log.temporary.file("log.db")))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4_096)
        try file.write(contentsOf: Data(repeating: 0x5a, count: Int(size) - 4_096))
        try file.synchronize()
        // Nobody who appends notices.
        try expectSoon {
            _ = try? log.store.invocations()
            log.add([makeRecord("later")])
            return FileManager.default.fileExists(atPath: log.temporary.file("log.db.broken"))
        }
        log.add([makeRecord("kept")])
        #expect(try log.ids(limit: 1) == ["kept"])
        let statistics = log.store.statistics()
        #expect(statistics.stored + statistics.dropped == statistics.appended)
    }

    @Test func `a block that is damaged has the database moved aside`() throws {
        let log = try LogFixture()
        log.add([makeRecord("1")])
        _ = try log.store.file?.executeOnWriter("UPDATE record_data SET data = x'0102'")
        #expect(throws: StoreError.damagedBlock) { try log.store.invocations() }
        try expectSoon {
            log.store.flush()
            return FileManager.default.fileExists(atPath: log.temporary.file("log.db.broken"))
        }
        log.add([makeRecord("2")])
        #expect(try log.ids() == ["2"])
    }

    @Test func `a disk that is slow costs records beyond the ring, and no time`() throws {
        var limits = InvocationStore.Limits()
        limits.ringRecords = 100
        let log = try LogFixture(limits)
        let file = try #require(log.store.file)
        let statistics = try file.whileWriting {
            // The writer waits for as long as this takes.
            for number in 0..<1_000 { log.ring.append(makeRecord("\(number)")) }
            // Those who read do not.
            _ = try log.store.invocations()
            return log.store.statistics()
        }
        #expect(statistics.appended == 1_000)
        #expect(statistics.dropped >= 800)
        log.store.flush()
        let end = log.store.statistics()
        #expect(end.stored + end.dropped == 1_000)
        #expect(
            try log.store.invocations(limit: 1_000).gaps.map(\.dropped).reduce(0, +) == end.dropped
        )
    }
}
