/// A request.
public struct Request: Sendable {
    /// The request line and fields.
    public let head: RequestHead

    /// The body with the transfer coding undone, empty when there is none; as much of it as has arrived.
    public let body: [UInt8]

    /// Whether no more of the body follows.
    public let isComplete: Bool

    /// When its first octet was read, in nanoseconds on the monotonic clock.
    public let firstByteAt: UInt64

    /// When the last octet of what is here was read, in nanoseconds on the monotonic clock.
    public let receivedAt: UInt64

    /// The request without the field lines of a name that does not concern its framing.
    public func removing(_ name: String) -> Request {
        Request(
            head: head.removing(name),
            body: body,
            isComplete: isComplete,
            firstByteAt: firstByteAt,
            receivedAt: receivedAt
        )
    }

    /// Makes a request from what a parser returned.
    public init(
        head: RequestHead,
        body: [UInt8],
        isComplete: Bool = true,
        firstByteAt: UInt64,
        receivedAt: UInt64
    ) {
        self.head = head
        self.body = body
        self.isComplete = isComplete
        self.firstByteAt = firstByteAt
        self.receivedAt = receivedAt
    }
}
