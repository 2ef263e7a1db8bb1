/// A whole request.
public struct Request: Sendable {
    /// The request line and fields.
    public let head: RequestHead

    /// The body with the transfer coding undone, empty when there is none.
    public let body: [UInt8]

    /// When its first octet was read, in nanoseconds on the monotonic clock.
    public let firstByteAt: UInt64

    /// When its last octet was read, in nanoseconds on the monotonic clock.
    public let receivedAt: UInt64

    /// Makes a request from what a parser returned.
    public init(head: RequestHead, body: [UInt8], firstByteAt: UInt64, receivedAt: UInt64) {
        self.head = head
        self.body = body
        self.firstByteAt = firstByteAt
        self.receivedAt = receivedAt
    }
}
