import Linux

/// The threads of the control plane: storing, deploying and querying take too long for an event
/// loop.
///
/// Work is taken in order by the first thread that is free; work that changes what is deployed has
/// one thread to itself, so that what is stored and what requests see change in the same order.
final class ControlExecutor: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var changes: [@Sendable () -> Void] = []
        /// Threads that do work, and may hand in changes.
        var busyCount = 0
        var refusedCount = 0
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()
    private let queueMax: Int

    /// Starts `threadCount` threads, and one for changes.
    init(threadCount: Int, queueMax: Int, name: String = "control") throws(SystemError) {
        self.queueMax = queueMax
        let monitor = monitor
        do throws(SystemError) {
            for index in 0..<max(1, threadCount) {
                try threads.spawn(name: "\(name)-\(index)") { Self.runWork(monitor) }
            }
            try threads.spawn(name: "\(name)-changes") { Self.runChanges(monitor) }
        } catch {
            stop()
            throw error
        }
    }

    /// How often work was refused since the start.
    var refusedCount: Int { monitor.withLock { $0.refusedCount } }

    /// Has work done soon; false when too much is waiting.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = monitor.withLock { state in
            guard !state.isStopping, state.work.count < queueMax else {
                state.refusedCount += 1
                return false
            }
            state.work.append(work)
            return true
        }
        if isTaken { monitor.broadcast() }
        return isTaken
    }

    /// Makes a change on the thread for changes, and waits for its result.
    ///
    /// Only to be called by work of this executor.
    func change<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        let result = Monitor<Swift.Result<Result, any Error>?>(nil)
        monitor.withLock { state in
            state.changes.append {
                let outcome = Swift.Result { try body() }
                result.withLock { $0 = outcome }
                result.broadcast()
            }
        }
        monitor.broadcast()
        return try result.wait { $0.map { .found($0) } ?? .nothing }.get()
    }

    /// Finishes what is waiting and stops the threads.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    private static func runWork(_ monitor: Monitor<State>) {
        while let work = nextWork(monitor) {
            work()
            monitor.withLock { $0.busyCount -= 1 }
            monitor.broadcast()
        }
    }

    private static func nextWork(_ monitor: Monitor<State>) -> (@Sendable () -> Void)? {
        monitor.wait { state in
            guard !state.work.isEmpty else { return state.isStopping ? .found(nil) : .nothing }
            state.busyCount += 1
            return .found(state.work.removeFirst())
        }
    }

    private static func runChanges(_ monitor: Monitor<State>) {
        while let change = nextChange(monitor) { change() }
    }

    private static func nextChange(_ monitor: Monitor<State>) -> (@Sendable () -> Void)? {
        monitor.wait { state in
            if !state.changes.isEmpty { return .found(state.changes.removeFirst()) }
            let isDone = state.isStopping && state.work.isEmpty && state.busyCount == 0
            return isDone ? .found(nil) : .nothing
        }
    }
}
