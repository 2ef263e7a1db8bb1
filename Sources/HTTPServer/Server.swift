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
    /// The addresses it listens on, in the order of the configuration, with their real ports.
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
    /// refused, with nothing left running: `bind` with `EADDRINUSE` when a port is taken.
    public static func start(
        _ configuration: Configuration,
        makeHandler: @escaping @Sendable (_ loop: EventLoop) -> any RequestHandler
    ) throws(SystemError) -> Server {
        precondition(configuration.loopCount > 0 && !configuration.addresses.isEmpty)
        let (addresses, listeners) = try listen(configuration)
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

    /// Binds every address once per loop.
    private static func listen(
        _ configuration: Configuration
    ) throws(SystemError) -> (addresses: [SocketAddress], listeners: [[LoopCore.Listener]]) {
        var addresses = configuration.addresses
        var listeners: [[LoopCore.Listener]] = []
        for loopIndex in 0..<configuration.loopCount {
            var ofLoop: [LoopCore.Listener] = []
            for index in addresses.indices {
                // Sockets that share a port do not collide, so another program's is looked for.
                if loopIndex == 0, addresses[index].port != 0 {
                    try ListeningSocket.probe(addresses[index])
                }
                let socket = try ListeningSocket(address: addresses[index], sharesPort: true)
                addresses[index] = socket.address
                ofLoop.append(LoopCore.Listener(socket: socket))
            }
            listeners.append(ofLoop)
        }
        return (addresses, listeners)
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
