import HTTP
import Linux

/// Reading and parsing.
extension LoopCore {
    /// How many times one connection is read from before others have their turn.
    private static let readsPerTurnMax = 4

    /// Notes what an event says.
    func take(_ readiness: Poller.Readiness, of connection: Connection) {
        if !readiness.isDisjoint(with: [.hungUp, .failed]) {
            close(connection)
            return
        }
        if readiness.contains(.readable) { connection.isReadable = true }
        if readiness.contains(.inputEnded) {
            connection.isReadable = true
            connection.sawInputEnd = true
        }
    }

    /// Does all that can be done for a connection now: writes, parses what was held back, reads.
    func settle(_ connection: Connection) {
        for _ in 0..<Self.readsPerTurnMax {
            guard !connection.isClosed, flushNowOrLater(connection) else { return }
            if connection.isLingering {
                guard drop(connection) else { return }
            } else if connection.isFinal, connection.pending.isEmpty, connection.output.isEmpty {
                finish(connection)
            } else if !mayParse(connection) {
                rest(connection)
                return
            } else if hasHeldBack(connection) {
                parseBacklog(connection)
            } else if connection.isReadable {
                receive(connection)
            } else {
                rest(connection)
                return
            }
        }
        guard !connection.isClosed, flushNowOrLater(connection) else { return }
        if !connection.isUnfinished {
            connection.isUnfinished = true
            unfinished.append(connection)
        }
        schedule(connection)
    }

    private func flushNowOrLater(_ connection: Connection) -> Bool {
        guard defersWrites else { return flush(connection) }
        if !connection.output.isEmpty { markDirty(connection) }
        return true
    }

    /// Whether octets may be parsed; after a pause, the time for them begins anew.
    private func mayParse(_ connection: Connection) -> Bool {
        let mayParse = connection.mayParse(limits)
        if !mayParse, !connection.isPaused,
            connection.pending.count >= limits.pipelinedRequestsMax
        {
            loop.hits.count(.pipelinedRequests)
        }
        if mayParse, connection.isPaused { connection.beginInput(at: now) }
        connection.isPaused = !mayParse
        return mayParse
    }

    /// Nothing more can be done until something happens.
    private func rest(_ connection: Connection) {
        // Behind the end that was seen there may be more of a body that is not read yet.
        if connection.sawInputEnd, !connection.pending.isEmpty, connection.receiving == nil {
            tellGone(connection)
        }
        if drainDeadline != nil, connection.isIdle {
            close(connection)
        } else {
            schedule(connection)
        }
    }

    private func hasHeldBack(_ connection: Connection) -> Bool {
        if connection.heldHead != nil { return connection.pending.isEmpty }
        return !connection.backlog.isEmpty
    }

    // MARK: - Octets

    private func receive(_ connection: Connection) {
        let count: Int
        do {
            switch try connection.socket.read(into: &readBuffer) {
            case .bytes(let read): count = read
            case .wouldBlock:
                connection.isReadable = false
                return
            case .ended:
                endInput(connection)
                return
            }
        } catch {
            close(connection)
            return
        }
        // A short read emptied the kernel's buffer (epoll(7)); only the end may be left there.
        if count < readBuffer.count, !connection.sawInputEnd { connection.isReadable = false }
        connection.inputWindow.bytes += count
        parse(readBuffer, upTo: count, of: connection, readAt: configuration.now())
    }

    private func endInput(_ connection: Connection) {
        connection.isReadable = false
        connection.inputEnded = true
        connection.sawInputEnd = true
        if connection.isInsideMessage {
            refuse(.init(.inputEnded, offset: connection.parser.messageBytes), connection)
        } else {
            connection.isFinal = true
        }
    }

    private func parseBacklog(_ connection: Connection) {
        let input = connection.backlog
        connection.backlog = []
        parse(input, upTo: input.count, of: connection, readAt: configuration.now())
    }

    /// Parses octets until they are used up or the connection must pause.
    private func parse(
        _ input: [UInt8],
        upTo end: Int,
        of connection: Connection,
        readAt: UInt64
    ) {
        var position = 0
        do throws(ParseError) {
            while true {
                if let head = connection.heldHead.take() {
                    try admit(head, connection, hasInput: position < end, readAt: readAt)
                }
                guard connection.mayParse(limits) else { break }
                if connection.parser.messageBytes == 0 {
                    guard position < end else { return }
                    connection.messageStartAt = readAt
                    connection.beginInput(at: readAt)
                }
                switch try connection.parser.consume(input, from: &position, upTo: end) {
                case .needMore:
                    passOn(connection, readAt: readAt)
                    return
                case .head(let head):
                    connection.heldHead = head
                    if connection.mustHold(head) {
                        hold(input, position, end, connection)
                        return
                    }
                case .complete(let body):
                    complete(body, connection, receivedAt: readAt)
                }
            }
        } catch {
            refuse(error, connection)
        }
        hold(input, position, end, connection)
    }

    private func hold(_ input: [UInt8], _ position: Int, _ end: Int, _ connection: Connection) {
        guard position < end, !connection.isFinal else { return }
        connection.backlog = Array(input[position..<end])
    }

    // MARK: - Requests

    private func admit(
        _ head: RequestHead,
        _ connection: Connection,
        hasInput: Bool,
        readAt: UInt64
    ) throws(ParseError) {
        connection.currentHead = head
        switch overload(head, connection) ?? decision(head, connection) {
        case .accept(let bodyBytesMax, let context):
            try accept(head, connection, bodyBytesMax, hasInput: hasInput, readAt: readAt)
            connection.currentContext = context
            connection.streamsBody = false
        case .stream(let bodyBytesMax, let context):
            try accept(head, connection, bodyBytesMax, hasInput: hasInput, readAt: readAt)
            connection.currentContext = context
            connection.streamsBody = true
        case .refuse(let response):
            connection.currentHead = nil
            let keeps =
                connection.parser.discardBody(bytesMax: limits.discardedBodyBytesMax)
                && !head.expectsContinue
            append(head, to: connection, bytesIn: 0, isHandled: false, closes: !head.keepsAlive)
            if !keeps || !head.keepsAlive { connection.isFinal = true }
            let sequence = connection.nextSequence &- 1
            apply(.whole(response), to: sequence, of: connection)
        case .later(let subscribe):
            connection.currentHead = nil
            connection.heldHead = head
            connection.awaitsAdmission = true
            // Of a request that has no place among the pending ones yet.
            subscribe(Readmission(exchange: exchange(connection.nextSequence, of: connection)))
        }
    }

    private func decision(_ head: RequestHead, _ connection: Connection) -> Admission {
        connection.admissionRefusal.take().map { .refuse($0) }
            ?? handler.admit(head, from: connection.socket.peer)
    }

    /// Goes on with a request whose admission waited.
    func readmit(_ sequence: UInt32, refusing response: Response?, _ connection: Connection) {
        guard connection.awaitsAdmission, connection.nextSequence == sequence else { return }
        connection.awaitsAdmission = false
        connection.admissionRefusal = response
        markDirty(connection)
    }

    /// The refusal of a request that comes when the server is full.
    private func overload(_ head: RequestHead, _ connection: Connection) -> Admission? {
        let ageMax = UInt64(limits.queueAgeMilliseconds) * 1_000_000
        let isOld = configuration.now() > queueSince &+ ageMax
        guard isOld || connection.isReserve, !handler.isReserved(head) else { return nil }
        loop.hits.count(isOld ? .queueAge : .connections)
        return .refuse(handler.overload(head))
    }

    private func accept(
        _ head: RequestHead,
        _ connection: Connection,
        _ bodyBytesMax: Int,
        hasInput: Bool,
        readAt: UInt64
    ) throws(ParseError) {
        try connection.parser.acceptBody(bytesMax: bodyBytesMax)
        connection.beginInput(at: readAt)
        if head.expectsContinue, !hasInput {
            encoder.encodeContinue(into: &connection.output.tail)
        }
    }

    /// The request is complete.
    private func complete(_ body: [UInt8], _ connection: Connection, receivedAt: UInt64) {
        guard let head = connection.currentHead else { return }
        connection.currentHead = nil
        guard let receiving = connection.receiving else {
            dispatch(head, body, isComplete: true, connection, receivedAt: receivedAt)
            return
        }
        connection.receiving = nil
        let index = connection.pendingIndex(receiving.sequence)
        if let index, connection.pending[index].closes { connection.isFinal = true }
        if let index { connection.pending[index].summary?.value.bytesIn += body.count }
        let exchange = exchange(receiving.sequence, of: connection)
        handler.receive(body, isLast: true, exchange: exchange)
        takeReplies()
    }

    /// Hands out what has come of a body that is not complete.
    private func passOn(_ connection: Connection, readAt: UInt64) {
        guard connection.streamsBody, let head = connection.currentHead else { return }
        let piece = connection.parser.takeBody()
        guard let receiving = connection.receiving else {
            // A body of known length is about to come; one in chunks may wait for an answer.
            if piece.isEmpty, head.framing != .chunked { return }
            dispatch(head, piece, isComplete: false, connection, receivedAt: readAt)
            return
        }
        guard !piece.isEmpty else { return }
        connection.receiving?.unconsumed += piece.count
        if let index = connection.pendingIndex(receiving.sequence) {
            connection.pending[index].summary?.value.bytesIn += piece.count
        }
        let exchange = exchange(receiving.sequence, of: connection)
        handler.receive(piece, isLast: false, exchange: exchange)
        takeReplies()
    }

    private func dispatch(
        _ head: RequestHead,
        _ body: [UInt8],
        isComplete: Bool,
        _ connection: Connection,
        receivedAt: UInt64
    ) {
        connection.requestCount += 1
        statistics.requestCount += 1
        let closes = !head.keepsAlive || isUsedUp(connection)
        let sequence = append(
            head,
            to: connection,
            bytesIn: body.count,
            isHandled: true,
            closes: closes
        )
        if isComplete {
            if closes { connection.isFinal = true }
        } else {
            connection.receiving = Receiving(sequence: sequence, unconsumed: body.count)
        }
        let request = Request(
            head: head,
            body: body,
            isComplete: isComplete,
            firstByteAt: connection.messageStartAt,
            receivedAt: receivedAt
        )
        handler.handle(
            request,
            context: connection.currentContext.take(),
            exchange: exchange(sequence, of: connection)
        )
        takeReplies()
    }

    private func isUsedUp(_ connection: Connection) -> Bool {
        if connection.requestCount >= limits.requestsPerConnectionMax {
            loop.hits.count(.requestsPerConnection)
            return true
        }
        let age = now &- connection.openedAt
        guard age >= UInt64(limits.connectionAgeMilliseconds) * 1_000_000 else { return false }
        loop.hits.count(.connectionAge)
        return true
    }

    @discardableResult
    private func append(
        _ head: RequestHead,
        to connection: Connection,
        bytesIn: Int,
        isHandled: Bool,
        closes: Bool
    ) -> UInt32 {
        let sequence = connection.nextSequence
        connection.nextSequence &+= 1
        if !head.method.isSafe { connection.unsafePendingCount += 1 }
        connection.pending.append(
            PendingExchange(
                sequence: sequence,
                isHead: head.method == .head,
                version: head.version,
                isSafe: head.method.isSafe,
                isReserved: handler.isReserved(head),
                closes: closes,
                isHandled: isHandled,
                summary: openSummary(sequence, head, bytesIn: bytesIn, connection)
            )
        )
        return sequence
    }

    /// Answers a message that is no request, after all requests before it; nothing more is read.
    func refuse(_ error: ParseError, _ connection: Connection) {
        connection.isFinal = true
        connection.backlog = []
        if connection.parser.isInsideBody, connection.currentHead == nil {
            // The request was answered already and its body is only being discarded.
            if connection.heldHead == nil { return markDirty(connection) }
        }
        statistics.refusedCount += 1
        count(error)
        let head = connection.currentHead ?? connection.heldHead
        connection.currentHead = nil
        connection.heldHead = nil
        if let receiving = connection.receiving {
            refuseRest(of: receiving, error, connection)
            return
        }
        let sequence = connection.nextSequence
        connection.nextSequence &+= 1
        connection.pending.append(
            PendingExchange(
                sequence: sequence,
                isHead: head?.method == .head,
                version: head?.version ?? .http11,
                isSafe: true,
                isReserved: false,
                closes: false,
                isHandled: false,
                summary: openSummary(sequence, head, bytesIn: 0, connection)
            )
        )
        apply(.whole(handler.refusal(of: error)), to: sequence, of: connection)
    }

    private func count(_ error: ParseError) {
        switch error.kind {
        case .headTimeout: loop.hits.count(.head)
        case .bodyTimeout: loop.hits.count(.body)
        case .bodyTooLarge: loop.hits.count(.bodyBytes)
        case .headTooLarge, .targetTooLong, .tooManyFields: loop.hits.count(.headBytes)
        default: break
        }
    }

    /// The rest of a body that is being handed out is bad, or does not come: nobody can use the answer.
    ///
    /// Answers in its place, if it has not begun.
    private func refuseRest(
        of receiving: Receiving,
        _ error: ParseError,
        _ connection: Connection
    ) {
        connection.receiving = nil
        guard let index = connection.pendingIndex(receiving.sequence) else { return }
        tellGone(connection, at: index)
        if connection.pending[index].hasBegun {
            cut(connection)
        } else {
            apply(.whole(handler.refusal(of: error)), to: receiving.sequence, of: connection)
        }
    }
}
