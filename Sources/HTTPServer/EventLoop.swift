import HTTP
import Linux
import Synchronization

/// The part of an event loop that other threads may use: its mailboxes and its counters.
///
/// The loop itself runs on a thread of its own, and its connections are reached by no other.
public final class EventLoop: Sendable {
    /// The loop's place among those of its server, from 0.
    public let index: Int

    let replies = Mailbox<Message>(capacity: .max)
    let work: Mailbox<@Sendable (any RequestHandler) -> Void>
    let wakeUp: WakeUp
    private let drain = Atomic<UInt64>(0)
    private let newLimits = Mutex<(ServerLimits, Limits)?>(nil)
    private let hasNewLimits = Atomic(false)
    let gauges = LoopGauges()
    let hits = LimitHits()

    init(index: Int, postedWorkMax: Int) throws(SystemError) {
        self.index = index
        work = Mailbox(capacity: postedWorkMax)
        wakeUp = try WakeUp()
    }

    /// Runs `body` on the loop's thread, with the loop's handler.
    ///
    /// Any thread may call this.
    ///
    /// Returns `false` when the loop is too far behind: the caller sheds load instead of queueing.
    public func post(_ body: @escaping @Sendable (any RequestHandler) -> Void) -> Bool {
        guard work.send(body) else { return false }
        wakeUp.wake()
        return true
    }

    /// The loop's counters at this moment.
    ///
    /// Any thread may call this.
    public var statistics: LoopStatistics { gauges.statistics }

    /// How often peers ran into each limit.
    ///
    /// Any thread may call this.
    public var limitHits: [ServerLimit: Int] { hits.counts }

    /// Queues what is said through an exchange.
    ///
    /// The queue has no limit of its own, since a response must not be lost: there are no more
    /// exchanges than connections and pipelined requests allow.
    func reply(_ reply: Reply, to exchange: Exchange) {
        _ = replies.send(Message(exchange: exchange, reply: reply))
        wakeUp.wake()
    }

    /// Asks the loop to stop: to close what is idle now and everything else at `deadline`.
    func drain(deadline: UInt64) {
        drain.store(max(1, deadline), ordering: .releasing)
        wakeUp.wake()
    }

    /// Has the loop take other limits at its next turn.
    func setLimits(_ limits: ServerLimits, _ messageLimits: Limits) {
        newLimits.withLock { $0 = (limits, messageLimits) }
        // Paired with the acquire in `takeLimits`: whoever sees the mark finds the limits.
        hasNewLimits.store(true, ordering: .releasing)
        wakeUp.wake()
    }

    /// The limits that were set since the last call; nil when none were.
    func takeLimits() -> (ServerLimits, Limits)? {
        guard hasNewLimits.load(ordering: .relaxed),
            hasNewLimits.exchange(false, ordering: .acquiring)
        else { return nil }
        return newLimits.withLock { $0.take() }
    }

    /// When everything must be closed; nil while the loop was not asked to stop.
    var drainDeadline: UInt64? {
        let deadline = drain.load(ordering: .acquiring)
        return deadline == 0 ? nil : deadline
    }
}

/// Counters of one loop.
public struct LoopStatistics: Sendable, Equatable {
    /// Connections that are open now.
    public var connectionCount = 0
    /// Connections that were ever accepted.
    public var acceptedCount = 0
    /// Times that accepting failed for want of descriptors or memory.
    public var acceptFailureCount = 0
    /// Requests that were handed to the handler.
    public var requestCount = 0
    /// Messages that were refused as malformed, too large or too slow.
    public var refusedCount = 0
    /// Responses that were begun.
    public var responses = ResponseCounts()
    /// Those of them to requests for which ``RequestHandler/isReserved(_:)`` holds.
    public var reservedResponses = ResponseCounts()
}

/// How many responses were begun, by the class of their status.
public struct ResponseCounts: Sendable, Equatable {
    public var successCount = 0
    public var redirectionCount = 0
    public var clientErrorCount = 0
    public var serverErrorCount = 0

    /// Counts a response by its status.
    mutating func count(_ status: Status) {
        switch status.code {
        case ..<300: successCount += 1
        case ..<400: redirectionCount += 1
        case ..<500: clientErrorCount += 1
        default: serverErrorCount += 1
        }
    }
}

/// The atomics behind `ResponseCounts`.
private struct ResponseGauges: ~Copyable {
    private let successes = Atomic<Int>(0)
    private let redirections = Atomic<Int>(0)
    private let clientErrors = Atomic<Int>(0)
    private let serverErrors = Atomic<Int>(0)

    var counts: ResponseCounts {
        ResponseCounts(
            successCount: successes.load(ordering: .relaxed),
            redirectionCount: redirections.load(ordering: .relaxed),
            clientErrorCount: clientErrors.load(ordering: .relaxed),
            serverErrorCount: serverErrors.load(ordering: .relaxed)
        )
    }

    func publish(_ counts: ResponseCounts) {
        successes.store(counts.successCount, ordering: .relaxed)
        redirections.store(counts.redirectionCount, ordering: .relaxed)
        clientErrors.store(counts.clientErrorCount, ordering: .relaxed)
        serverErrors.store(counts.serverErrorCount, ordering: .relaxed)
    }
}

/// The atomics behind `LoopStatistics`: the loop's thread alone writes them.
final class LoopGauges: Sendable {
    private let connections = Atomic<Int>(0)
    private let accepted = Atomic<Int>(0)
    private let acceptFailures = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let responses = ResponseGauges()
    private let reservedResponses = ResponseGauges()

    var statistics: LoopStatistics {
        LoopStatistics(
            connectionCount: connections.load(ordering: .relaxed),
            acceptedCount: accepted.load(ordering: .relaxed),
            acceptFailureCount: acceptFailures.load(ordering: .relaxed),
            requestCount: requests.load(ordering: .relaxed),
            refusedCount: refused.load(ordering: .relaxed),
            responses: responses.counts,
            reservedResponses: reservedResponses.counts
        )
    }

    /// Publishes the loop's own counters; called once per turn.
    func publish(_ statistics: LoopStatistics) {
        connections.store(statistics.connectionCount, ordering: .relaxed)
        accepted.store(statistics.acceptedCount, ordering: .relaxed)
        acceptFailures.store(statistics.acceptFailureCount, ordering: .relaxed)
        requests.store(statistics.requestCount, ordering: .relaxed)
        refused.store(statistics.refusedCount, ordering: .relaxed)
        responses.publish(statistics.responses)
        reservedResponses.publish(statistics.reservedResponses)
    }
}
