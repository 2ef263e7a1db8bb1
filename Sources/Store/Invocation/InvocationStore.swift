internal import Dispatch
internal import GRDB
internal import Linux
internal import Synchronization

/// Invocation records and what guests logged: `log.db`.
///
/// Records go through rings to one writer thread, which commits them in batches (`synchronous =
/// NORMAL`: a power failure may lose the last ones, never the database). Nothing that happens to
/// the disk delays or fails those who append: what cannot be stored is counted, reported, and kept
/// in the database as a gap as soon as it can be written again. A database that SQLite finds to be
/// damaged is renamed to `log.db.broken` and a new one is made.
///
/// Queries block on the disk, and may come from any thread but those of Swift's concurrency pool.
public final class InvocationStore: Sendable {
    /// How often records were handed over, and what became of them.
    public struct Statistics: Equatable, Sendable {
        /// Records offered to rings, the dropped ones among them.
        public var appended: Int

        /// Records committed.
        public var stored: Int

        /// Records lost to a full ring or a database that could not be written.
        public var dropped: Int

        /// Records of successful calls that were left out on purpose.
        public var sampledOut: Int

        /// Makes a set of counts.
        public init(appended: Int = 0, stored: Int = 0, dropped: Int = 0, sampledOut: Int = 0) {
            self.appended = appended
            self.stored = stored
            self.dropped = dropped
            self.sampledOut = sampledOut
        }
    }

    let queue: InvocationQueue
    let limits: Limits
    private let thread: Mutex<Linux.Thread?>

    /// Opens or makes `log.db` in the folder and starts the writer.
    ///
    /// A database that cannot be opened is no error: it is tried again every second, and until then
    /// queries throw `unavailable`. Throws only when the writer cannot be started. `report` is
    /// called on the writer's thread with a line for the operator, at most once in ten seconds.
    public init(
        folder: DataFolder,
        limits: Limits = Limits(),
        report: @escaping @Sendable (String) -> Void
    ) throws(StoreError) {
        self.limits = limits
        do {
            let queue = try InvocationQueue(folder: folder)
            let source = InvocationDatabase(folder: folder, limits: limits, queue: queue)
            source.open()
            self.queue = queue
            let writer = InvocationWriter(
                queue: queue,
                database: source,
                limits: limits,
                report: report
            )
            thread = Mutex(try Linux.Thread.spawn(name: "roost-log") { writer.run() })
        } catch {
            throw StoreError(error)
        }
    }

    deinit { close() }

    /// Makes a ring for one event loop or worker.
    ///
    /// It is drained until the store is closed.
    public func makeRing() -> InvocationRing {
        // The queue holds its rings: a ring that held the queue would keep the folder locked.
        let ring = InvocationRing(limits) { [weak queue] in queue?.wakeup.signal() }
        queue.add(ring)
        return ring
    }

    /// Waits until everything appended before is stored or counted as dropped.
    public func flush() {
        queue.flush()
    }

    /// Stores what is in the rings, stops the writer and closes the database.
    ///
    /// What is appended later is dropped and counted; queries throw.
    public func close() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        queue.stop()
        thread.join()
    }

    /// The counts since the store was opened.
    ///
    /// `appended` = `stored` + `dropped` + `sampledOut` after a `flush`.
    ///
    /// Takes each ring's lock for a moment; `stored` tells a follower whether to look again.
    public func statistics() -> Statistics {
        queue.statistics()
    }

    /// Runs a read transaction, and has a damaged database moved aside.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        guard let file = queue.file.withLock({ $0 }) else {
            throw .unavailable(queue.unavailability.withLock { $0 })
        }
        do throws(StoreError) {
            return try file.read(body)
        } catch {
            if error.isDamage {
                queue.damage.withLock { $0 = error }
                queue.wakeup.signal()
            }
            throw error
        }
    }

    /// The open database, for tests.
    package var file: DatabaseFile? { queue.file.withLock { $0 } }
}

/// What the writer's thread shares with everyone else.
final class InvocationQueue: Sendable {
    private struct Control {
        var waiters: [DispatchSemaphore] = []
        var isStopping = false
        var isStopped = false
    }

    let wakeup: EventDescriptor
    let file = Mutex<DatabaseFile?>(nil)
    let unavailability = Mutex("not opened yet")
    /// The serial number of the open database's file.
    let fileNumber = Mutex<UInt64?>(nil)
    /// That a query found the database to be damaged: the writer deals with it.
    let damage = Mutex<StoreError?>(nil)
    /// How long each batch took that was committed.
    let commits = DurationHistogram()
    let stored = Atomic<Int>(0)
    let lost = Atomic<Int>(0)
    private let rings = Mutex<[InvocationRing]>([])
    private let control = Mutex(Control())
    // Keeps the folder locked for as long as the database may be open.
    private let folder: DataFolder

    init(folder: DataFolder) throws(SystemError) {
        self.folder = folder
        wakeup = try EventDescriptor()
    }

    /// The path of an entry of the data folder.
    func path(of name: String) -> String { folder.path(of: name) }

    var allRings: [InvocationRing] { rings.withLock { $0 } }

    func add(_ ring: InvocationRing) {
        let isStopped = control.withLock { $0.isStopped }
        if isStopped { ring.shut() }
        rings.withLock { $0.append(ring) }
    }

    func flush() {
        let done = DispatchSemaphore(value: 0)
        let isWaiting = control.withLock { control in
            guard !control.isStopped else { return false }
            control.waiters.append(done)
            return true
        }
        guard isWaiting else { return }
        wakeup.signal()
        done.wait()
    }

    func stop() {
        control.withLock { $0.isStopping = true }
        wakeup.signal()
    }

    /// Those who wait for the next commit to be done, and whether it is the last.
    func takeOrders() -> (waiters: [DispatchSemaphore], isStopping: Bool) {
        control.withLock { control in
            defer { control.waiters = [] }
            return (control.waiters, control.isStopping)
        }
    }

    /// Returns those who came too late to be taken.
    func finish() -> [DispatchSemaphore] {
        control.withLock { control in
            control.isStopped = true
            defer { control.waiters = [] }
            return control.waiters
        }
    }

    func statistics() -> InvocationStore.Statistics {
        // The counters of what is done are read first, so that they never exceed `appended`.
        var statistics = InvocationStore.Statistics(
            appended: 0,
            stored: stored.load(ordering: .acquiring),
            dropped: lost.load(ordering: .acquiring)
        )
        for ring in allRings {
            let counts = ring.counts
            statistics.appended += counts.appended
            statistics.dropped += counts.dropped
            statistics.sampledOut += counts.sampledOut
        }
        return statistics
    }
}
