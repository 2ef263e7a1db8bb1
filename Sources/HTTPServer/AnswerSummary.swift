public import HTTP

/// What became of a request: for a log of accesses.
public struct AnswerSummary: Sendable {
    /// The request that it is about.
    public let exchange: Exchange

    /// The request's head; nil for a message that has none, since it was refused before.
    public let head: RequestHead?

    /// The response's status; nil when there was none before the connection ended.
    public private(set) var status: Status?

    /// The response's fields, without those that the server adds.
    public private(set) var fields = Fields()

    /// The octets of the request's body that were handed out, without framing.
    public internal(set) var bytesIn: Int

    /// The octets of the response's body, without framing, that were written or wait to be.
    public internal(set) var bytesOut = 0

    /// Whether the response is complete; the last of it may still wait to be written.
    public internal(set) var isComplete = false

    /// When the request's first octet was read, in nanoseconds of the server's clock.
    public let firstByteAt: UInt64

    /// When the response was complete, or the connection ended, on the same clock.
    public internal(set) var endedAt: UInt64 = 0

    init(_ exchange: Exchange, _ head: RequestHead?, bytesIn: Int, firstByteAt: UInt64) {
        self.exchange = exchange
        self.head = head
        self.bytesIn = bytesIn
        self.firstByteAt = firstByteAt
    }

    /// Notes the response that is being sent.
    mutating func begin(_ response: Response) {
        status = response.status
        fields = response.fields
    }
}

/// A summary while its request goes on: in a class, so that a request without one carries a nil.
final class OpenSummary {
    var value: AnswerSummary

    init(_ value: AnswerSummary) { self.value = value }
}

extension LoopCore {
    /// Begins to note what becomes of a request; nil when the handler does not want to know.
    func openSummary(
        _ sequence: UInt32,
        _ head: RequestHead?,
        bytesIn: Int,
        _ connection: Connection
    ) -> OpenSummary? {
        guard handler.wantsSummaries else { return nil }
        return OpenSummary(
            AnswerSummary(
                exchange(sequence, of: connection),
                head,
                bytesIn: bytesIn,
                firstByteAt: connection.messageStartAt
            )
        )
    }

    /// Tells the handler how a request ended, if it wants to know.
    func report(_ summary: OpenSummary?, isComplete: Bool) {
        guard var summary = summary?.value else { return }
        summary.isComplete = isComplete
        summary.endedAt = configuration.now()
        handler.didAnswer(summary)
    }
}
