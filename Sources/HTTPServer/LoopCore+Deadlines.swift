import HTTP

/// What a connection's deadline is, and what happens then.
///
/// A deadline is computed from when something began and how many octets have moved since; it is
/// never restarted. The timer wheel only learns of one that is earlier than the one it has.
extension LoopCore {
    /// The time at which `expire` must be called; `.max` when the connection waits for the handler.
    func deadline(of connection: Connection) -> UInt64 {
        if connection.isLingering {
            return after(connection.lingerSince, limits.lingerMilliseconds)
        }
        var deadline = UInt64.max
        if !connection.output.isEmpty {
            deadline = rateDeadline(connection.outputSince, bytes: connection.outputBytes)
        }
        guard connection.mayParse(limits), connection.heldHead == nil else { return deadline }
        if connection.parser.isInsideBody {
            let total = after(connection.inputSince, limits.bodyMilliseconds)
            let rate = rateDeadline(connection.inputSince, bytes: connection.inputBytes)
            deadline = min(deadline, total, rate)
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
        let time = wheel.insert(connection.token, deadline: deadline)
        connection.timerAt = time
    }

    /// The deadline has passed.
    func expire(_ connection: Connection) {
        if connection.isLingering {
            close(connection)
        } else if !connection.output.isEmpty {
            cut(connection)
        } else if connection.parser.isInsideBody {
            refuse(.init(.bodyTimeout, offset: connection.parser.messageBytes), connection)
        } else if connection.parser.isInsideHead {
            refuse(.init(.headTimeout, offset: connection.parser.messageBytes), connection)
        } else {
            close(connection)
        }
    }

    private func after(_ start: UInt64, _ milliseconds: Int) -> UInt64 {
        start &+ UInt64(max(0, milliseconds)) * 1_000_000
    }

    /// When a transfer has fallen behind the least rate.
    private func rateDeadline(_ start: UInt64, bytes: Int) -> UInt64 {
        let rate = max(1, limits.transferBytesPerSecondMin)
        let earned = UInt64(bytes).multipliedReportingOverflow(by: 1_000_000_000)
        guard !earned.overflow else { return .max }
        let grace = after(start, limits.rateGraceMilliseconds)
        let (deadline, overflow) = grace.addingReportingOverflow(
            earned.partialValue / UInt64(rate)
        )
        return overflow ? .max : deadline
    }
}
