import Foundation
import Store

/// Measures what records of calls cost: `record-figures COUNT FOLDER [LINES]`, where one record in LINES has log
/// lines (none when it is 0).
@main
struct RecordFigures {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let count = Int(arguments[1]), count > 0 else {
            let usage = "usage: record-figures COUNT FOLDER [LINES]\n"
            FileHandle.standardError.write(Data(usage.utf8))
            exit(64)
        }
        let lineEvery = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0
        var limits = InvocationStore.Limits()
        limits.retentionRecords = .max
        limits.retentionBytes = 64 << 30
        limits.databaseBytesMax = 64 << 30
        let folder = try DataFolder(path: arguments[2])
        // Queries see its functions too.
        let deployments = try DeploymentStore(folder: folder)
        defer { deployments.close() }
        let store = try InvocationStore(folder: folder, limits: limits) {
            print($0)
        }
        try write(count, lineEvery, to: store, in: arguments[2])
        try measureQueries(of: store, hasLines: lineEvery > 0)
        store.close()
        limits.retentionRecords = count / 2
        try measureRetention(InvocationStore(folder: folder, limits: limits) { print($0) }, count)
    }

    // MARK: - Writing

    private static func write(
        _ count: Int,
        _ lineEvery: Int,
        to store: InvocationStore,
        in folder: String
    ) throws {
        let ring = store.makeRing()
        var maker = UUIDv7Maker()
        var slowest = 0.0
        let before = try writerSeconds()
        let began = Date()
        for start in stride(from: 0, to: count, by: 2_048) {
            let records = (start..<min(count, start + 2_048)).map {
                record($0, of: count, lineEvery, &maker)
            }
            for record in records { ring.append(record) }
            let moment = Date()
            store.flush()
            slowest = max(slowest, Date().timeIntervalSince(moment))
        }
        let seconds = try writerSeconds() - before
        let size = try ["log.db", "log.db-wal"].reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return sum + (attributes[.size] as? Int ?? 0)
        }
        let statistics = store.statistics()
        print(
            "\(statistics.stored) records, \(statistics.dropped) dropped, in",
            format(Date().timeIntervalSince(began)),
            "s: writer \(format(seconds / Double(count) * 1e6)) us of processor time each,",
            "\(size / max(1, count)) bytes each, slowest commit \(format(slowest * 1e3)) ms"
        )
    }

    /// What a busy day may bring: 50 functions, one call in a thousand failed, a few slow ones.
    private static func record(
        _ number: Int,
        of count: Int,
        _ lineEvery: Int,
        _ maker: inout UUIDv7Maker
    ) -> InvocationRecord {
        let function = number % 50
        // As if the last had ended now, 20 us after the one before.
        let age = Int64(count - number) * 20
        let noise = Int64(truncatingIfNeeded: number &* 2_654_435_761) & 0xff
        var record = InvocationRecord(
            id: maker.next(),
            function: "function-\(function)",
            version: 1 + number / (count / 4 + 1),
            startedAt: Timestamp(microseconds: Timestamp.now().microseconds - age),
            alias: "live",
            method: "GET",
            path: "/f/function-\(function)",
            status: 200,
            start: number % 1_000 == 3 ? .fresh : .pooled,
            queueMicroseconds: 5 + noise % 7,
            startMicroseconds: 1,
            guestMicroseconds: 20 + noise,
            totalMicroseconds: number % 100_000 == 7 ? 2_000_000 : 40 + noise,
            fuel: 20_000 + noise % 3,
            memoryPeakBytes: 1 << 20,
            bytesIn: 0,
            bytesOut: 120
        )
        if number % 1_000 == 11 {
            record.outcome = .trap
            record.status = 502
            record.error = "unreachable was executed in order \(number % 7)"
        }
        if lineEvery > 0, number % lineEvery == 0 {
            let texts = [
                "handled payment \(number % 9_973) of customer \(number % 99_991)",
                number % 300_000 == 0 ? "cache miss for the rare needle" : "done in \(noise) ms",
            ]
            record.lines = texts.enumerated().map { index, text in
                LogLine(
                    sequence: Int32(index),
                    atMicroseconds: 30,
                    stream: .stderr,
                    text: text
                )
            }
        }
        return record
    }

    /// The processor time of the thread that writes.
    private static func writerSeconds() throws -> Double {
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") {
            let path = "/proc/self/task/\(task)"
            let name = try String(contentsOfFile: "\(path)/comm", encoding: .utf8)
            guard name == "roost-log\n" else { continue }
            // proc_pid_schedstat: nanoseconds on a processor come first.
            let figures = try String(contentsOfFile: "\(path)/schedstat", encoding: .utf8)
            return Double(figures.split(separator: " ")[0]).map { $0 / 1e9 } ?? 0
        }
        return 0
    }

    /// Deletes half of the records while others are stored, a few at a time.
    private static func measureRetention(_ store: InvocationStore, _ count: Int) throws {
        let ring = store.makeRing()
        var maker = UUIDv7Maker()
        var times: [Double] = []
        var left = count
        repeat {
            for number in 0..<100 { ring.append(record(number, of: 100, 0, &maker)) }
            let began = Date()
            store.flush()
            times.append(Date().timeIntervalSince(began) * 1e3)
            if times.count % 50 == 0 { left = try recordCount(in: store) }
        } while left > count / 2 + 10_000 && times.count < 100_000
        times.sort()
        print(
            "retention: \(count - left) records deleted during \(times.count) commits of 100:",
            "median \(format(times[times.count / 2])) ms, slowest \(format(times[times.count - 1])) ms"
        )
        store.close()
    }

    private static func recordCount(in store: InvocationStore) throws -> Int {
        let answer = try store.query(InvocationQuery(sql: "SELECT count(*) FROM invocations"))
        guard case .integer(let count)? = answer.rows.first?.first else { return 0 }
        return Int(count)
    }

    // MARK: - Reading

    private static func measureQueries(of store: InvocationStore, hasLines: Bool) throws {
        func list(
            _ name: String,
            _ configure: (inout InvocationStore.Filter) -> Void
        ) throws {
            var filter = InvocationStore.Filter()
            configure(&filter)
            var cursor: String?
            try measure(name) {
                let page = try store.invocations(filter, limit: 100)
                cursor = page.searchedTo == nil ? nil : page.nextCursor
                return "\(page.records.count) records" + (cursor == nil ? "" : ", incomplete")
            }
            guard cursor != nil else { return }
            let began = Date()
            var pageCount = 1
            while let next = cursor {
                let page = try store.invocations(filter, limit: 100, cursor: next)
                cursor = page.searchedTo == nil ? nil : page.nextCursor
                pageCount += 1
            }
            let rest = format(Date().timeIntervalSince(began) * 1e3)
            print("  the rest of it: \(rest) ms, \(pageCount) pages in all")
        }
        try list("no filter") { _ in }
        try list("function") { $0.function = "function-7" }
        try list("unknown function") { $0.function = "nothing" }
        try list("version") { $0.version = 1 }
        try list("outcome=trap") { $0.outcome = .trap }
        try list("outcome=timeout (none)") { $0.outcome = .timeout }
        try list("status=502") { $0.status = 502 }
        try list("start=fresh") { $0.start = .fresh }
        try list("minMs=1000") { $0.minimumMicroseconds = 1_000_000 }
        try list("function and outcome") {
            $0.function = "function-11"
            $0.outcome = .trap
        }
        try list("function and minMs (none)") {
            $0.function = "function-11"
            $0.minimumMicroseconds = 1_000_000
        }
        let oldest = try oldestStart(of: store)
        try list("until the first second") {
            $0.until = Timestamp(microseconds: oldest.microseconds + 1_000_000)
        }
        try list("since the last millisecond, function") {
            $0.since = Timestamp(microseconds: Timestamp.now().microseconds - 1_000)
            $0.function = "function-7"
        }
        if hasLines {
            for text in [
                "payment", "needle", "nothing", "pay*", "\"customer 777\"", "payment NOT customer",
                "payment AND needle",
            ] {
                try list("q=\(text)") { $0.text = text }
            }
            try list("q=payment, outcome=trap") {
                $0.text = "payment"
                $0.outcome = .trap
            }
            try list("q=needle, outcome=trap") {
                $0.text = "needle"
                $0.outcome = .trap
            }
            var filter = InvocationStore.Filter()
            filter.function = "function-0"
            try measure("logs of a function") {
                "\(try store.logs(filter, tail: 100).entries.count) lines"
            }
        }
        try measureSingle(of: store)
        for sql in [
            "SELECT count(*) FROM invocations",
            "SELECT function, count(*), p50(totalUs), p99(totalUs) FROM invocations GROUP BY 1",
            "SELECT * FROM invocations WHERE outcome = 'trap' LIMIT 100",
            "SELECT * FROM cold_starts WHERE function = 'function-3' LIMIT 100",
        ] {
            try measure(sql) {
                "\(try store.query(InvocationQuery(sql: sql)).rows.count) rows"
            }
        }
    }

    private static func measureSingle(of store: InvocationStore) throws {
        let oldest = try store.query(
            InvocationQuery(sql: "SELECT id FROM invocations ORDER BY key LIMIT 1")
        )
        guard case .text(let id)? = oldest.rows.first?.first else { return }
        try measure("the oldest record by its id") {
            try store.invocation(id: id) == nil ? "missing" : "found"
        }
        try measure("an unknown id") {
            try store.invocation(id: "unknown") == nil ? "missing" : "found"
        }
    }

    private static func oldestStart(of store: InvocationStore) throws -> Timestamp {
        let answer = try store.query(
            InvocationQuery(sql: "SELECT startedUs FROM invocations ORDER BY key LIMIT 1")
        )
        guard case .integer(let time)? = answer.rows.first?.first else { return .now() }
        return Timestamp(microseconds: time)
    }

    private static func measure(_ name: String, _ body: () throws -> String) throws {
        var times: [Double] = []
        var result = ""
        for _ in 0..<3 {
            let began = Date()
            do {
                result = try body()
            } catch let error as QueryError {
                result = error.message
            }
            times.append(Date().timeIntervalSince(began) * 1e3)
        }
        print("\(name): \(format(times.sorted()[1])) ms (first \(format(times[0]))), \(result)")
    }

    private static func format(_ value: Double) -> String {
        String((value * 100).rounded() / 100)
    }
}
