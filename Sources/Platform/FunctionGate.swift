import Synchronization

/// Admits a function's invocations: so many at once, so many more waiting in line, no others.
///
/// One gate serves a function through all its versions; the bounds come with each call, from the
/// configuration of the version that is asked for.
final class FunctionGate<Waiter: AnyObject & Sendable>: Sendable {
    enum Admission: Equatable {
        /// It runs now, and must ``leave(concurrency:)``.
        case enter
        /// It waits: ``leave(concurrency:)`` of another returns it, or ``withdraw(_:)`` takes it
        /// back.
        case wait
        /// There is no room.
        case refuse
    }

    private struct State {
        var running = 0
        var line = FIFO<Waiter>()
        /// Whether anybody has asked for a place since the last look, and when that look was.
        var wasUsed = true
        var idleSince: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Asks for a place.
    func enter(_ waiter: @autoclosure () -> Waiter, concurrency: Int, queue: Int) -> Admission {
        state.withLock { state in
            state.wasUsed = true
            if state.running < concurrency, state.line.isEmpty {
                state.running += 1
                return .enter
            }
            guard state.line.count < queue else { return .refuse }
            state.line.append(waiter())
            return .wait
        }
    }

    /// Gives a place up, and returns the first in line when it may now run in that place.
    func leave(concurrency: Int) -> Waiter? {
        state.withLock { state in
            state.running -= 1
            guard state.running < concurrency else { return nil }
            guard let next = state.line.popFirst() else { return nil }
            state.running += 1
            return next
        }
    }

    /// Whether a waiter is in the line (still).
    func hasInLine(_ waiter: Waiter) -> Bool {
        state.withLock { state in state.line.contains { $0 === waiter } }
    }

    /// Takes a waiter out of the line; false when it is not there (any more).
    func withdraw(_ waiter: Waiter) -> Bool {
        state.withLock { state in
            state.line.removeFirst { $0 === waiter }
        }
    }

    /// For how long nobody has had a place or asked for one, in nanoseconds, as far as the looks before tell.
    func idleNanoseconds(now: UInt64) -> UInt64 {
        state.withLock { state in
            if state.wasUsed || state.running > 0 || !state.line.isEmpty {
                state.wasUsed = false
                state.idleSince = now
            }
            return now &- state.idleSince
        }
    }

    /// How many run, and how many wait.
    var counts: (running: Int, waiting: Int) {
        state.withLock { ($0.running, $0.line.count) }
    }
}
