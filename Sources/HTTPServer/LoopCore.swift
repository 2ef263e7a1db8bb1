import HTTP
import Linux

/// An event loop: it accepts connections, reads requests, lets the handler answer and writes.
///
/// Everything here belongs to the loop's thread. One turn waits for events, settles every
/// connection that something happened to, and looks at the timers. Connections are registered once,
/// edge-triggered, so that a request costs no call but its read and its write.
final class LoopCore {
    let loop: EventLoop
    let configuration: Configuration
    private(set) var limits: ServerLimits
    private var messageLimits: Limits
    private let makeHandler: @Sendable (EventLoop) -> any RequestHandler
    /// Made on first use, which is on the loop's thread.
    private(set) lazy var handler: any RequestHandler = makeHandler(loop)
    var poller: Poller
    var encoder = ResponseEncoder()
    var wheel: TimerWheel
    var now: UInt64
    var statistics = LoopStatistics()

    var listeners: [Listener]
    /// When accepting goes on after it failed; nil when it is not paused for that reason.
    var acceptResumeAt: UInt64?
    var isAccepting = true

    /// How many connections each client address has; those of this machine are not counted.
    var connectionsByAddress: [SocketAddress.Host: Int] = [:]
    /// Since when a request that is read now may have waited to be read.
    private(set) var queueSince: UInt64 = 0

    var slots: [Connection?] = []
    var freeSlots: [Int] = []
    var generations: [UInt32] = []

    /// Connections to settle before the loop sleeps.
    var dirty: [Connection] = []
    /// Connections with more input than one turn may read.
    var unfinished: [Connection] = []
    var drainDeadline: UInt64?
    /// Whether what is answered is written later in this turn.
    private(set) var defersWrites = false

    var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Buffers for answers that no connection uses now.
    var spareBuffers: [[UInt8]] = []
    private var replies: [Message] = []
    private var work: [@Sendable (any RequestHandler) -> Void] = []
    private var fired: [UInt64] = []

    static let wakeToken = UInt64.max
    /// Listener `i` has the token `listenerToken - i`.
    static let listenerToken = UInt64.max - 1
    // As many as there may well be: what stays in the kernel has waited for longer than anybody knows.
    private static let eventsPerWaitMax = 4096
    /// How many connections' answers are kept back to be written one after another.
    ///
    /// The first of them wakes whoever waits at the other end, which costs the kernel several times what writing
    /// does; the others find it awake.
    private static let answersPerBurst = 16

    /// Registers the listening sockets and the wake-up.
    ///
    /// Throws when the kernel refuses.
    init(
        loop: EventLoop,
        configuration: Configuration,
        listeners: [Listener],
        makeHandler: @escaping @Sendable (EventLoop) -> any RequestHandler
    ) throws(SystemError) {
        self.loop = loop
        self.configuration = configuration
        self.makeHandler = makeHandler
        self.listeners = listeners
        limits = configuration.limits
        messageLimits = configuration.messageLimits
        now = configuration.now()
        wheel = TimerWheel(
            tickMilliseconds: configuration.limits.timerTickMilliseconds,
            now: now
        )
        poller = try Poller(eventsPerWaitMax: Self.eventsPerWaitMax)
        try poller.add(
            loop.wakeUp.event.descriptor,
            for: [.readable, .edgeTriggered],
            token: Self.wakeToken
        )
        for (index, listener) in listeners.enumerated() {
            try poller.add(
                listener.socket.descriptor,
                for: listener.readiness,
                token: Self.listenerToken - UInt64(index)
            )
        }
    }

    // MARK: - Turns

    /// Runs until the loop was asked to stop and its connections are gone.
    func run() {
        _ = handler
        while turn() {}
        loop.gauges.publish(statistics)
    }

    /// Returns `false` when the loop is done.
    private func turn() -> Bool {
        loop.gauges.publish(statistics)
        let count = wait()
        let previous = now
        now = configuration.now()
        // A full harvest leaves others in the kernel, which may have been there since the one before.
        queueSince = count == Self.eventsPerWaitMax ? min(previous, now) : now
        if let newLimits = loop.takeLimits() {
            (limits, messageLimits) = newLimits
            stopAcceptingIfFull()
        }
        encoder.setDate(secondsSince1970: Monotonic.realtime() / 1_000_000_000)
        for index in 0..<count {
            let (token, readiness) = poller.event(at: index)
            if token == Self.wakeToken { continue }
            if token > Self.listenerToken - UInt64(listeners.count) {
                acceptAnnounced(at: listeners[Int(Self.listenerToken - token)])
            } else if let connection = connection(token) {
                take(readiness, of: connection)
                defersWrites = true
                settle(connection)
                defersWrites = false
            }
            guard dirty.count >= Self.answersPerBurst else { continue }
            // A long harvest must not keep back what others have finished meanwhile.
            takeReplies()
            settleDirty()
            handler.didWrite()
        }
        settleDirty()
        handler.didWrite()
        goOnWithUnfinished()
        takeWork()
        takeReplies()
        settleDirty()
        handler.didWrite()
        fireTimers()
        resumeAccepting()
        return !isDrained()
    }

    /// Sleeps until something happens, and returns the number of events.
    private func wait() -> Int {
        loop.wakeUp.willSleep()
        defer { loop.wakeUp.didWake() }
        let timeout = timeoutMilliseconds()
        do {
            return try poller.wait(timeoutMilliseconds: timeout)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private func timeoutMilliseconds() -> Int32 {
        guard unfinished.isEmpty, loop.replies.isEmpty, loop.work.isEmpty else { return 0 }
        if drainDeadline == nil, loop.drainDeadline != nil { return 0 }
        var nanoseconds = wheel.untilNext(now: now)
        for time in [acceptResumeAt, drainDeadline] {
            guard let time else { continue }
            nanoseconds = min(nanoseconds ?? .max, time > now ? time - now : 0)
        }
        guard let nanoseconds else { return -1 }
        return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
    }

    private func goOnWithUnfinished() {
        guard !unfinished.isEmpty else { return }
        let connections = unfinished
        unfinished = []
        for connection in connections {
            connection.isUnfinished = false
            settle(connection)
            settleDirty()
        }
    }

    private func takeWork() {
        guard loop.work.take(into: &work) else { return }
        for body in work {
            body(handler)
            takeReplies()
            settleDirty()
        }
        work.removeAll(keepingCapacity: true)
    }

    /// Applies what was said through exchanges; the connections concerned become dirty.
    func takeReplies() {
        guard loop.replies.take(into: &replies) else { return }
        var taken: [Message] = []
        swap(&taken, &replies)
        // Taken out one by one: what is taken is not copied.
        taken.reverse()
        while let message = taken.popLast() {
            guard let connection = connection(message.exchange.connection) else { continue }
            apply(message.reply, to: message.exchange.sequence, of: connection)
        }
        if taken.capacity < 1024 { swap(&taken, &replies) }
    }

    /// Settles the connections that became dirty, and those that become so meanwhile.
    func settleDirty() {
        while let connection = dirty.popLast() {
            connection.isDirty = false
            settle(connection)
        }
    }

    func markDirty(_ connection: Connection) {
        guard !connection.isDirty, !connection.isClosed else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    private func fireTimers() {
        wheel.advance(to: now, fired: &fired)
        guard !fired.isEmpty else { return }
        for token in fired {
            guard let connection = connection(token), connection.timerAt <= now else { continue }
            connection.timerAt = .max
            if deadline(of: connection) <= now {
                expire(connection)
            } else {
                schedule(connection)
            }
            settleDirty()
        }
        fired.removeAll(keepingCapacity: true)
    }

    // MARK: - Connections

    func connection(_ token: UInt64) -> Connection? {
        let slot = Int(token & 0xffff_ffff)
        guard slot < slots.count, let connection = slots[slot], connection.token == token else {
            return nil
        }
        return connection
    }

    /// Takes over an accepted socket.
    func open(_ socket: consuming ConnectedSocket) {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(nil)
            generations.append(0)
        }
        generations[slot] = (generations[slot] &+ 1) & 0x7fff_ffff
        let token = UInt64(generations[slot]) << 32 | UInt64(slot)
        let connection = Connection(
            socket: socket,
            token: token,
            isReserve: statistics.connectionCount >= limits.connectionsPerLoopMax,
            limits: messageLimits,
            now: now
        )
        do {
            try poller.add(
                connection.socket.descriptor,
                for: [.readable, .writable, .inputEnded, .edgeTriggered],
                token: token
            )
        } catch {
            freeSlots.append(slot)  // The kernel is out of memory: the socket closes here.
            return
        }
        slots[slot] = connection
        statistics.acceptedCount += 1
        statistics.connectionCount += 1
        if limits.countsLoopbackAddresses || !connection.socket.peer.isLoopback {
            connectionsByAddress[connection.socket.peer.host, default: 0] += 1
        }
        schedule(connection)
    }

    /// Closes the socket and forgets the connection.
    func close(_ connection: Connection) {
        guard !connection.isClosed else { return }
        connection.isClosed = true
        tellGone(connection)
        for index in connection.pending.indices {
            report(connection.pending[index].summary.take(), isComplete: false)
        }
        let slot = Int(connection.token & 0xffff_ffff)
        slots[slot] = nil
        freeSlots.append(slot)
        // Closing the descriptor would also do, but whoever still holds the object keeps it open.
        try? poller.remove(connection.socket.descriptor)
        statistics.connectionCount -= 1
        let host = connection.socket.peer.host
        if let count = connectionsByAddress[host] {
            connectionsByAddress[host] = count > 1 ? count - 1 : nil
        }
    }

    /// Closes the connection so that the peer sees that something is missing.
    func cut(_ connection: Connection) {
        connection.socket.resetOnClose()
        close(connection)
    }

    /// Tells the handler of every unanswered request that nobody waits for its response.
    func tellGone(_ connection: Connection) {
        for index in connection.pending.indices { tellGone(connection, at: index) }
    }

    /// Tells the handler of one request that nobody waits for its response, once.
    func tellGone(_ connection: Connection, at index: Int) {
        let pending = connection.pending[index]
        guard pending.isHandled, !pending.wasToldGone else { return }
        connection.pending[index].wasToldGone = true
        handler.clientGone(exchange(pending.sequence, of: connection))
    }

    func exchange(_ sequence: UInt32, of connection: Connection) -> Exchange {
        Exchange(
            loop: loop,
            peer: connection.socket.peer,
            connection: connection.token,
            sequence: sequence
        )
    }
}
