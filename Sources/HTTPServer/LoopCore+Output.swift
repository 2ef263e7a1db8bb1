import HTTP
import Linux

/// Responses, in order, and the end of a connection.
extension LoopCore {
    /// Applies what was said about one request; it waits if an earlier one is not answered yet.
    func apply(_ reply: Reply, to sequence: UInt32, of connection: Connection) {
        if case .readmit(let response) = reply {
            return readmit(sequence, refusing: response, connection)
        }
        guard let index = connection.pendingIndex(sequence) else { return }
        markDirty(connection)
        connection.output.takeBuffer(from: &spareBuffers)
        switch reply {
        case .abort:
            cut(connection)
            return
        case .consumed(let byteCount):
            if connection.receiving?.sequence == sequence {
                connection.receiving?.unconsumed -= byteCount
            }
            return
        case .head:
            connection.pending[index].hasBegun = true
        case .whole, .piece, .notifyWhenDrained, .end, .readmit:
            break
        }
        if index > 0 {
            if case .piece(let bytes) = reply {
                connection.pending[index].earlyBytes += bytes.count
                if connection.pending[index].earlyBytes > limits.streamBytesMax {
                    cut(connection)
                    return
                }
            }
            connection.pending[index].early.append(reply)
            return
        }
        guard encode(reply, connection) else { return }
        // The next responses may have come early.
        while !connection.isClosed, let next = connection.pending.first, !next.early.isEmpty {
            connection.pending[0].early = []
            guard next.early.contains(where: { encode($0, connection) }) else { return }
        }
    }

    /// Appends a part of the front response to the output.
    ///
    /// Returns whether the response is complete; it is then no longer pending.
    private func encode(_ reply: Reply, _ connection: Connection) -> Bool {
        guard !connection.isClosed, let front = connection.pending.first else { return false }
        switch reply {
        case .whole(let response):
            guard connection.stream == nil else { return false }
            encodeWhole(response, front, connection)
            return true
        case .head(let response, let length):
            guard connection.stream == nil else { return false }
            return !beginStream(response, length, front, connection)
        case .piece(let bytes):
            encodePiece(bytes, connection)
            return false
        case .notifyWhenDrained:
            connection.notifiesWhenDrained = true
            return false
        case .end:
            return endStream(connection)
        case .consumed, .abort, .readmit:
            return false
        }
    }

    private func count(_ response: Response, _ front: PendingExchange) {
        statistics.responses.count(response.status)
        if front.isReserved { statistics.reservedResponses.count(response.status) }
    }

    private func encodeWhole(
        _ response: Response,
        _ front: PendingExchange,
        _ connection: Connection
    ) {
        let context = context(for: response, front, connection)
        do {
            if try encoder.encodeHead(response, context, into: &connection.output.tail) {
                connection.output.append(response.body)
                front.summary?.value.bytesOut += response.body.count
            }
            front.summary?.value.begin(response)
            count(response, front)
        } catch {
            encodeOwnFault(front, connection)
        }
        pop(connection)
    }

    /// Returns `false` when the response could not be begun and was replaced.
    private func beginStream(
        _ response: Response,
        _ length: Int?,
        _ front: PendingExchange,
        _ connection: Connection
    ) -> Bool {
        var response = response
        if front.version == .http10, length == nil { response.closesConnection = true }
        let context = context(for: response, front, connection)
        do {
            connection.stream = try encoder.encodeStreamHead(
                response,
                length: length,
                context,
                into: &connection.output.tail
            )
            connection.streamRemaining = length
            front.summary?.value.begin(response)
            count(response, front)
        } catch {
            encodeOwnFault(front, connection)
            pop(connection)
            return false
        }
        encodePiece(response.body, connection)
        return true
    }

    private func encodePiece(_ bytes: [UInt8], _ connection: Connection) {
        guard !bytes.isEmpty, let stream = connection.stream, stream != .omitted else { return }
        if let remaining = connection.streamRemaining {
            connection.streamRemaining = remaining - bytes.count
        }
        // Beyond its length, a response would be taken for the start of the next one.
        let isTooMuch = connection.output.byteCount > limits.streamBytesMax
        if isTooMuch { loop.hits.count(.streamBytes) }
        guard !isTooMuch, connection.streamRemaining ?? 0 >= 0 else { return cut(connection) }
        if stream == .chunked {
            encoder.encodeChunkStart(count: bytes.count, into: &connection.output.tail)
        }
        connection.output.append(bytes)
        connection.pending[0].summary?.value.bytesOut += bytes.count
        if stream == .chunked { encoder.encodeChunkEnd(into: &connection.output.tail) }
    }

    /// Returns `false` when the response is not as long as was announced.
    private func endStream(_ connection: Connection) -> Bool {
        guard let stream = connection.stream else { return false }
        if stream == .plain, connection.streamRemaining ?? 0 > 0 {
            cut(connection)
            return false
        }
        if stream == .chunked { encoder.encodeLastChunk(into: &connection.output.tail) }
        connection.stream = nil
        connection.streamRemaining = nil
        pop(connection)
        return true
    }

    /// Answers 500 in place of a response that must not be sent.
    private func encodeOwnFault(_ front: PendingExchange, _ connection: Connection) {
        let response = Response.problem(
            .internalServerError,
            detail: "the response has a field that cannot be sent"
        )
        let context = context(for: response, front, connection)
        guard
            let hasBody = try? encoder.encodeHead(
                response,
                context,
                into: &connection.output.tail
            )
        else { preconditionFailure("a constant response must be valid") }
        front.summary?.value.begin(response)
        count(response, front)
        guard hasBody else { return }
        connection.output.append(response.body)
        front.summary?.value.bytesOut += response.body.count
    }

    /// Decides whether the connection goes on after this response.
    private func context(
        for response: Response,
        _ front: PendingExchange,
        _ connection: Connection
    ) -> ResponseEncoder.Context {
        let isLast = connection.pending.count == 1
        // While a body is being read, `isFinal` would end that.
        let isReceiving = connection.receiving != nil
        if isLast, drainDeadline != nil, !isReceiving { connection.isFinal = true }
        let closes =
            response.closesConnection || front.closes
            || (isLast && (connection.isFinal || drainDeadline != nil))
        if closes, !isReceiving { connection.isFinal = true }
        connection.frontCloses = closes
        return ResponseEncoder.Context(
            isHead: front.isHead,
            version: front.version,
            keepsAlive: !closes
        )
    }

    /// Removes the front request; after a response that closes, those behind it go unanswered.
    private func pop(_ connection: Connection) {
        let front = connection.pending.removeFirst()
        report(front.summary, isComplete: true)
        connection.notifiesWhenDrained = false
        if !front.isSafe { connection.unsafePendingCount -= 1 }
        if connection.receiving?.sequence == front.sequence { dropRest(connection) }
        if connection.frontCloses {
            connection.isFinal = true
            tellGone(connection)
            for unanswered in connection.pending { report(unanswered.summary, isComplete: false) }
            connection.pending = []
            connection.unsafePendingCount = 0
        }
        if connection.pending.isEmpty { connection.idleSince = now }
    }

    /// The response is complete before its request is: what still comes of the body is read and dropped, or, where
    /// that may be too much, the connection closed.
    private func dropRest(_ connection: Connection) {
        connection.receiving = nil
        connection.currentHead = nil
        let isSkipped = connection.parser.discardRest(bytesMax: limits.discardedBodyBytesMax)
        if !isSkipped { connection.isFinal = true }
    }

    // MARK: - Writing

    /// Writes what the kernel takes.
    ///
    /// Returns `false` when the connection broke.
    func flush(_ connection: Connection) -> Bool {
        guard !connection.output.isEmpty else {
            tellDrained(connection)
            return true
        }
        do {
            connection.outputWindow.bytes += try connection.output.write(to: connection.socket)
        } catch {
            close(connection)
            return false
        }
        if connection.output.isEmpty {
            connection.output.giveBuffer(to: &spareBuffers)
            connection.isOutputWaiting = false
            connection.idleSince = now
        } else if !connection.isOutputWaiting {
            connection.isOutputWaiting = true
            connection.outputWindow = ProgressWindow(since: now)
        }
        tellDrained(connection)
        return true
    }

    private func tellDrained(_ connection: Connection) {
        guard connection.notifiesWhenDrained,
            connection.output.byteCount <= limits.outputBytesLowWater,
            let front = connection.pending.first
        else { return }
        connection.notifiesWhenDrained = false
        handler.didDrain(exchange(front.sequence, of: connection))
    }

    // MARK: - Closing

    /// Ends a connection whose last response is written.
    ///
    /// Closing a socket with unread input resets the connection, and the reset can overtake the
    /// response. So the output is ended first, and input is dropped until the peer ends its side
    /// (RFC 9112 §9.6), within limits.
    func finish(_ connection: Connection) {
        let nothingFollows = connection.inputEnded
        guard !nothingFollows else {
            close(connection)
            return
        }
        connection.socket.endOutput()
        connection.isLingering = true
        connection.isReadable = true
        connection.backlog = []
        connection.lingerSince = now
        schedule(connection)
    }

    /// Drops input of a lingering connection.
    ///
    /// Returns `false` when there is nothing to do now.
    func drop(_ connection: Connection) -> Bool {
        guard connection.isReadable else {
            schedule(connection)
            return false
        }
        do {
            switch try connection.socket.read(into: &readBuffer) {
            case .bytes(let count):
                connection.lingerBytes += count
                if connection.lingerBytes > limits.lingerBytesMax { close(connection) }
            case .wouldBlock:
                connection.isReadable = false
            case .ended:
                close(connection)
            }
        } catch {
            close(connection)
        }
        return !connection.isClosed
    }
}
