import HTTP
import Synchronization

/// How far an invocation's answer has gone to its client.
struct AnswerProgress {
    /// What a guest may have written before it waits until that has been sent, in bytes.
    static let bufferedBytesMax = 64 << 10
    /// What may be sent before the client is waited for, in bytes.
    static let undrainedBytesMax = 256 << 10

    /// Whether the head has been sent ahead of the body.
    var hasBegun = false
    /// What is left of the length that the guest announced.
    var remaining: Int?
    var compressor: ResponseCompressor?
    private var undrainedByteCount = 0
    private var awaitsDrain = false

    /// Whether more may be sent now.
    var hasRoom: Bool { !awaitsDrain }

    /// Counts what was sent; true when the client has to be waited for from now on.
    mutating func sent(_ byteCount: Int) -> Bool {
        undrainedByteCount += byteCount
        guard !awaitsDrain, undrainedByteCount > Self.undrainedBytesMax else { return false }
        awaitsDrain = true
        return true
    }

    /// Notes that the client has caught up, if it has.
    mutating func noteDrained(_ mark: borrowing Atomic<Bool>) {
        guard awaitsDrain, mark.exchange(false, ordering: .acquiring) else { return }
        awaitsDrain = false
        undrainedByteCount = 0
    }
}

/// Sending what the guest answers: at once as a whole, or as it comes.
extension Invocation {
    /// Sends what the guest has written so far, once its head is complete.
    func flush(_ dialogue: any GuestDialogue) -> InvocationFailure? {
        answer.noteDrained(wasDrained)
        guard dialogue.hasOutput, answer.hasRoom else { return nil }
        do throws(BadAnswer) {
            if !answer.hasBegun {
                guard let head = try dialogue.takeHead(isFinal: false) else { return nil }
                beginStream(head, dialogue)
            }
            try sendBody(dialogue, isLast: false)
            return nil
        } catch {
            return badAnswer(error)
        }
    }

    /// Answers with the guest's output; false when it is not a response.
    func finishAnswer() -> Bool {
        guard let dialogue else { return false }
        do throws(BadAnswer) {
            guard answer.hasBegun else {
                guard let head = try dialogue.takeHead(isFinal: true) else {
                    throw BadAnswer(description: "the function did not answer")
                }
                try respond(consume head, dialogue)
                return true
            }
            try sendBody(dialogue, isLast: true)
            if let remaining = answer.remaining, remaining > 0 {
                throw BadAnswer(
                    description: "its body is \(remaining) bytes shorter than its Content-Length"
                )
            }
            sink.endStream()
            return true
        } catch {
            fail(badAnswer(error))
            return false
        }
    }

    /// Answers in the guest's place, or breaks off what it has begun.
    func fail(_ failure: InvocationFailure) {
        if answer.hasBegun {
            report.broken(by: failure)
            sink.abort()
            return
        }
        let response = report.response(
            failure,
            version,
            surroundings.options,
            log: dialogue?.context
        )
        report.sent(response.status, byteCount: response.body.count)
        report.failed(failure)
        sink.respond(response)
    }

    private func badAnswer(_ error: BadAnswer) -> InvocationFailure {
        memoryFailure("\(error)", nil) ?? .badOutput("\(error)")
    }

    /// The whole answer at once.
    private func respond(
        _ head: consuming AnswerHead,
        _ dialogue: any GuestDialogue
    ) throws(BadAnswer) {
        var body = dialogue.takeBody()
        // A guest that answers HEAD may tell the length of a body that it does not write.
        if request.head.method == .head, body.isEmpty, head.length != nil {
            beginStream(head, dialogue)
            sink.endStream()
            return
        }
        let compressor = ResponseCompressor.make(
            for: &head,
            request.head,
            isAllowed: version.configuration.compression,
            body.count
        )
        if let compressor { body = compressor.pack(body, isLast: true) }
        if head.status.forbidsBody { body = [] }
        let response = report.response(
            consume head,
            body: body,
            version,
            surroundings.options,
            isComplete: true
        )
        report.sent(response.status, byteCount: body.count)
        sink.respond(response)
    }

    private func beginStream(_ head: AnswerHead, _ dialogue: any GuestDialogue) {
        var head = head
        answer.compressor = ResponseCompressor.make(
            for: &head,
            request.head,
            isAllowed: version.configuration.compression,
            nil
        )
        answer.remaining = request.head.method == .head ? nil : head.length
        answer.hasBegun = true
        let response = report.response(
            head,
            body: [],
            version,
            surroundings.options,
            isComplete: false
        )
        report.sent(response.status, byteCount: 0)
        sink.beginStream(response, length: head.length)
    }

    private func sendBody(
        _ dialogue: any GuestDialogue,
        isLast: Bool
    ) throws(BadAnswer) {
        var bytes = dialogue.takeBody()
        if let remaining = answer.remaining {
            guard bytes.count <= remaining else {
                throw BadAnswer(description: "its body is longer than its Content-Length")
            }
            answer.remaining = remaining - bytes.count
        }
        if let compressor = answer.compressor, isLast || !bytes.isEmpty {
            bytes = compressor.pack(bytes, isLast: isLast)
        }
        guard !bytes.isEmpty else { return }
        report.streamed(bytes.count)
        sink.send(bytes)
        guard !sink.takesAllAtOnce else { return }
        if answer.sent(bytes.count), !isLast { sink.notifyWhenDrained() }
    }
}
