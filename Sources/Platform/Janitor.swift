import Linux

/// A thread for what nobody waits for: resets that take long, instances made ahead of need, idle ones
/// given up.
final class Janitor: Sendable {
    enum Job: Sendable {
        /// Give an instance back to its pool.
        case giveBack(UsedInstance)
        /// Make the instances that a pool is short of.
        case refill(InstancePool)
    }

    private struct State {
        var jobs = FIFO<Job>()
        var nextSweep: UInt64 = 0
        var isStopping = false
    }

    private enum Duty {
        case job(Job)
        case sweep
        case stop
    }

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// The most jobs that wait; whoever brings another does it itself.
    private static let jobCountMax = 4_096
    /// How often it sweeps, in nanoseconds.
    private static let sweepPeriod: UInt64 = 1_000_000_000

    /// Starts the thread, which calls `sweep` once a second.
    init(sweep: @escaping @Sendable () -> Void) throws(SystemError) {
        let monitor = monitor
        try threads.spawn(name: "janitor") {
            Thread.giveWay(nice: 5)
            while true {
                switch Self.next(monitor) {
                case .job(.giveBack(let used)): used.giveBack()
                // A pool that cannot be refilled makes instances when they are needed.
                case .job(.refill(let pool)): try? pool.refill()
                case .sweep: sweep()
                case .stop: return
                }
            }
        }
    }

    /// Takes on a job; false when there are too many.
    func submit(_ job: Job) -> Bool {
        let isTaken = monitor.withLock { state in
            guard state.jobs.count < Self.jobCountMax, !state.isStopping else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { monitor.signal() }
        return isTaken
    }

    /// Stops the thread.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    private static func next(_ monitor: Monitor<State>) -> Duty {
        monitor.wait { state in
            guard !state.isStopping else { return .found(.stop) }
            let now = Monotonic.now()
            if now >= state.nextSweep {
                state.nextSweep = now &+ sweepPeriod
                return .found(.sweep)
            }
            if let job = state.jobs.popFirst() { return .found(.job(job)) }
            return .nothingUntil(state.nextSweep)
        }
    }
}

/// An instance whose request is over, on its way back.
struct UsedInstance: Sendable {
    let lease: InstanceLease
    let pool: InstancePool
    /// Whether the guest ended as it should.
    let isSound: Bool
    /// When the request ended.
    let endedAt: UInt64

    /// Resets the instance, and puts it back into its pool.
    consuming func giveBack() {
        pool.give(back: lease, isSound: isSound, now: endedAt)
    }

    /// The same, but by the janitor if it is known to take long.
    consuming func giveBack(or janitor: Janitor) {
        guard pool.resetsAreDear, janitor.submit(.giveBack(self)) else { return giveBack() }
    }
}
