public import HTTP
public import Linux

/// Answers the requests of one event loop.
///
/// Each loop has its own handler, made on the loop's thread and used by no other, so its state needs
/// no lock. No call may block or compute for long: every other connection of the loop waits.
public protocol RequestHandler: AnyObject {
    /// Decides about a request when its head is complete, before any of its body is read.
    ///
    /// A refusal is the response; no `100 Continue` is sent then. `peer` is the connection's other
    /// end.
    func admit(_ head: RequestHead, from peer: SocketAddress) -> Admission

    /// Whether a request is served when the server is full: from a connection beyond the limit, or after it has
    /// waited too long.
    func isReserved(_ head: RequestHead) -> Bool

    /// Makes the response to a request that is not served because the server is full.
    func overload(_ head: RequestHead) -> Response

    /// Takes a request: a whole one, or, after `stream`, one whose body still arrives.
    ///
    /// `context` is what its admission gave. It is answered through `exchange`, during this call or later. A request that is never
    /// answered holds its connection until the peer gives up.
    func handle(_ request: Request, context: AdmissionContext?, exchange: Exchange)

    /// Takes the next piece of a body that arrives; the last may be empty.
    ///
    /// The connection is read from until so much waits that `exchange` was not told to be consumed; what came
    /// with the request counts. When the response is complete no more pieces follow.
    func receive(_ piece: [UInt8], isLast: Bool, exchange: Exchange)

    /// Most of what was sent through `exchange` has been written, as it was asked to tell.
    func didDrain(_ exchange: Exchange)

    /// The answers given so far have been written, as far as the sockets took them.
    ///
    /// The time for what nobody waits for.
    func didWrite()

    /// The peer went away, or ended its side, before the response to `exchange` was complete.
    ///
    /// Work for it can be cancelled. A response is still accepted: a peer that ended its side only
    /// may yet read it. Called once at most.
    func clientGone(_ exchange: Exchange)

    /// Makes the response to a message that is not a request, or not one that is served.
    func refusal(of error: ParseError) -> Response

    /// Whether ``didAnswer(_:)`` is to be called for the request that has just come.
    ///
    /// Asked for each, so the answer must cost nothing. Summaries cost an allocation.
    var wantsSummaries: Bool { get }

    /// A request is over: its response is complete, or will never be.
    ///
    /// Called once for each request for which it was wanted, also for those that were refused
    /// without `handle`.
    func didAnswer(_ summary: AnswerSummary)
}

/// What a handler found out about a request when it admitted it, and wants to know when it takes it.
public typealias AdmissionContext = any AnyObject & Sendable

/// What becomes of a request whose head is complete.
public enum Admission: Sendable {
    /// Read the body, up to so many octets of data.
    case accept(bodyBytesMax: Int, context: AdmissionContext? = nil)
    /// Hand the body out as it arrives, up to so many octets of data.
    case stream(bodyBytesMax: Int, context: AdmissionContext? = nil)
    /// Send this response instead.
    case refuse(Response)
    /// Decide later: nothing more is read from the connection until what is handed to the closure is told to go on.
    case later(@Sendable (Readmission) -> Void)
}

/// A request whose admission waits for something.
public struct Readmission: Sendable {
    let exchange: Exchange

    /// Has the handler decide again, or answers in its place.
    ///
    /// Any thread may call this; only the first call counts. A connection that is never told waits until its peer
    /// gives up.
    public func resume(refusing response: Response? = nil) {
        exchange.loop.reply(.readmit(response), to: exchange)
    }
}

extension RequestHandler {
    /// No request is more important than others.
    public func isReserved(_ head: RequestHead) -> Bool { false }

    /// A problem document that says so.
    public func overload(_ head: RequestHead) -> Response {
        var response = Response.problem(.serviceUnavailable, detail: "the server is full")
        response.fields.append("Retry-After", "1")
        return response
    }

    /// Nothing asked for pieces.
    public func receive(_ piece: [UInt8], isLast: Bool, exchange: Exchange) {}

    /// Nothing asked to be told.
    public func didDrain(_ exchange: Exchange) {}

    /// Nothing was left for later.
    public func didWrite() {}

    /// Nothing to cancel.
    public func clientGone(_ exchange: Exchange) {}

    /// Nobody keeps a log.
    public var wantsSummaries: Bool { false }

    /// Nobody keeps a log.
    public func didAnswer(_ summary: AnswerSummary) {}

    /// A problem document with the error's status and reason.
    public func refusal(of error: ParseError) -> Response {
        .problem(error.status, detail: error.description)
    }
}
