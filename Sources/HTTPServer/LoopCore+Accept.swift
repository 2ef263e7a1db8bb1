import Linux

/// Accepting connections, and stopping.
extension LoopCore {
    private static let acceptsPerEventMax = 64

    /// Accepts what an event tells of.
    func acceptAnnounced(at listener: Listener) {
        guard listener.isShared else {
            accept(from: listener, upTo: Self.acceptsPerEventMax)
            return
        }
        // Of the loops that share a socket, the kernel wakes the one that has watched it longest, if
        // that sleeps. So each takes one connection and goes to the end of the line: otherwise one
        // loop would have nearly all of them.
        accept(from: listener, upTo: 1)
        guard isAccepting else { return }
        setAccepting(false)
        setAccepting(true)
    }

    /// Accepts what waits at one listening socket.
    ///
    /// At the limit of connections, or when the system is out of descriptors, the sockets leave the
    /// poller for a while: what cannot be accepted would otherwise wake the loop without end.
    private func accept(from listener: Listener, upTo count: Int) {
        for _ in 0..<count {
            stopAcceptingIfFull()
            guard isAccepting else { return }
            do {
                guard let socket = try listener.socket.accept() else { return }
                let ofAddress = connectionsByAddress[socket.peer.host] ?? 0
                guard ofAddress < limits.connectionsPerAddressMax else {
                    // Dropped here, and so closed.
                    loop.hits.count(.connectionsPerAddress)
                    continue
                }
                open(socket)
            } catch {
                loop.hits.count(.acceptFailure)
                statistics.acceptFailureCount += 1
                acceptResumeAt = now + UInt64(limits.acceptPauseMilliseconds) * 1_000_000
                setAccepting(false)
                return
            }
        }
        // Not only at the next event: that would be one of which no other loop is told.
        if listener.isShared { stopAcceptingIfFull() }
    }

    /// Accepts no more at the limit of connections.
    func stopAcceptingIfFull() {
        guard isAccepting, statistics.connectionCount >= connectionsMax else { return }
        loop.hits.count(.connections)
        setAccepting(false)
    }

    private var connectionsMax: Int {
        limits.connectionsPerLoopMax + limits.reservedConnectionsMax
    }

    /// Goes on accepting when there is room again.
    func resumeAccepting() {
        guard !isAccepting, drainDeadline == nil, statistics.connectionCount < connectionsMax
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
                        for: listener.readiness,
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
        // Other loops may hold the same sockets: that this one lets them go does not close them.
        if isAccepting { setAccepting(false) }
        listeners = []
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
