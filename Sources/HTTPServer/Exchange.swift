public import HTTP
public import Linux

/// One request that waits for its response: a handle that any thread may hold.
///
/// A handle outlives its connection harmlessly: what is then said through it is dropped. Responses
/// of one connection are sent in the order of its requests, whatever order they come in.
public final class Exchange: Sendable, Hashable {
    /// The loop that the connection belongs to.
    public let loop: EventLoop

    /// The other end of the connection.
    public let peer: SocketAddress

    let connection: UInt64
    let sequence: UInt32

    init(loop: EventLoop, peer: SocketAddress, connection: UInt64, sequence: UInt32) {
        self.loop = loop
        self.peer = peer
        self.connection = connection
        self.sequence = sequence
    }

    /// Sends the whole response.
    ///
    /// Any thread may call this.
    ///
    /// Only the first response counts.
    public func respond(_ response: Response) {
        loop.reply(.whole(response), to: self)
    }

    /// Starts a response whose body follows in pieces of unknown total size.
    ///
    /// The body of `response` is the first piece. `length` is that of the whole body in octets, if it is known: a
    /// response that turns out shorter or longer is cut. Any thread may call this; the pieces must be sent
    /// by one thread at a time.
    public func beginStream(_ response: Response, length: Int? = nil) {
        loop.reply(.head(response, length: length), to: self)
    }

    /// Sends a piece of a streamed body.
    ///
    /// When the peer does not keep up and the server's limit on unsent octets is passed, the
    /// connection is cut and `clientGone` called.
    public func send(_ bytes: [UInt8]) {
        loop.reply(.piece(bytes), to: self)
    }

    /// Asks for ``RequestHandler/didDrain(_:)`` when most of what was sent so far has been written.
    public func notifyWhenDrained() {
        loop.reply(.notifyWhenDrained, to: self)
    }

    /// Says that octets of a body that arrives in pieces are used up, so that others are read in their place.
    public func consume(_ byteCount: Int) {
        loop.reply(.consumed(byteCount), to: self)
    }

    /// Ends a streamed body.
    public func endStream() {
        loop.reply(.end, to: self)
    }

    /// Cuts the connection, so that the peer sees that the response is not complete.
    public func abort() {
        loop.reply(.abort, to: self)
    }

    /// Compares which request of which connection is meant.
    public static func == (left: Exchange, right: Exchange) -> Bool {
        left.loop === right.loop && left.connection == right.connection
            && left.sequence == right.sequence
    }

    /// Hashes which request of which connection is meant.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(loop))
        hasher.combine(connection)
        hasher.combine(sequence)
    }
}

/// Something that was said through an exchange.
struct Message: Sendable {
    let exchange: Exchange
    let reply: Reply
}

/// What is said through an exchange.
enum Reply: Sendable {
    case whole(Response)
    case head(Response, length: Int?)
    case piece([UInt8])
    case notifyWhenDrained
    case consumed(Int)
    case end
    case abort
    /// The request whose admission waited is to be decided about, or answered so.
    case readmit(Response?)
}
