extension RequestHead {
    /// The head of a request in HTTP/1.1 as octets, its body framed by a length.
    ///
    /// Whatever `fields` say of framing is left out. What the parts contain is not checked: parse it.
    public static func octets(
        method: [UInt8],
        target: [UInt8],
        fields: Fields,
        bodyByteCount: Int
    ) -> [UInt8] {
        var fields = fields
        for name in ["content-length", "transfer-encoding", "expect"] { fields.remove(name) }
        if !fields.contains("host") { fields.append("Host", "localhost") }
        if bodyByteCount > 0 { fields.append("Content-Length", String(bodyByteCount)) }
        var octets = method + [Octet.space] + target
        octets += Array(" HTTP/1.1\r\n".utf8) + fields.octetsOfHTTP + Array("\r\n".utf8)
        return octets
    }

    /// Reads a head that is there as a whole.
    public convenience init(
        parsing octets: [UInt8],
        limits: Limits = Limits()
    ) throws(ParseError) {
        var parser = RequestParser(limits: limits)
        var position = 0
        guard case .head(let head) = try parser.consume(octets, from: &position, upTo: octets.count)
        else { throw ParseError(.inputEnded, offset: octets.count) }
        self.init(head, fields: head.fields)
    }
}

/// Turns the octets of a connection into requests (RFC 9112).
///
/// The parser is pushed: it is given octets as they arrive, in whatever pieces, and says what they
/// came to. It neither waits nor owns a socket, and looks at each octet once. After an error it
/// must not be used again.
///
///     var parser = RequestParser(limits: Limits())
///     switch try parser.consume(bytes, from: &position, upTo: count) {
///     case .needMore: …                     // read more
///     case .head(let head): parser.acceptBody(bytesMax: 1 << 20)   // then consume again
///     case .complete(let body): …           // the next octet starts the next request
///     }
public struct RequestParser: Sendable {
    /// What the octets so far came to.
    public enum Event: Sendable {
        /// All octets were taken and the request is not complete.
        case needMore
        /// The head is complete. `acceptBody` or `discardBody` must be called before going on.
        case head(RequestHead)
        /// The request is complete; here is its body, empty if there is none or it is discarded.
        case complete(body: [UInt8])
    }

    private let limits: Limits
    private var scanner: HeadScanner
    private var state = State.head
    private var body: [UInt8] = []

    /// The number of octets of the current message that were taken so far.
    public private(set) var messageBytes = 0

    private enum State {
        case head
        case undecided(RequestHead.Framing)
        case none
        case length(remaining: Int)
        case discarding(remaining: Int)
        case chunks(ChunkDecoder)
    }

    /// Makes a parser that expects the start of a message.
    public init(limits: Limits) {
        self.limits = limits
        scanner = HeadScanner(limits: limits)
    }

    /// Whether part of a head has arrived, but not all of it.
    public var isInsideHead: Bool {
        if case .head = state { return messageBytes > 0 && scanner.hasBegun }
        return false
    }

    /// Whether a head was returned and its body is not complete.
    public var isInsideBody: Bool {
        if case .head = state { return false }
        return true
    }

    /// Takes octets of `input` from `position` up to `end`, and moves `position` past them.
    ///
    /// Returns as soon as something is complete: call it again while `position` is below `end`,
    /// and after `.head` even when it is not.
    public mutating func consume(
        _ input: [UInt8],
        from position: inout Int,
        upTo end: Int
    ) throws(ParseError) -> Event {
        let start = position
        let base = messageBytes - start
        defer { messageBytes += position - start }
        switch state {
        case .head:
            guard try scanner.scan(input, from: &position, upTo: end) else { return .needMore }
            let head = try HeadInterpreter.interpret(scanner)
            state = .undecided(head.framing)
            return .head(head)
        case .undecided:
            preconditionFailure("the head was returned and its body neither accepted nor discarded")
        case .none:
            break
        case .length(let remaining):
            let count = min(remaining, end - position)
            body.append(contentsOf: input[position..<(position + count)])
            position += count
            state = .length(remaining: remaining - count)
            guard remaining == count else { return .needMore }
        case .discarding(let remaining):
            let count = min(remaining, end - position)
            position += count
            state = .discarding(remaining: remaining - count)
            guard remaining == count else { return .needMore }
        case .chunks(var decoder):
            state = .none
            let isDone = try decoder.decode(
                input,
                from: &position,
                upTo: end,
                base: base,
                into: &body
            )
            guard isDone else {
                state = .chunks(decoder)
                return .needMore
            }
        }
        return finish(at: position, since: start)
    }

    /// Decides that the body is collected, up to `bytesMax` octets of data.
    ///
    /// Throws `bodyTooLarge` at once when the announced length is beyond that; a chunked body is
    /// refused when it goes beyond.
    public mutating func acceptBody(bytesMax: Int) throws(ParseError) {
        guard case .undecided(let framing) = state else { return }
        switch framing {
        case .none:
            state = .none
        case .length(let length):
            guard length <= bytesMax else {
                throw ParseError(.bodyTooLarge, offset: messageBytes, limit: bytesMax)
            }
            body.reserveCapacity(min(length, limits.bodyReservationBytesMax))
            state = .length(remaining: length)
        case .chunked:
            state = .chunks(
                ChunkDecoder(
                    overheadBytesMax: limits.chunkOverheadBytesMax,
                    bodyBytesMax: bytesMax
                )
            )
        }
    }

    /// Takes what has been collected of an accepted body so far.
    ///
    /// `.complete` then has only what came later.
    public mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Decides that the rest of an accepted body is skipped.
    ///
    /// Returns `false` when its length is not known or beyond `bytesMax`: the connection must then
    /// be closed, and the parser not used again.
    public mutating func discardRest(bytesMax: Int) -> Bool {
        body = []
        switch state {
        case .length(let remaining) where remaining <= bytesMax:
            state = .discarding(remaining: remaining)
            return true
        case .head, .discarding: return true
        case .none, .undecided, .length, .chunks: return false
        }
    }

    /// Decides that the body is skipped.
    ///
    /// Returns `false` when its length is not known or beyond `bytesMax`: the connection must then
    /// be closed, and the parser not used again.
    public mutating func discardBody(bytesMax: Int) -> Bool {
        guard case .undecided(let framing) = state else { return false }
        switch framing {
        case .none:
            state = .none
            return true
        case .length(let length) where length <= bytesMax:
            state = .discarding(remaining: length)
            return true
        case .length, .chunked:
            return false
        }
    }

    private mutating func finish(at position: Int, since start: Int) -> Event {
        let body = body
        self.body = []
        scanner = HeadScanner(limits: limits)
        state = .head
        messageBytes = start - position  // The caller's defer adds the difference.
        return .complete(body: body)
    }
}
