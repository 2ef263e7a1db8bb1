import HTTP

/// What a connection's deadline is, and what happens then.
///
/// No octet restarts a deadline: a head and a body have a total, and a body and a response must
/// make some progress in every window. The timer wheel only learns of a deadline that is earlier
/// than the one it has.
extension LoopCore {
    /// The time at which `expire` must be called; `.max` when the connection waits for the handler.
    func deadline(of connection: Connection) -> UInt64 {
        if connection.isLingering {
            return after(connection.lingerSince, limits.lingerMilliseconds)
        }
        var deadline = UInt64.max
        if !connection.output.isEmpty { deadline = end(of: connection.outputWindow) }
        guard connection.mayParse(limits), connection.heldHead == nil else { return deadline }
        if connection.parser.isInsideBody {
            let total = after(connection.inputSince, limits.bodyMilliseconds)
            deadline = min(deadline, total, end(of: connection.inputWindow))
        } else if connection.parser.isInsideHead {
            deadline = min(deadline, after(connection.inputSince, limits.headMilliseconds))
        } else if connection.pending.isEmpty, connection.output.isEmpty {
            let isNew = connection.requestCount == 0
            deadline = after(
                connection.idleSince,
                isNew ? limits.firstByteMilliseconds : limits.idleMilliseconds
            )
        }
        return deadline
    }

    /// Makes sure that the timer wheel fires at the connection's deadline or before.
    func schedule(_ connection: Connection) {
        let deadline = deadline(of: connection)
        guard deadline < connection.timerAt, deadline != .max else { return }
        connection.timerAt = wheel.insert(connection.token, deadline: deadline)
    }

    /// The deadline has passed: either progress was made and the next window begins, or the time
    /// is up.
    func expire(_ connection: Connection) {
        if connection.isLingering {
            loop.hits.count(.linger)
            close(connection)
        } else if !connection.output.isEmpty, end(of: connection.outputWindow) <= now {
            guard hasProgressed(connection.outputWindow) else {
                loop.hits.count(.writeRate)
                return cut(connection)
            }
            connection.outputWindow = ProgressWindow(since: now)
            schedule(connection)
        } else if connection.parser.isInsideBody {
            let total = after(connection.inputSince, limits.bodyMilliseconds)
            if now < total, hasProgressed(connection.inputWindow) {
                connection.inputWindow = ProgressWindow(since: now)
                schedule(connection)
            } else {
                if now < total { loop.hits.count(.readRate) }
                refuse(.init(.bodyTimeout, offset: connection.parser.messageBytes), connection)
            }
        } else if connection.parser.isInsideHead {
            refuse(.init(.headTimeout, offset: connection.parser.messageBytes), connection)
        } else {
            loop.hits.count(connection.requestCount == 0 ? .firstByte : .idle)
            close(connection)
        }
    }

    private func after(_ start: UInt64, _ milliseconds: Int) -> UInt64 {
        start &+ UInt64(max(0, milliseconds)) * 1_000_000
    }

    private func end(of window: ProgressWindow) -> UInt64 {
        after(window.since, limits.progressWindowMilliseconds)
    }

    private func hasProgressed(_ window: ProgressWindow) -> Bool {
        let (bytes, overflow) = limits.transferBytesPerSecondMin
            .multipliedReportingOverflow(by: limits.progressWindowMilliseconds)
        return !overflow && window.bytes >= bytes / 1000
    }
}

/// A span of time in which a transfer must move some octets.
struct ProgressWindow {
    /// When it began.
    var since: UInt64
    /// The octets moved since.
    var bytes = 0
}
