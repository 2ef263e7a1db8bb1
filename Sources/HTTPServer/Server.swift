public import HTTP
public import Linux
import Synchronization

/// A running HTTP/1.1 server: listening sockets and one event loop per thread.
///
///     let server = try Server.start(configuration) { loop in Greeter() }
///     print(server.addresses[0])
///     server.stop(drainMilliseconds: 30_000)
///
/// A server must be stopped; it is not when it is merely released.
public final class Server: Sendable {
    /// The addresses it listens on, with their real ports: those of the configuration's listeners,
    /// then its addresses, in order.
    public let addresses: [SocketAddress]

    /// The event loops.
    public let loops: [EventLoop]

    private let now: @Sendable () -> UInt64
    private let threads: [JoinOnce]

    private init(
        addresses: [SocketAddress],
        loops: [EventLoop],
        threads: [JoinOnce],
        now: @escaping @Sendable () -> UInt64
    ) {
        self.addresses = addresses
        self.loops = loops
        self.now = now
        self.threads = threads
    }

    /// Binds all addresses, starts the loops and returns.
    ///
    /// `makeHandler` is called once per loop, on the loop's thread. Throws the kernel call that was
    /// refused, with nothing left running: `bind` with `EADDRINUSE` when a port or path is taken.
    public static func start(
        _ configuration: Configuration,
        makeHandler: @escaping @Sendable (_ loop: EventLoop) -> any RequestHandler
    ) throws(SystemError) -> Server {
        let (addresses, listeners) = try listen(configuration)
        precondition(!listeners.isEmpty && !addresses.isEmpty)
        // The loops alone hold the sockets: when they let go of them, nobody listens any more.
        var configuration = configuration
        configuration.listeners = []
        var loops: [EventLoop] = []
        var threads: [JoinOnce] = []
        do throws(SystemError) {
            for (index, listeners) in listeners.enumerated() {
                let loop = try EventLoop(
                    index: index,
                    postedWorkMax: configuration.limits.postedWorkMax
                )
                let core = try LoopCore(
                    loop: loop,
                    configuration: configuration,
                    listeners: listeners,
                    makeHandler: makeHandler
                )
                let name = "\(configuration.threadName)-\(index)"
                threads.append(JoinOnce(try Thread.spawn(name: name) { core.run() }))
                loops.append(loop)
            }
        } catch {
            for loop in loops { loop.drain(deadline: 1) }
            for thread in threads { thread.join() }
            throw error
        }
        return Server(
            addresses: addresses,
            loops: loops,
            threads: threads,
            now: configuration.now
        )
    }

    /// Binds every address; what listens there, for each loop.
    private static func listen(
        _ configuration: Configuration
    ) throws(SystemError) -> (addresses: [SocketAddress], listeners: [[Listener]]) {
        let loopCount = configuration.loopCount
        var places = configuration.listeners.map { Array(repeating: $0, count: loopCount) }
        for address in configuration.addresses {
            places.append(try listen(at: address, configuration))
        }
        return (
            places.compactMap(\.first?.address),
            (0..<loopCount).map { loop in places.map { $0[loop] } }
        )
    }

    /// Binds an address: a TCP port once per loop, a path once for all.
    private static func listen(
        at address: SocketAddress,
        _ configuration: Configuration
    ) throws(SystemError) -> [Listener] {
        let loopCount = configuration.loopCount
        let backlog = Int32(clamping: configuration.limits.listenBacklogMax)
        guard address.unixPath == nil else {
            let listener = Listener(
                try ListeningSocket(address: address, sharesPort: false, backlog: backlog)
            )
            return Array(repeating: listener, count: loopCount)
        }
        // Sockets that share a port do not collide, so another program's is looked for.
        if address.port != 0 { try ListeningSocket.probe(address) }
        var address = address
        var listeners: [Listener] = []
        for _ in 0..<loopCount {
            let socket = try ListeningSocket(
                address: address,
                sharesPort: true,
                backlog: backlog
            )
            address = socket.address
            listeners.append(Listener(socket, isShared: false))
        }
        return listeners
    }

    /// Changes what connections and loops may cost, for each loop from its next turn on.
    ///
    /// What a connection is waiting for already keeps the time it was given, and `messageLimits` hold
    /// for connections that are accepted from then on. `listenBacklogMax`, `postedWorkMax` and
    /// `timerTickMilliseconds` stay as they are. Any thread may call this.
    public func setLimits(_ limits: ServerLimits, messageLimits: Limits) {
        for loop in loops { loop.setLimits(limits, messageLimits) }
    }

    /// Stops the server and returns when all its loops have ended.
    ///
    /// It accepts no more, closes idle connections, lets requests in flight finish with
    /// `Connection: close`, and cuts what is left after `drainMilliseconds`. Must not be called on
    /// a loop's thread.
    public func stop(drainMilliseconds: Int) {
        let deadline = now() &+ UInt64(max(0, drainMilliseconds)) * 1_000_000
        for loop in loops { loop.drain(deadline: deadline) }
        for thread in threads { thread.join() }
    }
}

/// A thread that can be joined from anywhere, once.
private final class JoinOnce: Sendable {
    private let thread: Mutex<Thread?>

    init(_ thread: consuming Thread) {
        self.thread = Mutex(thread)
    }

    func join() {
        // Whoever comes second waits at the lock until the thread has ended.
        thread.withLock { thread in thread.take()?.join() }
    }
}
