import HTTP
import HTTPServer
import Linux
import Platform
import Store

/// Streams logs to those who follow them: one thread looks for new lines a few times a second.
final class LogFollowers: Sendable {
    private struct Follower {
        let exchange: Exchange
        let caller: Caller
        let query: ControlAPI.LogQuery
        var cursor: String
        var quietSince: UInt64
    }

    private struct State {
        /// Requests that may be followers, until that is known; those whose peers have gone are not among them.
        var expected: Set<Exchange> = []
        var followers: [Exchange: Follower] = [:]
        var isStopping = false
    }

    /// The most followers at one time.
    static let countMax = 64
    /// How often new lines are looked for: a few commits of the log's writer.
    private static let periodNanoseconds: UInt64 = 200_000_000
    /// After how long without a line a sign of life is sent, so that a dead peer is noticed.
    private static let quietNanoseconds: UInt64 = 15_000_000_000
    private static let linesPerRound = 1_000

    private let api: ControlAPI
    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Starts the thread.
    init(_ api: ControlAPI) throws(SystemError) {
        self.api = api
        let monitor = monitor
        let (invocations, access) = (api.invocations, api.access)
        try threads.spawn(name: "followers") {
            while Self.waitForRound(monitor) { Self.round(monitor, invocations, access) }
        }
    }

    /// Hears of a request that may follow a log; to be called before the peer's end could be told.
    func expect(_ exchange: Exchange) {
        monitor.withLock { _ = $0.expected.insert(exchange) }
    }

    /// Takes on a request that follows a log; false when it is another request.
    ///
    /// Blocks.
    func begin(
        _ request: Request,
        identifier: String,
        caller: Caller,
        _ exchange: Exchange
    ) -> Bool {
        defer { monitor.withLock { _ = $0.expected.remove(exchange) } }
        guard
            let control = try? ControlRequest(request, identifier: identifier, caller: caller),
            control.method == .get, let query = try? query(control), query.follows
        else { return false }
        do {
            let page = try api.invocations.logs(query.filter, tail: query.tail)
            var response = ControlAPI.logResponse(query, ControlAPI.lines(page.items, query))
            response.fields.set("X-Request-Id", identifier)
            let follower = Follower(
                exchange: exchange,
                caller: caller,
                query: query,
                cursor: page.cursor,
                quietSince: Monotonic.now()
            )
            try begin(follower, response)
        } catch {
            let problem = ControlAPI.problem(of: error)
            exchange.respond(
                problem.response(requestIdentifier: identifier, path: control.path)
            )
        }
        return true
    }

    /// What a request wants of a log; nil when it is for something else.
    private func query(_ request: ControlRequest) throws -> ControlAPI.LogQuery? {
        let segments = request.segments
        if segments == ["v1", "logs"] { return try api.logQuery(nil, request) }
        guard segments.count == 4, segments[1] == "functions", segments[3] == "logs" else {
            return nil
        }
        return try api.logQuery(try api.name(segments[2]), request)
    }

    private func begin(_ follower: Follower, _ response: Response) throws(Problem) {
        let exchange = follower.exchange
        let isFull = monitor.withLock { state in
            guard !state.isStopping, state.followers.count < Self.countMax else { return true }
            if state.expected.contains(exchange) {
                // Under the lock: the thread sends pieces, and these follow the head.
                exchange.beginStream(response)
                state.followers[exchange] = follower
            }
            return false
        }
        guard !isFull else { throw .tooManyFollowers(countMax: Self.countMax) }
        monitor.signal()
    }

    /// Forgets a follower whose peer has gone.
    func remove(_ exchange: Exchange) {
        monitor.withLock { state in
            state.expected.remove(exchange)
            state.followers[exchange] = nil
        }
    }

    /// Ends all streams and stops the thread.
    func stop() {
        let followers = monitor.withLock { state in
            state.isStopping = true
            defer { state.followers = [:] }
            return Array(state.followers.keys)
        }
        monitor.broadcast()
        threads.joinAll()
        for exchange in followers { exchange.endStream() }
    }

    private static func waitForRound(_ monitor: Monitor<State>) -> Bool {
        var due: UInt64?
        return monitor.wait { state in
            if state.isStopping { return .found(false) }
            guard !state.followers.isEmpty else { return .nothing }
            let moment = due ?? Monotonic.now() &+ periodNanoseconds
            due = moment
            return Monotonic.now() >= moment ? .found(true) : .nothingUntil(moment)
        }
    }

    private static func round(
        _ monitor: Monitor<State>,
        _ invocations: InvocationStore,
        _ access: AccessControl
    ) {
        let followers = monitor.withLock { Array($0.followers.values) }
        for var follower in followers {
            guard access.stillKnows(follower.caller) else {
                let removed = monitor.withLock {
                    $0.followers.removeValue(forKey: follower.exchange)
                }
                removed?.exchange.endStream()
                continue
            }
            let page = try? invocations.logs(
                follower.query.filter,
                tail: linesPerRound,
                after: follower.cursor
            )
            let now = Monotonic.now()
            if let page, !page.items.isEmpty {
                follower.exchange.send(ControlAPI.lines(page.items, follower.query))
                follower.quietSince = now
            } else if now &- follower.quietSince >= quietNanoseconds {
                let sign = follower.query.asEvents ? ": quiet\n\n" : "{}\n"
                follower.exchange.send(Array(sign.utf8))
                follower.quietSince = now
            }
            follower.cursor = page?.cursor ?? follower.cursor
            let updated = follower
            monitor.withLock { state in
                if state.followers[updated.exchange] != nil {
                    state.followers[updated.exchange] = updated
                }
            }
        }
    }
}

extension Problem {
    fileprivate static func tooManyFollowers(countMax: Int) -> Problem {
        Problem(
            status: .serviceUnavailable,
            kind: "busy",
            title: "Busy",
            detail: "\(countMax) logs are followed, and no more can be at one time",
            fields: ["Retry-After": "5"]
        )
    }
}
