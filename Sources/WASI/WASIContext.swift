import Linux
public import Wasm

/// What one execution of a guest sees of the outside through preview 1, and what it left there.
///
/// It is given to the execution as its host state, is used by one thread at a time, and can serve
/// one execution after another: ``begin(arguments:environment:input:)`` makes it ready for the
/// next one and keeps the storage of buffers. The host may read and feed it whenever the
/// execution is not running.
public final class WASIContext {
    /// The arguments; the first is the program's name.
    public var arguments: GuestStrings {
        get { strings.arguments }
        set { strings.arguments = newValue }
    }

    /// The environment, as `name=value`.
    public var environment: GuestStrings {
        get { strings.environment }
        set { strings.environment = newValue }
    }

    /// Makes arguments and environment when the guest first asks for either: many guests never do.
    public typealias StringsMaker = () -> (arguments: GuestStrings, environment: GuestStrings)

    private enum Strings {
        case made(arguments: GuestStrings, environment: GuestStrings)
        case unmade(StringsMaker)
    }

    private var storedStrings: Strings

    private var strings: (arguments: GuestStrings, environment: GuestStrings) {
        get {
            switch storedStrings {
            case .made(let arguments, let environment):
                return (arguments, environment)
            case .unmade(let make):
                let made = make()
                storedStrings = .made(arguments: made.arguments, environment: made.environment)
                return made
            }
        }
        set {
            storedStrings = .made(arguments: newValue.arguments, environment: newValue.environment)
        }
    }

    /// Standard input.
    ///
    /// While the guest waits for input, append to it or end it, then resume the execution.
    public var input: GuestInput

    /// What the guest wrote to streams whose sink is ``OutputSink/buffer``.
    public var output: OutputBuffer

    /// What the guest wrote to streams whose sink is ``OutputSink/log``.
    public var log: LogLines

    /// Where standard output goes.
    public var standardOutput = OutputSink.buffer

    /// Where standard error goes.
    public var standardError = OutputSink.log

    /// Which streams the guest is told are terminals.
    public var terminals: TerminalStreams = []

    /// The state of host functions beyond WASI that the same guest calls.
    public var companion: AnyObject?

    /// The guest's clocks.
    public var clocks: GuestClocks

    /// The guest's source of random bytes.
    public var random = RandomSource.system

    /// The code that the guest gave to `proc_exit`.
    ///
    /// As the guest gave it: no range is imposed.
    public internal(set) var exitCode: Int32?

    /// Whether the guest read a clock.
    ///
    /// State captured after that holds a moment that every copy of it shares.
    public internal(set) var readClock = false

    /// Whether the guest read random bytes.
    ///
    /// State captured after that holds random bytes that every copy of it shares.
    public internal(set) var readRandom = false

    /// The directories that guests find open, from descriptor 3 on.
    public var directories: [PreopenedDirectory] = [] {
        didSet { descriptors = DescriptorTable(directories, tree: tree) }
    }

    /// Files that guests find beneath `/`, which is open from the start, and that nobody can write.
    public var tree: FileTree? {
        didSet { descriptors = DescriptorTable(directories, tree: tree) }
    }

    /// Whether calls of the guest can take as long as the kernel likes.
    ///
    /// Without directories and streams of the host there are only buffers of this process behind
    /// all descriptors.
    var reachesKernel: Bool {
        !directories.isEmpty || standardOutput.isPassThrough || standardError.isPassThrough
    }

    /// How paths are kept beneath the directories.
    var resolution = PathResolution.best

    var descriptors = DescriptorTable()

    /// When the execution began, on the monotonic clock; whoever begins it later than the context says so.
    public var startedAt: UInt64

    private var suspension = Suspension.none
    private var suspendedAt: UInt64 = 0
    private var suspendedNanoseconds: UInt64 = 0

    /// What a call that answered with a wait has to remember until it is made again.
    enum Suspension {
        case none
        /// `fd_read` without input.
        case reading
        /// `fd_write` without room.
        case writing
        /// `poll_oneoff` since a moment on the monotonic clock, which relative times count from.
        case polling(since: UInt64)
        /// `random_get` that has filled so many bytes.
        case filling(UInt32)
    }

    /// Makes a context for an execution that starts now, or at a moment on the monotonic clock.
    public init(
        outputByteLimit: Int = OutputBuffer.byteLimitDefault,
        logByteLimit: Int = LogLines.byteLimitDefault,
        clocks: GuestClocks = .system,
        arguments: GuestStrings = GuestStrings(),
        environment: GuestStrings = GuestStrings(),
        input: GuestInput = GuestInput(),
        startedAt: UInt64? = nil
    ) {
        storedStrings = .made(arguments: arguments, environment: environment)
        self.input = input
        output = OutputBuffer(byteLimit: outputByteLimit)
        log = LogLines(byteLimit: logByteLimit)
        self.clocks = clocks
        self.startedAt = startedAt ?? clocks.monotonic()
    }

    /// The same for an execution of which is not known yet when it starts, with arguments and environment that are
    /// made when the guest asks for them.
    public init(
        outputByteLimit: Int,
        logByteLimit: Int,
        input: GuestInput,
        strings: @escaping StringsMaker
    ) {
        storedStrings = .unmade(strings)
        self.input = input
        output = OutputBuffer(byteLimit: outputByteLimit)
        log = LogLines(byteLimit: logByteLimit)
        clocks = .system
        startedAt = 0
    }

    /// Makes the context ready for an execution that starts now.
    ///
    /// Sinks, limits, terminals and sources stay; everything that the previous guest left is
    /// forgotten.
    public func begin(
        arguments: GuestStrings,
        environment: GuestStrings,
        input: GuestInput
    ) {
        storedStrings = .made(arguments: arguments, environment: environment)
        self.input = input
        output.removeAll()
        log.removeAll()
        exitCode = nil
        readClock = false
        readRandom = false
        descriptors = DescriptorTable(directories, tree: tree)
        suspension = .none
        suspendedNanoseconds = 0
        startedAt = clocks.monotonic()
    }
}

// MARK: - For other interfaces

extension WASIContext {
    /// Adds bytes to the log, as written now.
    public func log(_ bytes: [UInt8], to stream: LogLines.Stream) {
        log.append(bytes, to: stream, atMicroseconds: elapsedMicroseconds)
    }

    /// Adds bytes of a guest to the output; false, with nothing added, when they go over its limit, or are not
    /// the guest's.
    public func write(_ memory: GuestMemory, at address: UInt32, count: UInt32) -> Bool {
        guard output.admit(Int(count)) else { return false }
        return output.append { memory.append(at: address, count: count, to: &$0) }
    }
}

// MARK: - Time

extension WASIContext {
    /// Microseconds since the execution began.
    var elapsedMicroseconds: UInt64 { (clocks.monotonic() &- startedAt) / 1000 }

    /// The guest's processor time in nanoseconds, from above: the time since the execution began
    /// less the time that the guest spent waiting in calls of its own.
    ///
    /// The time of the process or thread would tell a guest how busy others are.
    var processorTime: UInt64 { clocks.monotonic() &- startedAt &- suspendedNanoseconds }

    /// Notes that the call which is running is about to answer with a wait.
    func suspend(_ suspension: Suspension) {
        self.suspension = suspension
        suspendedAt = clocks.monotonic()
    }

    /// What the same call left when it answered with a wait; nothing when it is made anew.
    func takeSuspension() -> Suspension {
        if case .none = suspension { return .none }
        let taken = suspension
        suspension = .none
        suspendedNanoseconds &+= clocks.monotonic() &- suspendedAt
        return taken
    }
}
