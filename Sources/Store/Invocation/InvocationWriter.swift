internal import Dispatch
internal import GRDB
internal import Linux
internal import Synchronization

/// The one thread that writes `log.db`: drains the rings, commits, deletes what is too old.
final class InvocationWriter {
    private let queue: InvocationQueue
    private let database: InvocationDatabase
    private let limits: InvocationStore.Limits
    private var losses: LossReport
    private var lastKey = RecordKey(rawValue: 0)
    private var maximumLag: Int64 = 0
    private var retention: Retention
    // Whether the state above was read from the database that is open now.
    private var isPrepared = false
    // Records dropped that no gap row tells of yet, and those that rings had dropped before.
    private var untoldDrops = 0
    private var toldRingDrops = 0
    private var nextOpening: UInt64 = 0

    init(
        queue: InvocationQueue,
        database: InvocationDatabase,
        limits: InvocationStore.Limits,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.queue = queue
        self.database = database
        self.limits = limits
        losses = LossReport(report: report)
        retention = Retention(limits: limits)
    }

    /// Runs until the queue is stopped and everything in the rings is dealt with.
    func run() {
        var isStopping = false
        var wait = Int32(clamping: limits.commitMilliseconds)
        while !isStopping {
            queue.wakeup.wait(timeoutMilliseconds: wait)
            let orders = queue.takeOrders()
            isStopping = orders.isStopping
            drain(shutting: isStopping)
            let hasMoreToDelete = deleteExpired()
            wait = hasMoreToDelete ? 0 : Int32(clamping: limits.commitMilliseconds)
            losses.reportIfDue()
            for waiter in orders.waiters { waiter.signal() }
        }
        database.close(reason: "closed")
        for waiter in queue.finish() { waiter.signal() }
    }

    private func drain(shutting: Bool) {
        let rings = queue.allRings
        var batches: [[InvocationRecord]] = []
        batches.reserveCapacity(rings.count)
        var count = 0
        var ringDrops = 0
        for ring in rings {
            if shutting { ring.shut() }
            let batch = ring.drain()
            count += batch.count
            batches.append(batch)
            ringDrops += ring.counts.dropped
        }
        let newDrops = ringDrops - toldRingDrops
        toldRingDrops = ringDrops
        untoldDrops += newDrops
        losses.add(newDrops, reason: "the rings were full")
        if count > 0 || untoldDrops > 0 {
            commit(batches, count: count, rings)
        }
        for ring in rings.reversed() {
            if let batch = batches.popLast() { ring.recycle(batch) }
        }
    }

    private func commit(
        _ batches: [[InvocationRecord]],
        count: Int,
        _ rings: [InvocationRing]
    ) {
        do {
            let file = try openDatabase()
            var key = lastKey
            var lag = maximumLag
            try file.write { database in
                let now = Timestamp.now()
                let batch = InvocationBatch(now: now) {
                    // Who yields gets little of a processor that others want all the time: records must not be lost for it.
                    !rings.contains(where: \.isFillingUp)
                }
                try batch.insert(batches, into: database, key: &key, lag: &lag)
                if lag > maximumLag {
                    try database.execute(
                        sql: "UPDATE property SET value = ? WHERE name = 'maximumLag'",
                        arguments: [lag]
                    )
                }
                if untoldDrops > 0 {
                    key = key.next(now: now, startedAt: now)
                    try database.execute(
                        sql: "INSERT INTO gap (key, dropped) VALUES (?, ?)",
                        arguments: [key.rawValue, untoldDrops]
                    )
                }
            }
            lastKey = key
            maximumLag = lag
            untoldDrops = 0
            retention.recordCount += count
            queue.stored.add(count, ordering: .releasing)
        } catch {
            let error = StoreError(error)
            untoldDrops += count
            queue.lost.add(count, ordering: .releasing)
            losses.add(count, reason: "\(error)")
            if database.recover(from: error) { isPrepared = false }
        }
    }

    /// The open database with `lastKey` and the counts read from it; tries to open it once a
    /// second.
    private func openDatabase() throws(StoreError) -> DatabaseFile {
        if database.file == nil {
            let now = Monotonic.now()
            if now >= nextOpening {
                nextOpening = now &+ 1_000_000_000
                database.open()
            }
        }
        guard let file = database.file else {
            throw .unavailable(queue.unavailability.withLock { $0 })
        }
        guard !isPrepared else { return file }
        let last: Int64
        (last, maximumLag, retention.recordCount) = try file.read { database in
            (
                try Int64.fetchOne(
                    database,
                    sql: """
                        SELECT max(coalesce((SELECT max(key) FROM invocation), 0),
                            coalesce((SELECT max(key) FROM gap), 0))
                        """
                ) ?? 0,
                try InvocationSchema.maximumLag(database),
                try Int.fetchOne(database, sql: "SELECT count(*) FROM invocation") ?? 0
            )
        }
        // Keys that were handed out as cursors stay in the past even if all records are gone.
        lastKey = max(lastKey, RecordKey(rawValue: last))
        isPrepared = true
        return file
    }

    private func deleteExpired() -> Bool {
        guard retention.isDue(at: Monotonic.now()) else { return false }
        do {
            return try retention.deleteSlice(from: try openDatabase())
        } catch {
            losses.note("retention: \(error)")
            if database.recover(from: StoreError(error)) { isPrepared = false }
            return false
        }
    }
}

/// Tells the operator about losses, but not about each.
struct LossReport {
    private let report: @Sendable (String) -> Void
    private var count = 0
    private var reason: String?
    private var nextReport: UInt64 = 0

    private static let periodNanoseconds: UInt64 = 10_000_000_000

    init(report: @escaping @Sendable (String) -> Void) {
        self.report = report
    }

    mutating func add(_ count: Int, reason: String) {
        guard count > 0 else { return }
        self.count += count
        self.reason = reason
    }

    mutating func note(_ reason: String) {
        self.reason = reason
    }

    /// Reports the first loss at once, and then at most one line in ten seconds.
    mutating func reportIfDue() {
        guard let reason, Monotonic.now() >= nextReport else { return }
        nextReport = Monotonic.now() &+ Self.periodNanoseconds
        report("invocation log: \(count) records dropped: \(reason)")
        count = 0
        self.reason = nil
    }
}
