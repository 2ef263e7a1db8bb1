public import Linux
import Synchronization

/// Something that runs a slice at a time.
protocol Resumable: AnyObject, Sendable {
    /// Runs one slice. Called by one thread at a time.
    func resume() -> Suspension

    /// How many slices it has had; read by whoever hands the task on.
    var sliceCount: Int { get }

    /// Whether something has happened that must not wait for the task's moment. Any thread.
    var isWakePending: Bool { get }
}

/// How a slice ended.
enum Suspension: Equatable {
    /// There is more to do: run it again after the others.
    case ready
    /// Nothing can be done before this moment of `Monotonic.now()`, or ``Scheduler/wake(_:)``.
    case until(UInt64)
    /// Somebody else has taken the task on.
    case elsewhere
    /// The task is over.
    case done
}

/// What a scheduler does at one moment, and has done since its start.
public struct SchedulerReport: Sendable {
    /// Tasks that wait for a thread, and those that wait for a moment or to be woken.
    public let readyCount: Int
    public let asleepCount: Int
    public let workerCount: Int
    public let busyWorkerCount: Int
    /// Slices run by workers, and by event loops that helped them.
    public let workerSliceCount: Int
    public let loopSliceCount: Int
}

/// Runs tasks slice by slice, in turn, on a fixed number of threads; those that have run little come first.
///
/// A sleeping task costs an entry in a timer queue and no thread. The number of tasks is bounded
/// by whoever admits them; a task is in the run queue or asleep at most once.
public final class Scheduler: Sendable {
    private struct State {
        var ready = RunQueue<any Resumable>()
        var asleep = TimerQueue<ObjectIdentifier, any Resumable>()
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()
    /// How many tasks that have run little are ready, about.
    private let shortCount: Counter

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    private let activity: Activity

    /// What is counted for people.
    private final class Activity: Sendable {
        let busyWorkers = Atomic(0)
        let workerSlices = Atomic(0)
        let loopSlices = Atomic(0)
    }

    /// How many threads run tasks.
    public let workerCount: Int

    /// Starts the threads.
    public init(workerCount: Int) throws(SystemError) {
        self.workerCount = max(1, workerCount)
        let shortCount = Counter()
        self.shortCount = shortCount
        let activity = Activity()
        self.activity = activity
        for index in 0..<self.workerCount {
            let monitor = monitor
            do throws(SystemError) {
                try threads.spawn(name: "worker-\(index)") {
                    Self.work(monitor, shortCount, activity)
                }
            } catch {
                stop()
                throw error
            }
        }
    }

    /// Puts a task at the end of the run queue.
    func enqueue(_ task: any Resumable) {
        monitor.withLock { state in
            state.ready.append(task, slices: task.sliceCount)
            shortCount.value.store(state.ready.shortCount, ordering: .relaxed)
        }
        monitor.signal()
    }

    /// Puts a task to sleep until a moment of `Monotonic.now()`, or until it is woken.
    func sleep(_ task: any Resumable, until moment: UInt64) {
        Self.sleep(task, until: moment, monitor)
    }

    /// Puts a sleeping task at the end of the run queue; false when it is not asleep.
    @discardableResult
    func wake(_ task: any Resumable) -> Bool { Self.wake(task, monitor) }

    /// Runs a slice of a task on the calling thread, if more have run little and wait than the workers seem to get
    /// to.
    ///
    /// For an event loop: where it has the processor to itself, it would otherwise begin one task after another,
    /// and the workers, which give way to it, would end none. True when it did.
    func help() -> Bool {
        guard isBehind else { return false }
        let task = monitor.withLock { state in
            defer { shortCount.value.store(state.ready.shortCount, ordering: .relaxed) }
            return state.ready.popShort()
        }
        guard let task else { return false }
        activity.loopSlices.add(1, ordering: .relaxed)
        Self.run(task, monitor)
        return true
    }

    /// Whether more tasks that have run little wait than the workers seem to get to.
    var isBehind: Bool { shortCount.value.load(ordering: .relaxed) > Self.shortBacklogMax }

    /// The backlog of tasks that have run little which the workers are left with.
    private static let shortBacklogMax = 4

    /// How many tasks are ready, and how many asleep.
    var counts: (ready: Int, asleep: Int) {
        monitor.withLock { ($0.ready.count, $0.asleep.count) }
    }

    var report: SchedulerReport {
        let counts = counts
        return SchedulerReport(
            readyCount: counts.ready,
            asleepCount: counts.asleep,
            workerCount: workerCount,
            busyWorkerCount: activity.busyWorkers.load(ordering: .relaxed),
            workerSliceCount: activity.workerSlices.load(ordering: .relaxed),
            loopSliceCount: activity.loopSlices.load(ordering: .relaxed)
        )
    }

    /// Stops the threads after their current slices.
    ///
    /// Tasks that are not done are dropped.
    public func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    // MARK: - Threads

    /// Guests that run long give way to event loops, which may have a short one: by about ten to one.
    private static let workerNice: Int32 = 10

    private static func work(
        _ monitor: Monitor<State>,
        _ shortCount: Counter,
        _ activity: Activity
    ) {
        Thread.giveWay(nice: workerNice)
        while let task = next(monitor, shortCount) {
            activity.busyWorkers.add(1, ordering: .relaxed)
            activity.workerSlices.add(1, ordering: .relaxed)
            run(task, monitor)
            activity.busyWorkers.subtract(1, ordering: .relaxed)
        }
    }

    /// Runs one slice, and puts the task where it goes on.
    private static func run(_ task: any Resumable, _ monitor: Monitor<State>) {
        switch task.resume() {
        case .ready:
            // Whoever runs slices takes the next task itself: nobody needs waking.
            monitor.withLock { $0.ready.append(task, slices: task.sliceCount) }
        case .until(let moment):
            sleep(task, until: moment, monitor)
        case .elsewhere, .done:
            break
        }
    }

    private static func next(
        _ monitor: Monitor<State>,
        _ shortCount: Counter
    ) -> (any Resumable)? {
        monitor.wait { state in
            defer { shortCount.value.store(state.ready.shortCount, ordering: .relaxed) }
            guard !state.isStopping else { return .found(nil) }
            if state.asleep.count > 0 {
                let now = Monotonic.now()
                while let due = state.asleep.popDue(at: now) {
                    state.ready.append(due, slices: due.sliceCount)
                }
            }
            if let task = state.ready.popFirst() {
                if !state.ready.isEmpty { monitor.signal() }
                return .found(task)
            }
            guard let moment = state.asleep.earliest() else { return .nothing }
            return .nothingUntil(moment)
        }
    }

    private static func sleep(
        _ task: any Resumable,
        until moment: UInt64,
        _ monitor: Monitor<State>
    ) {
        let isEarliest = monitor.withLock { state in
            state.asleep.insert(task, key: ObjectIdentifier(task), at: moment)
            return state.asleep.earliest() == moment
        }
        // A waker that came before the insertion found nothing, but left its mark before that.
        if task.isWakePending {
            wake(task, monitor)
        } else if isEarliest {
            monitor.signal()
        }
    }

    @discardableResult
    private static func wake(_ task: any Resumable, _ monitor: Monitor<State>) -> Bool {
        let wasAsleep = monitor.withLock { state in
            guard let task = state.asleep.remove(ObjectIdentifier(task)) else { return false }
            state.ready.append(task, slices: task.sliceCount)
            return true
        }
        if wasAsleep { monitor.signal() }
        return wasAsleep
    }
}
