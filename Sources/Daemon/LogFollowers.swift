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

    /// Takes on a request that follows a log; false when it is another request.
    ///
    /// Blocks.
    func begin(
        _ request: Request,
        identifier: String,
        caller: Caller,
        _ exchange: Exchange
    ) -> Bool {
        guard
            let control = try? ControlRequest(request, identifier: identifier, caller: caller),
            control.method == .get, control.segments.count == 4,
            control.segments[1] == "functions", control.segments[3] == "logs",
            let name = try? api.name(control.segments[2]),
            let query = try? api.logQuery(name, control), query.follows
        else { return false }
        let page: InvocationStore.LogPage
        do {
            page = try api.invocations.logs(query.filter, tail: query.tail)
        } catch {
            let problem = ControlAPI.problem(of: error)
            exchange.respond(
                problem.response(requestIdentifier: identifier, path: control.path)
            )
            return true
        }
        let follower = Follower(
            exchange: exchange,
            caller: caller,
            query: query,
            cursor: page.cursor,
            quietSince: Monotonic.now()
        )
        var response = ControlAPI.logResponse(query, ControlAPI.lines(page.items, query))
        response.fields.set("X-Request-Id", identifier)
        // Before the thread can send a piece: pieces follow the head.
        exchange.beginStream(response)
        let isTaken = monitor.withLock { state in
            guard !state.isStopping, state.followers.count < Self.countMax else { return false }
            state.followers[exchange] = follower
            return true
        }
        if isTaken { monitor.signal() } else { exchange.endStream() }
        return true
    }

    /// Forgets a follower whose peer has gone.
    func remove(_ exchange: Exchange) {
        monitor.withLock { $0.followers[exchange] = nil }
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
