import Linux

/// Accepting connections, and stopping.
extension LoopCore {
    private static let acceptsPerEventMax = 64

    /// Accepts what waits at one listening socket.
    ///
    /// At the limit of connections, or when the system is out of descriptors, the sockets leave the
    /// poller for a while: what cannot be accepted would otherwise wake the loop without end.
    func accept(from listener: Listener, upTo count: Int = acceptsPerEventMax) {
        for _ in 0..<count {
            guard isAccepting else { return }
            guard statistics.connectionCount < limits.connectionsPerLoopMax else {
                setAccepting(false)
                return
            }
            do {
                guard let socket = try listener.socket.accept() else { return }
                open(socket)
            } catch {
                statistics.acceptFailureCount += 1
                acceptResumeAt = now + UInt64(limits.acceptPauseMilliseconds) * 1_000_000
                setAccepting(false)
                return
            }
        }
    }

    /// Goes on accepting when there is room again.
    func resumeAccepting() {
        guard !isAccepting, drainDeadline == nil,
            statistics.connectionCount < limits.connectionsPerLoopMax
        else { return }
        if let time = acceptResumeAt, time > now { return }
        acceptResumeAt = nil
        setAccepting(true)
    }

    private func setAccepting(_ wanted: Bool) {
        isAccepting = wanted
        for (index, listener) in listeners.enumerated() {
            do {
                if wanted {
                    try poller.add(
                        listener.socket.descriptor,
                        for: .readable,
                        token: Self.listenerToken - UInt64(index)
                    )
                } else {
                    try poller.remove(listener.socket.descriptor)
                }
            } catch {
                // Out of memory for the registration: try again later.
                acceptResumeAt = now + UInt64(limits.acceptPauseMilliseconds) * 1_000_000
                isAccepting = false
            }
        }
    }

    /// Starts to stop when asked to, and returns whether the loop is done.
    func isDrained() -> Bool {
        guard let asked = loop.drainDeadline else { return false }
        if drainDeadline == nil { beginDrain(deadline: asked) }
        if now >= asked {
            for connection in slots.compactMap(\.self) { cut(connection) }
        }
        return statistics.connectionCount == 0
    }

    /// Takes what already waits to be accepted, closes the listening sockets and all that is idle.
    private func beginDrain(deadline: UInt64) {
        for listener in listeners { accept(from: listener, upTo: limits.connectionsPerLoopMax) }
        listeners = []
        isAccepting = false
        acceptResumeAt = nil
        drainDeadline = deadline
        for connection in slots.compactMap(\.self) {
            // A request may have arrived that no event has told of yet.
            connection.isReadable = true
            settle(connection)
            settleDirty()
        }
    }
}
