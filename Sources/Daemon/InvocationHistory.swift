import Linux
import Platform

/// What was counted of invocations in the last minutes, in steps of some seconds.
///
/// The counters themselves only grow. So one thread looks at them at every step and keeps what has been added, for
/// those functions that were called: idle ones cost nothing, and invocations are not slowed down by it.
final class InvocationHistory: Sendable {
    /// How long a step is.
    static let stepSeconds = 10
    /// How many steps are kept.
    static let stepsMax = 30

    /// What was counted, by function; nil stands for those that are not counted by themselves.
    typealias Counts = [String?: InvocationCounts]

    private struct State {
        /// The complete steps, the oldest first.
        var steps: [Counts] = []
        /// What was counted until the current step began.
        var before: Counts = [:]
        /// When that was, on the monotonic clock.
        var began: UInt64
        var isStopping = false
    }

    private let platform: Platform
    private let monitor: Monitor<State>
    private let threads = ThreadGroup()

    /// Starts the thread.
    init(_ platform: Platform) throws(SystemError) {
        self.platform = platform
        let monitor = Monitor(State(began: Monotonic.now()))
        self.monitor = monitor
        try threads.spawn(name: "history") {
            while Self.waitForStep(monitor) { Self.endStep(monitor, Self.counts(platform)) }
        }
    }

    /// Stops the thread.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    /// The last steps, the newest last, which goes on still, and how many seconds they are in all.
    ///
    /// There are always `count` steps: those before the daemon's start are empty.
    func last(_ count: Int) -> (steps: [Counts], seconds: Double) {
        let current = Self.counts(platform)
        return monitor.withLock { state in
            let past = state.steps.suffix(count - 1)
            let rest = Array(repeating: Counts(), count: count - 1 - past.count)
            let elapsed = Double(Monotonic.now() &- state.began) / 1e9
            return (
                rest + past + [Self.difference(current, state.before)],
                Double(past.count * Self.stepSeconds) + elapsed
            )
        }
    }

    private static func counts(_ platform: Platform) -> Counts {
        var counts: Counts = [:]
        for report in platform.invocationReport { counts[report.name] = InvocationCounts(report) }
        return counts
    }

    private static func difference(_ counts: Counts, _ before: Counts) -> Counts {
        var difference: Counts = [:]
        for (name, counted) in counts {
            if let added = counted.since(before[name]) { difference[name] = added }
        }
        return difference
    }

    private static func waitForStep(_ monitor: Monitor<State>) -> Bool {
        monitor.wait { state in
            if state.isStopping { return .found(false) }
            let due = state.began &+ UInt64(stepSeconds) &* 1_000_000_000
            return Monotonic.now() >= due ? .found(true) : .nothingUntil(due)
        }
    }

    private static func endStep(_ monitor: Monitor<State>, _ counts: Counts) {
        monitor.withLock { state in
            state.steps.append(difference(counts, state.before))
            if state.steps.count > stepsMax { state.steps.removeFirst() }
            state.before = counts
            state.began = Monotonic.now()
        }
    }
}
