public import HTTP
public import Linux

/// What a server listens on and what it allows.
public struct Configuration: Sendable {
    /// Sockets that listen already, such as a service manager has opened.
    public var listeners: [Listener] = []

    /// The addresses to listen on beside these; port 0 lets the kernel choose.
    public var addresses: [SocketAddress]

    /// The number of event loops, each with its own thread, and for each TCP port that the server
    /// opens, its own listening socket.
    public var loopCount: Int

    /// What a request's head and framing may cost.
    public var messageLimits = Limits()

    /// What a connection and a loop may cost.
    public var limits = ServerLimits()

    /// The prefix of the threads' names, of which the kernel keeps 15 bytes with the loop's index.
    public var threadName = "loop"

    /// The clock for deadlines and time stamps: nanoseconds that never go back.
    ///
    /// Tests put their own here.
    public var now: @Sendable () -> UInt64 = { Monotonic.now() }

    /// Makes a configuration with the default limits.
    public init(addresses: [SocketAddress], loopCount: Int) {
        self.addresses = addresses
        self.loopCount = loopCount
    }
}

/// What a connection and a loop may cost.
///
/// Times are in milliseconds. None of them starts anew with an octet: a peer that sends or reads
/// one octet at a time runs out of it all the same.
public struct ServerLimits: Sendable, Equatable {
    /// The connections of one loop.
    ///
    /// At the limit the loop accepts no more until one closes.
    public var connectionsPerLoopMax = 20_000

    /// The connections of one client address in one loop; those of this machine are not counted.
    ///
    /// More are closed when they are accepted.
    public var connectionsPerAddressMax = 1_000

    /// Whether connections from this machine count for that limit as well.
    public var countsLoopbackAddresses = false

    /// The connections beyond `connectionsPerLoopMax` that are accepted for the control plane.
    ///
    /// Their other requests are refused: see ``RequestHandler/isReserved(_:)``.
    public var reservedConnectionsMax = 64

    /// The connections that the kernel keeps until they are accepted; it may keep fewer.
    public var listenBacklogMax = 4_096

    /// How long a request may have waited for its loop; those that have waited longer are refused.
    public var queueAgeMilliseconds = 100

    /// The unanswered requests of one connection.
    ///
    /// Only safe requests are served at the same time; others wait for those before them.
    public var pipelinedRequestsMax = 16

    /// The requests of one connection, after which it is closed.
    public var requestsPerConnectionMax = 10_000

    /// How long a connection is used for new requests.
    public var connectionAgeMilliseconds = 3_600_000

    /// The unsent octets of one connection beyond which no further request is read from it.
    public var outputBytesHighWater = 256 * 1024

    /// The octets of one body that were handed out and not consumed, beyond which no more are read.
    public var bodyBytesHighWater = 256 * 1024

    /// The unsent octets of one connection below which its output counts as drained.
    public var outputBytesLowWater = 64 * 1024

    /// The unsent octets of one streamed response beyond which its connection is cut.
    public var streamBytesMax = 4 * 1024 * 1024

    /// How long a new connection may stay silent.
    public var firstByteMilliseconds = 10_000

    /// How long a request's head may take from its first octet on.
    public var headMilliseconds = 10_000

    /// How long a body may take in all.
    public var bodyMilliseconds = 300_000

    /// How often the progress of a body or a response is looked at.
    public var progressWindowMilliseconds = 10_000

    /// The least rate at which a body must arrive and a response must be taken, in every window.
    public var transferBytesPerSecondMin = 240

    /// How long a connection may be idle between two requests.
    public var idleMilliseconds = 60_000

    /// How long a closing connection is read from, so that the peer can read the last response.
    public var lingerMilliseconds = 5_000

    /// How many octets a closing connection is read from.
    public var lingerBytesMax = 4 * 1024 * 1024

    /// The body of a refused request that is read and dropped to keep the connection.
    public var discardedBodyBytesMax = 64 * 1024

    /// How long a loop stops accepting when the system has no descriptor or memory left.
    public var acceptPauseMilliseconds = 500

    /// The work that other threads may queue for a loop.
    public var postedWorkMax = 4096

    /// The precision of all times here.
    public var timerTickMilliseconds = 50

    /// Makes the default limits.
    public init() {}
}
