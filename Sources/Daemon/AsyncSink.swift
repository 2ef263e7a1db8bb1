import Foundation
import HTTP
import Linux
import Platform
import Store

/// Collects the answer to a call that is made later, and decides what becomes of it.
final class AsyncSink: AnswerSink {
    private struct State {
        var status = Status.ok
        var fields = Fields()
        var body: [UInt8] = []
        var isTruncated = false
        var isOver = false
    }

    private let state = Monitor(State())
    private let call: AsyncCall
    private let limits: AsyncCalls.Limits
    private let finish: @Sendable (AsyncCall) -> Void

    init(
        _ call: AsyncCall,
        limits: AsyncCalls.Limits,
        finish: @escaping @Sendable (AsyncCall) -> Void
    ) {
        self.call = call
        self.limits = limits
        self.finish = finish
    }

    func respond(_ response: Response) {
        beginStream(response, length: nil)
        endStream()
    }

    func beginStream(_ response: Response, length: Int?) {
        state.withLock { state in
            state.status = response.status
            state.fields = response.fields
        }
        send(response.body)
    }

    func send(_ bytes: [UInt8]) {
        state.withLock { state in
            let room = max(0, limits.resultBytesMax - state.body.count)
            state.body += bytes.prefix(room)
            state.isTruncated = state.isTruncated || bytes.count > room
        }
    }

    // What is beyond the limit is dropped: there is nothing to wait for.
    var takesAllAtOnce: Bool { true }
    func notifyWhenDrained() {}
    func consume(_ byteCount: Int) {}

    func endStream() {
        let answer = state.withLock { $0 }
        let hasFailed =
            answer.status.code >= 500 || answer.status == .tooManyRequests
            || answer.fields.contains("x-function-error")
        let result = AsyncCall.Result(
            status: answer.status.code,
            fields: Data(answer.fields.octetsOfHTTP),
            body: Data(answer.body),
            isTruncated: answer.isTruncated
        )
        end(result, error: hasFailed ? "it was answered with \(answer.status)" : nil)
    }

    func abort() { fail("the answer was broken off") }

    func fail(_ reason: String) { end(nil, error: reason) }

    private func end(_ result: AsyncCall.Result?, error: String?) {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        var call = call
        call.attempts += 1
        call.result = result
        call.error = error
        if error == nil {
            call.state = .done
            call.endedAt = .now()
        } else if call.attempts >= limits.attemptsMax {
            call.state = .dead
            call.endedAt = .now()
        } else {
            let delay = Self.delayMilliseconds(after: call.attempts, limits)
            call.dueAt = Timestamp(microseconds: Timestamp.now().microseconds + delay * 1_000)
        }
        finish(call)
    }

    /// Exponential, up to the limit, and between half of it and all of it by chance.
    private static func delayMilliseconds(after attempts: Int, _ limits: AsyncCalls.Limits) -> Int64
    {
        let doublings = min(attempts - 1, 30)
        let longest = min(limits.retryMilliseconds << doublings, limits.retryMillisecondsMax)
        return Int64.random(in: Int64(longest / 2)...Int64(longest))
    }
}
