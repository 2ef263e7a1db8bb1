import HTTP
import HTTPServer
import Linux
import Synchronization
import TestSupport

/// What the handlers of a server under test were told, for the test's thread to look at.
final class Journal: Sendable {
    private struct State {
        var exchanges: [String: Exchange] = [:]
        var gone: [String] = []
        var requests: [Request] = []
        var pieces: [UInt8] = []
        var isWhole = false
        var drainCount = 0
        var summaries: [AnswerSummary] = []
    }

    private let state = Mutex(State())
    private let signal: TestSignal

    init() throws {
        signal = try TestSignal()
    }

    func note(_ request: Request) {
        state.withLock { $0.requests.append(request) }
        signal.raise()
    }

    func hold(_ exchange: Exchange, for target: String) {
        state.withLock { $0.exchanges[target] = exchange }
        signal.raise()
    }

    func noteGone(_ exchange: Exchange) {
        state.withLock { state in
            let target = state.exchanges.first { $0.value == exchange }?.key
            state.gone.append(target ?? "unknown")
        }
        signal.raise()
    }

    func note(_ summary: AnswerSummary) {
        state.withLock { $0.summaries.append(summary) }
        signal.raise()
    }

    var summaries: [AnswerSummary] { state.withLock(\.summaries) }
    func take(_ piece: [UInt8], isLast: Bool) {
        state.withLock { state in
            state.pieces += piece
            state.isWhole = isLast
        }
        signal.raise()
    }

    func noteDrained() {
        state.withLock { $0.drainCount += 1 }
        signal.raise()
    }

    /// What has come of a body in pieces, and whether that is all.
    var body: (bytes: [UInt8], isWhole: Bool) { state.withLock { ($0.pieces, $0.isWhole) } }
    var drainCount: Int { state.withLock(\.drainCount) }
    var requests: [Request] { state.withLock(\.requests) }
    var gone: [String] { state.withLock(\.gone) }

    /// Waits until the handler holds the request for `target`.
    func exchange(for target: String) throws -> Exchange {
        var found: Exchange?
        _ = try signal.wait {
            found = state.withLock { $0.exchanges[target] }
            return found != nil
        }
        guard let found else { throw RawHTTPClient.Failure.timedOut(afterBytes: 0) }
        return found
    }

    /// Waits until `condition` holds.
    func wait(until condition: () throws -> Bool) throws -> Bool {
        try signal.wait(until: condition)
    }
}

/// Echoes bodies; holds what is under `/held`; refuses what is under `/refused`.
final class TestHandler: RequestHandler {
    static let bodyBytesMax = 1 << 20
    static let streamBytesMax = 1 << 30
    private let journal: Journal
    private let clock: ManualClock
    let wantsSummaries: Bool

    init(
        _ journal: Journal,
        _ clock: ManualClock = ManualClock(),
        wantsSummaries: Bool = false
    ) {
        self.journal = journal
        self.clock = clock
        self.wantsSummaries = wantsSummaries
    }

    func isReserved(_ head: RequestHead) -> Bool { head.path == "/reserved" }

    func admit(_ head: RequestHead, from peer: SocketAddress) -> Admission {
        if head.path.hasPrefix("/stream") { return .stream(bodyBytesMax: Self.streamBytesMax) }
        guard head.path.hasPrefix("/refused") else {
            return .accept(bodyBytesMax: Self.bodyBytesMax)
        }
        return .refuse(.problem(.unauthorized, detail: "refused"))
    }

    func handle(_ request: Request, context: AdmissionContext?, exchange: Exchange) {
        journal.note(request)
        let path = request.head.path
        if path.hasPrefix("/held") {
            journal.hold(exchange, for: path)
        } else if path.hasPrefix("/stream") {
            journal.take(request.body, isLast: request.isComplete)
            journal.hold(exchange, for: path)
        } else if path == "/slow" {
            clock.advance(milliseconds: 150)
            exchange.respond(Response(status: .ok))
        } else if path == "/unsendable" {
            exchange.respond(Response(status: .ok, fields: ["X": "a\r\nSet-Cookie: b"]))
        } else if path == "/large" {
            exchange.respond(Response(status: .ok, body: [UInt8](repeating: 7, count: 5 << 20)))
        } else {
            exchange.respond(
                Response(status: .ok, fields: ["X-Target": path], body: request.body)
            )
        }
    }

    func receive(_ piece: [UInt8], isLast: Bool, exchange: Exchange) {
        journal.take(piece, isLast: isLast)
    }

    func didDrain(_ exchange: Exchange) { journal.noteDrained() }

    func clientGone(_ exchange: Exchange) {
        journal.noteGone(exchange)
    }

    func didAnswer(_ summary: AnswerSummary) {
        journal.note(summary)
    }
}

/// A server on a port of its own, stopped when the test is done with it.
struct TestServer: ~Copyable {
    let server: Server
    let journal: Journal
    let clock: ManualClock

    /// Starts a server whose clock stands still unless `runsClock` is set.
    init(
        address: SocketAddress = SocketAddress(host: .v4(0x7f00_0001), port: 0),
        loops: Int = 1,
        runsClock: Bool = false,
        wantsSummaries: Bool = false,
        limits: ServerLimits = ServerLimits()
    ) throws {
        let clock = ManualClock()
        let journal = try Journal()
        var configuration = Configuration(addresses: [address], loopCount: loops)
        configuration.limits = limits
        if !runsClock { configuration.now = { clock.now } }
        let server = try Server.start(configuration) { _ in
            TestHandler(journal, clock, wantsSummaries: wantsSummaries)
        }
        self.server = server
        self.journal = journal
        self.clock = clock
    }

    deinit {
        server.stop(drainMilliseconds: 0)
    }

    var address: SocketAddress { server.addresses[0] }

    func connect() throws -> RawHTTPClient {
        try RawHTTPClient(address)
    }

    /// Moves the clock and lets every loop see it.
    func advance(milliseconds: Int) {
        clock.advance(milliseconds: milliseconds)
        for loop in server.loops { _ = loop.post { _ in } }
    }

    var statistics: LoopStatistics { server.loops[0].statistics }
}
