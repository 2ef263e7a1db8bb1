import HTTP
import Linux
import Store
import Synchronization
import Wasm

/// Asking the next function for the response, as an http-wasm handler may.
extension Invocation {
    /// How many functions may stand behind one another.
    static let depthMax = 8

    /// Calls the next function with the request as the guest left it; it goes on when that has answered.
    func askNext(_ handler: HandlerDialogue) -> Suspension {
        execution?.abandon()
        fuelBefore = execution?.fuelUsed ?? 0
        execution = nil
        return callNext(handler)
    }

    /// Calls the next function, which may have to be read from the store first: then it is called again.
    func callNext(_ handler: HandlerDialogue) -> Suspension {
        awaitsNext = nil
        let answer = NextAnswer(self, byteCountMax: version.configuration.limits.outputBytes)
        do throws(NextRefusal) {
            guard let next = try makeNext(handler, answer) else {
                awaitsNext = handler
                return awaitClient()
            }
            nextAnswer = answer
            nextInvocation = next
            if next.start() { next.takeUsedInstance()?.giveBack() }
        } catch {
            nextAnswer = answer
            answer.respond(.problem(error.status, detail: error.reason))
        }
        return answer.isComplete ? .ready : awaitClient()
    }

    private struct NextRefusal: Error {
        let status: Status
        let reason: String
    }

    /// Makes the call; nil when the function is not there yet, and this invocation will be woken.
    private func makeNext(
        _ handler: HandlerDialogue,
        _ answer: NextAnswer
    ) throws(NextRefusal) -> Invocation? {
        guard let name = version.configuration.next else {
            throw NextRefusal(
                status: .notFound,
                reason: "the function passed the request on, and has no next function"
            )
        }
        guard depth < Self.depthMax else {
            throw NextRefusal(
                status: .loopDetected,
                reason: "more than \(Self.depthMax) functions pass the request on to one another"
            )
        }
        let octets = handler.nextRequest(prefix: "/f/\(name)", body: request.body)
        let head: RequestHead
        do throws(ParseError) {
            head = try RequestHead(parsing: octets.head)
        } catch {
            throw NextRefusal(
                status: .badGateway,
                reason: "what the function made of the request is none: \(error)"
            )
        }
        let match: RouteMatch
        switch surroundings.directory.table.find(head) {
        case .match(let found):
            match = found
        case .dormant where nextAwakening == nil:
            let awakening = NextAwakening()
            nextAwakening = awakening
            surroundings.directory.awaken(name) { outcome in
                awakening.end(outcome)
                self.wake()
            }
            return nil
        case .dormant:
            if case .failed(let reason) = nextAwakening?.outcome {
                throw NextRefusal(status: .serviceUnavailable, reason: reason)
            }
            fallthrough
        case .nowhere:
            throw NextRefusal(status: .notFound, reason: "there is no next function '\(name)'")
        }
        var identifiers = UUIDv7Maker()
        return Invocation(
            Request(
                head: head,
                body: octets.body,
                firstByteAt: request.firstByteAt,
                receivedAt: Monotonic.now()
            ),
            match,
            identifier: identifiers.next(),
            startedAt: .now(),
            origin: origin,
            trace: report.trace.child(),
            depth: depth + 1,
            surroundings: surroundings,
            sink: answer
        )
    }

    /// Gives the guest the next function's response.
    func beginResponse() -> InvocationFailure? {
        guard let handler = dialogue as? HandlerDialogue, let lease, let stack,
            let (response, isError) = nextAnswer?.take()
        else { return .unavailable("the invocation was resumed before it had begun") }
        nextInvocation = nil
        nextAnswer = nil
        do throws(InvocationError) {
            execution = try handler.beginResponse(
                response,
                isError: isError,
                lease.instance,
                stack,
                fuelLimit: version.configuration.limits.fuel.map { $0 - min($0, fuelBefore) }
            )
            return nil
        } catch {
            return .unavailable("\(error)")
        }
    }
}

/// A dormant function that another one has asked, on its way into memory.
///
/// Any thread.
final class NextAwakening: Sendable {
    private let state = Mutex<Awakening?>(nil)

    /// What came of it; nil while nothing did.
    var outcome: Awakening? { state.withLock { $0 } }

    func end(_ outcome: Awakening) { state.withLock { $0 = outcome } }
}

/// Collects the answer of a function that another one has asked.
///
/// Any thread.
final class NextAnswer: AnswerSink {
    private struct State {
        var response: Response?
        var isComplete = false
        var isError = false
    }

    private let state = Mutex(State())
    private let asker: Invocation
    private let byteCountMax: Int

    init(_ asker: Invocation, byteCountMax: Int) {
        self.asker = asker
        self.byteCountMax = byteCountMax
    }

    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// The response, and whether it is the platform's in the function's place.
    func take() -> (response: Response, isError: Bool)? {
        state.withLock { state in state.response.take().map { ($0, state.isError) } }
    }

    func respond(_ response: Response) {
        state.withLock { state in
            state.response = response
            state.isComplete = true
            state.isError = response.fields.contains("x-function-error")
        }
        asker.wake()
    }

    func beginStream(_ response: Response, length: Int?) {
        state.withLock { $0.response = response }
    }

    func send(_ bytes: [UInt8]) {
        let isTooLarge = state.withLock { state in
            state.response?.body += bytes
            return state.response?.body.count ?? 0 > byteCountMax
        }
        if isTooLarge { abort() }
    }

    func endStream() {
        state.withLock { $0.isComplete = true }
        asker.wake()
    }

    func abort() {
        let problem = Response.problem(
            .badGateway,
            detail: "the next function's response is not complete, or exceeds limits.outputBytes"
        )
        state.withLock { state in
            guard !state.isComplete else { return }
            state = State(response: problem, isComplete: true, isError: true)
        }
        asker.wake()
    }

    // It is all kept here: there is nothing to wait for.
    var takesAllAtOnce: Bool { true }
    func notifyWhenDrained() {}
    func consume(_ byteCount: Int) {}
}
