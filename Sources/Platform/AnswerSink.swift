public import HTTP

/// Where an invocation's answer goes, and where the rest of its request comes from.
///
/// Any thread may call it, one at a time.
public protocol AnswerSink: Sendable {
    /// Sends the whole response.
    func respond(_ response: Response)

    /// Starts a response whose body follows in pieces; its `body` is the first.
    ///
    /// `length` is the whole body's in octets, if it is known.
    func beginStream(_ response: Response, length: Int?)

    /// Sends a piece of a streamed body.
    func send(_ bytes: [UInt8])

    /// Whether what is sent is taken at once, so that nobody has to be waited for.
    var takesAllAtOnce: Bool { get }

    /// Asks for ``Invocation/didDrain()`` when most of what was sent has been taken.
    func notifyWhenDrained()

    /// Ends a streamed body.
    func endStream()

    /// Lets the client see that the response is not complete.
    func abort()

    /// Says that octets of the request's body are used up.
    func consume(_ byteCount: Int)

    /// Tells that an invocation that went on elsewhere is over, its record made.
    func invocationEnded()
}

extension AnswerSink {
    /// A client takes its time.
    public var takesAllAtOnce: Bool { false }

    /// Nothing has to be known of it any more.
    public func invocationEnded() {}
}
