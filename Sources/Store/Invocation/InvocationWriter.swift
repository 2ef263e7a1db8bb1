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
    private let records: RecordWriter
    private var retention: Retention
    private var hasLegacyRecords = false
    // Whether the state above was read from the database that is open now.
    private var isPrepared = false
    // Records dropped that no gap row tells of yet, and those that rings had dropped before.
    private var untoldDrops = 0
    private var toldRingDrops = 0
    // When everything was stored the last time: a gap begins there.
    private var completeAt = Timestamp.now()
    private var nextOpening: UInt64 = 0
    private var nextLook: UInt64 = 0

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
        records = RecordWriter(limits) {
            // Who yields gets little of a processor that others want all the time: records must not be lost for it.
            if !queue.allRings.contains(where: \.isFillingUp) { Thread.yield() }
        }
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
            let hasMoreToDo = isStopping ? false : maintain()
            wait = hasMoreToDo ? 0 : Int32(clamping: limits.commitMilliseconds)
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
            commit(batches, count: count)
        } else {
            completeAt = .now()
        }
        for ring in rings.reversed() {
            if let batch = batches.popLast() { ring.recycle(batch) }
        }
    }

    private func commit(_ batches: [[InvocationRecord]], count: Int) {
        do {
            let file = try openDatabase()
            let now = Timestamp.now()
            let began = Monotonic.now()
            try file.write { database in
                try records.insert(batches, now: now, into: database)
                if untoldDrops > 0 {
                    try records.insertGap(
                        dropped: untoldDrops,
                        since: completeAt,
                        now: now,
                        into: database
                    )
                }
            }
            queue.commits.record(Monotonic.now() &- began)
            records.committed()
            untoldDrops = 0
            completeAt = now
            retention.recordCount += count
            queue.stored.add(count, ordering: .releasing)
        } catch {
            let error = StoreError(error)
            untoldDrops += count
            queue.lost.add(count, ordering: .releasing)
            losses.add(count, reason: "\(error)")
            recover(from: error)
        }
    }

    /// What a writer that failed knows of the database may not be so.
    private func recover(from error: StoreError) {
        isPrepared = false
        database.recover(from: error)
    }

    /// The open database, of which all is known that has to be; tries to open it once a second.
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
        (retention.recordCount, hasLegacyRecords) = try file.read { database in
            try records.prepare(database)
            let sql = "SELECT coalesce(sum(records), 0) FROM record_block"
            return (
                try Int.fetchOne(database, sql: sql) ?? 0,
                try LegacyRecords.exist(database)
            )
        }
        isPrepared = true
        return file
    }

    /// Does a little of what is not urgent; returns whether there is more to do at once.
    private func maintain() -> Bool {
        do throws(StoreError) {
            try lookAfterFile()
            return try maintain(try openDatabase())
        } catch {
            losses.note("upkeep: \(error)")
            recover(from: error)
            return false
        }
    }

    private func maintain(_ file: DatabaseFile) throws(StoreError) -> Bool {
        do {
            try records.mergeTail(in: file)
            try records.forgetKinds(in: file)
            if hasLegacyRecords {
                let movedCount = try LegacyRecords.moveSlice(in: file, records)
                records.committed()
                retention.recordCount += movedCount
                hasLegacyRecords = movedCount > 0
            }
            let hasMoreToDelete =
                retention.isDue(at: Monotonic.now()) ? try retention.deleteSlice(from: file) : false
            return hasMoreToDelete || hasLegacyRecords
        } catch {
            throw StoreError(error)
        }
    }

    /// Gives a database up that a query found to be damaged, or that somebody has deleted.
    private func lookAfterFile() throws(StoreError) {
        if let damage = queue.damage.withLock({ $0.take() }) { throw damage }
        let now = Monotonic.now()
        guard now >= nextLook else { return }
        nextLook = now &+ 1_000_000_000
        guard database.file != nil, !database.isInPlace else { return }
        database.close(reason: "its file was deleted")
        isPrepared = false
        losses.note("the database's file was deleted; there is a new one")
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
