import Foundation
import HTTP
import HTTPServer
import Linux
import Logging
import Platform
import Store

/// Calls that are made later (`Prefer: respond-async`, RFC 7240 §4.1): accepted when they are on disk, made by one
/// thread as they become due, again when they fail, and kept with their results for a while.
///
/// A call is made at least once: one that was under way when the daemon was killed is made again.
final class AsyncCalls: Sendable {
    /// The bounds.
    struct Limits: Equatable, Sendable {
        /// Calls that wait; more are refused.
        var waitingMax = 100_000
        /// How many are made at one time.
        var concurrency = 8
        /// How often one is made before it is given up as dead.
        var attemptsMax = 5
        /// The longest time before the second attempt, which doubles with each further one.
        var retryMilliseconds = 1_000
        /// The longest time between two attempts.
        var retryMillisecondsMax = 300_000
        /// The largest body of a request.
        var requestBytesMax = 6 << 20
        /// What is kept of an answer's body.
        var resultBytesMax = 1 << 20
        /// How long a call is kept after its end.
        var retentionSeconds = 86_400
    }

    private struct Submission {
        let call: AsyncCall
        /// Keeps the version that the call names until the call is stored.
        let use: VersionUse
        let exchange: Exchange
    }

    private struct State {
        var submissions: [Submission] = []
        /// Calls that have ended, with what became of them.
        var ended: [AsyncCall] = []
        var isStopping = false
        var refusedCount = 0
        /// Whether there are functions to call yet.
        var mayBegin = false
        /// Whether somebody has changed the queue.
        var isChanged = false
    }

    let limits: Limits
    private let deployments: DeploymentStore
    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Starts the thread, which makes the calls that wait after ``begin()``.
    init(
        _ limits: Limits,
        deployments: DeploymentStore,
        platform: Platform,
        logger: Logger
    ) throws(SystemError) {
        self.limits = limits
        self.deployments = deployments
        let monitor = monitor
        try threads.spawn(name: "async") {
            var worker = Worker(
                limits: limits,
                deployments: deployments,
                platform: platform,
                lane: platform.makeLane(),
                logger: logger,
                monitor: monitor
            )
            while worker.turn() {}
        }
    }

    /// Says that functions can be found: those that wait since the daemon ran last would have none before.
    func begin() {
        monitor.withLock { $0.mayBegin = true }
        monitor.signal()
    }

    /// Whether a request asks to be answered before it is served.
    static func isAsked(for head: RequestHead) -> Bool {
        head.fields.contains("prefer")
            && head.fields.values(of: "prefer").contains { value in
                value.split(separator: ",").contains { preference in
                    let name = preference.prefix { $0 != ";" && $0 != "=" }
                    return name.filter { $0 != " " && $0 != "\t" }.lowercased() == "respond-async"
                }
            }
    }

    /// Takes a call on; it is answered 202 when it is on disk.
    ///
    /// False when too many wait to be stored.
    func submit(
        _ request: Request,
        _ match: RouteMatch,
        identifier: String,
        origin: RequestOrigin,
        _ exchange: Exchange
    ) -> Bool {
        var fields = request.head.fields
        for name in ["prefer", "expect", "x-request-id"] { fields.remove(name) }
        let call = AsyncCall(
            id: identifier,
            function: match.version.function.description,
            version: match.alias == nil ? match.version.number : nil,
            head: Data(
                RequestHead.octets(
                    method: Array(request.head.method.rawValue.utf8),
                    target: Array(request.head.targetOctets),
                    fields: fields,
                    bodyByteCount: request.body.count
                )
            ),
            body: Data(request.body),
            clientAddress: origin.address
        )
        guard let use = VersionUse(match.version) else { return false }
        let isTaken = monitor.withLock { state in
            guard !state.isStopping, state.submissions.count < Self.submissionsMax else {
                state.refusedCount += 1
                return false
            }
            state.submissions.append(Submission(call: call, use: use, exchange: exchange))
            return true
        }
        if isTaken { monitor.signal() }
        return isTaken
    }

    /// Requests that wait to be stored; each may have a body.
    private static let submissionsMax = 256

    /// How many calls were refused since the start.
    var refusedCount: Int { monitor.withLock { $0.refusedCount } }

    /// Makes a call again that was dead or done; nil when there is none of that id.
    func retry(_ id: String) throws -> AsyncCall? {
        guard var call = try deployments.asyncCall(id: id) else { return nil }
        guard call.state != .waiting else { return call }
        call.state = .waiting
        call.attempts = 0
        call.dueAt = .now()
        call.endedAt = nil
        try deployments.update(adding: [], changing: [call])
        monitor.withLock { $0.isChanged = true }
        monitor.signal()
        return call
    }

    /// Stops the thread; calls under way are made again after the next start.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    // MARK: - The thread

    private struct Worker {
        let limits: Limits
        let deployments: DeploymentStore
        let platform: Platform
        let lane: Lane
        let logger: Logger
        let monitor: Monitor<State>
        /// Calls under way; their rows say that they wait.
        var running: Set<String> = []
        /// When the next call is due; nil: look.
        var nextAt: UInt64? = 0
        var purgeAt: UInt64 = 0
        var waitingCount: Int?

        private static let purgePeriodNanoseconds: UInt64 = 60_000_000_000
        private static let purgedAtOnce = 500

        /// False when the thread is to end.
        mutating func turn() -> Bool {
            let due = nextAt
            let taken: State? = monitor.wait { state in
                if state.isStopping { return .found(nil) }
                guard state.mayBegin else { return .nothing }
                let isDue = due.map { Monotonic.now() >= $0 } ?? false
                guard state.submissions.isEmpty, state.ended.isEmpty, !state.isChanged, !isDue
                else {
                    defer { state = State(refusedCount: state.refusedCount, mayBegin: true) }
                    return .found(state)
                }
                return due.map { .nothingUntil($0) } ?? .nothing
            }
            guard let taken else { return false }
            store(taken)
            startDue()
            purge()
            return true
        }

        /// Stores what is new and what has ended, in one transaction, and then answers.
        private mutating func store(_ taken: State) {
            for call in taken.ended { running.remove(call.id) }
            var accepted: [Submission] = []
            do {
                var count = try waitingCount ?? deployments.waitingAsyncCallCount()
                if taken.isChanged { count = try deployments.waitingAsyncCallCount() }
                let room = max(0, limits.waitingMax - count)
                accepted = Array(taken.submissions.prefix(room))
                if !accepted.isEmpty || !taken.ended.isEmpty {
                    try deployments.update(
                        adding: accepted.map(\.call),
                        changing: taken.ended
                    )
                }
                waitingCount =
                    count + accepted.count - taken.ended.filter { $0.state != .waiting }.count
            } catch {
                logger.error("asynchronous calls", metadata: ["error": "\(error)"])
                // What has ended is made again: nothing says that it was made.
                accepted = []
                waitingCount = nil
            }
            let refusedCount = taken.submissions.count - accepted.count
            monitor.withLock { $0.refusedCount += refusedCount }
            for submission in accepted { answer(submission) }
            for submission in taken.submissions.dropFirst(accepted.count) { refuse(submission) }
        }

        private func answer(_ submission: Submission) {
            let id = submission.call.id
            let document: JSONValue = [
                "id": JSONValue(id), "function": JSONValue(submission.call.function),
                "state": JSONValue(submission.call.state.rawValue),
            ]
            submission.exchange.respond(
                Response(
                    status: .accepted,
                    fields: [
                        "Content-Type": "application/json", "Location": "/v1/invocations/\(id)",
                        "Preference-Applied": "respond-async", "X-Request-Id": id,
                    ],
                    body: document.encoded()
                )
            )
        }

        private func refuse(_ submission: Submission) {
            let problem = Problem.busy
            submission.exchange.respond(
                problem.response(requestIdentifier: submission.call.id, path: "")
            )
        }

        private mutating func startDue() {
            nextAt = nil
            guard running.count < limits.concurrency else { return }
            let now = Timestamp.now()
            do {
                let waiting = try deployments.waitingAsyncCalls(
                    limit: running.count + limits.concurrency
                )
                for call in waiting where !running.contains(call.id) {
                    guard running.count < limits.concurrency else { return }
                    guard call.dueAt.microseconds <= now.microseconds else {
                        let delay = UInt64(call.dueAt.microseconds - now.microseconds) &* 1_000
                        nextAt = Monotonic.now() &+ delay
                        return
                    }
                    running.insert(call.id)
                    start(call)
                }
            } catch {
                logger.error("asynchronous calls", metadata: ["error": "\(error)"])
                nextAt = Monotonic.now() &+ 1_000_000_000
            }
        }

        private func start(_ call: AsyncCall) {
            let sink = AsyncSink(call, limits: limits) { [monitor] ended in
                monitor.withLock { $0.ended.append(ended) }
                monitor.signal()
            }
            guard let head = try? RequestHead(parsing: Array(call.head), limits: .stored),
                let match = match(head),
                // Its caller was let through to this function, and no other.
                match.version.function.description == call.function || !match.needsToken
            else { return sink.fail("there is no such function any more") }
            let now = Monotonic.now()
            let attempt = call.attempts + 1
            let invocation = lane.invoke(
                Request(head: head, body: Array(call.body), firstByteAt: now, receivedAt: now),
                match,
                origin: RequestOrigin(address: call.clientAddress),
                trigger: .async,
                identifier: RecordIdentifier(attempt == 1 ? call.id : "\(call.id).\(attempt)"),
                sink: sink
            )
            lane.tidy()
            _ = invocation
        }

        /// The function that a call is for, which may have to be read from the store.
        private func match(_ head: RequestHead) -> RouteMatch? {
            if case .dormant(let name) = lane.find(head) { _ = platform.awaken(name) }
            guard case .match(let match) = lane.find(head) else { return nil }
            return match
        }

        private mutating func purge() {
            let now = Monotonic.now()
            guard now >= purgeAt else { return }
            let moment = Timestamp(
                microseconds: Timestamp.now().microseconds
                    - Int64(limits.retentionSeconds) * 1_000_000
            )
            let count = try? deployments.deleteAsyncCalls(
                endedBefore: moment,
                limit: Self.purgedAtOnce
            )
            purgeAt = count == Self.purgedAtOnce ? now : now &+ Self.purgePeriodNanoseconds
        }
    }
}

extension Limits {
    /// For heads that were within the limits when they came, and have got a field or two since.
    fileprivate static var stored: Limits {
        var limits = Limits()
        limits.headBytesMax *= 2
        limits.fieldCountMax *= 2
        return limits
    }
}
