import HTTP
import Linux

/// One connection's state, confined to its loop's thread.
///
/// It only remembers; `LoopCore` decides and acts.
final class Connection {
    let socket: ConnectedSocket
    let token: UInt64
    let openedAt: UInt64
    /// Whether the connection is one beyond the limit, for what must be served all the same.
    let isReserve: Bool

    // MARK: Input

    var parser: RequestParser
    /// A complete head that waits for the requests before it to be answered.
    var heldHead: RequestHead?
    /// Whether the admission of `heldHead` waits for the handler, and how that answered in its place.
    var awaitsAdmission = false
    var admissionRefusal: Response?
    /// The head whose body is being read; nil between requests and while a body is discarded.
    var currentHead: RequestHead?
    /// What the handler said about it.
    var currentContext: AdmissionContext?
    /// Whether the body that is being read is handed out as it arrives.
    var streamsBody = false
    /// The request whose body is being handed out.
    var receiving: Receiving?
    /// Octets that were read but may not be parsed yet.
    var backlog: [UInt8] = []
    /// Whether the kernel may hold input that no event will announce again.
    var isReadable = false
    /// Whether the peer was seen to end its side, perhaps behind input that is not read yet.
    var sawInputEnd = false
    /// Whether the end of input was read.
    var inputEnded = false
    /// Whether no further request is read: the connection closes after the last pending response.
    var isFinal = false

    // MARK: Output

    var pending: [PendingExchange] = []
    var unsafePendingCount = 0
    var nextSequence: UInt32 = 0
    var requestCount = 0
    var output = OutputQueue()
    /// Whether the response at the front of `pending` is the last of the connection.
    var frontCloses = false
    /// The form of the streamed response at the front of `pending`, nil when none has begun.
    var stream: ResponseEncoder.StreamForm?
    /// What is left of the streamed response's announced length, in octets; nil when none was announced.
    var streamRemaining: Int?
    /// Whether the handler is to be told when the output has drained.
    var notifiesWhenDrained = false

    // MARK: Times

    /// When the current message's first octet was read.
    var messageStartAt: UInt64 = 0
    /// When the time for the current head or body began to count; later than its first octet when
    /// reading was paused meanwhile.
    var inputSince: UInt64 = 0
    var inputWindow = ProgressWindow(since: 0)
    /// Whether reading was paused, so that the time did not count against the peer.
    var isPaused = false
    /// When the connection became idle.
    var idleSince: UInt64
    /// Whether the kernel did not take all output; `outputWindow` counts from then on.
    var isOutputWaiting = false
    var outputWindow = ProgressWindow(since: 0)
    /// When the last response was written; the connection lingers from then on.
    var lingerSince: UInt64 = 0
    var lingerBytes = 0
    var isLingering = false
    /// When the connection's entry in the timer wheel fires.
    var timerAt = UInt64.max

    /// Whether the connection is in the loop's list of those to settle.
    var isDirty = false
    /// Whether the connection is in the loop's list of those with more input.
    var isUnfinished = false
    var isClosed = false

    init(
        socket: consuming ConnectedSocket,
        token: UInt64,
        isReserve: Bool,
        limits: Limits,
        now: UInt64
    ) {
        self.isReserve = isReserve
        self.socket = socket
        self.token = token
        parser = RequestParser(limits: limits)
        openedAt = now
        idleSince = now
    }

    /// Whether part of a message has been read.
    var isInsideMessage: Bool {
        parser.isInsideHead || parser.isInsideBody || heldHead != nil
    }

    /// Starts to count the time for a head or a body.
    func beginInput(at time: UInt64) {
        inputSince = time
        inputWindow = ProgressWindow(since: time)
    }

    /// Whether the peer owes nothing and is owed nothing.
    var isIdle: Bool {
        pending.isEmpty && output.isEmpty && backlog.isEmpty && !isInsideMessage
    }

    /// Whether the next octets may be parsed now.
    ///
    /// Requests that are not safe are served one at a time (RFC 9112 §9.3.2).
    func mayParse(_ limits: ServerLimits) -> Bool {
        if awaitsAdmission { return false }
        if let receiving {
            return !isFinal && !isLingering && receiving.unconsumed < limits.bodyBytesHighWater
        }
        // What comes behind a head that waits is its body, and stays behind what of it was read with the head.
        guard heldHead == nil || pending.isEmpty else { return false }
        return !isFinal && !isLingering && unsafePendingCount == 0
            && pending.count < limits.pipelinedRequestsMax
            && output.byteCount < limits.outputBytesHighWater
    }

    /// Whether a request must wait until all those before it are answered.
    func mustHold(_ head: RequestHead) -> Bool {
        !pending.isEmpty && (!head.method.isSafe || head.expectsContinue)
    }

    /// The index in `pending` of a request that waits for its response.
    func pendingIndex(_ sequence: UInt32) -> Int? {
        guard let first = pending.first else { return nil }
        let index = Int(sequence &- first.sequence)
        return index < pending.count ? index : nil
    }
}

/// A request whose body is handed out as it arrives.
struct Receiving {
    let sequence: UInt32
    /// Octets that were handed out and not consumed.
    var unconsumed: Int
}

/// A request that waits for its response.
struct PendingExchange {
    let sequence: UInt32
    let isHead: Bool
    let version: RequestHead.Version
    let isSafe: Bool
    let isReserved: Bool
    /// Whether the connection is closed afterwards, as the client asked or a limit demands.
    let closes: Bool
    /// What was said before the responses in front of this one were complete.
    var early: [Reply] = []
    var earlyBytes = 0
    /// Whether a streamed response has begun.
    var hasBegun = false
    var wasToldGone = false
    /// Whether the handler knows of it.
    let isHandled: Bool
    /// What the handler is told at its end, if it wants to be.
    var summary: OpenSummary?
}
