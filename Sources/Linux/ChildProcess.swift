import CLinux
import Glibc

/// Runs another program to its end, with a deadline and bounded output.
public enum ChildProcess {
    /// How a program ended.
    public enum Termination: Equatable, Sendable {
        /// With an exit status.
        case exited(Int32)
        /// By a signal.
        case signaled(Int32)
        /// Killed at its deadline.
        case deadline
        /// Killed because it wrote more than it may.
        case outputLimit
    }

    /// What a program wrote to its standard output, and how it ended.
    public struct Result: Equatable, Sendable {
        public var output: [UInt8]
        public var termination: Termination
    }

    /// Runs a program and waits for it.
    ///
    /// It gets `input` as its standard input and, of all other descriptors, only the standard
    /// error of this process; its signal mask is empty. `deadline` is a moment of
    /// ``Monotonic/now()``.
    public static func run(
        executable: String,
        arguments: [String],
        input: borrowing FileDescriptor,
        outputBytesMax: Int,
        deadline: UInt64
    ) throws(SystemError) -> Result {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) { pointer in
            unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) { pair in
                unsafe pipe2(pair, O_CLOEXEC)
            }
        }
        guard made == 0 else { throw SystemError(call: "pipe2", code: errno) }
        let reading = FileDescriptor(adopting: ends.0)
        let process: pid_t
        do {
            let writing = FileDescriptor(adopting: ends.1)
            process = try spawnProcess(
                executable,
                arguments,
                input: input.rawValue,
                output: writing.rawValue
            )
        }
        var output: [UInt8] = []
        var ending: Termination?
        do throws(SystemError) {
            ending = try collect(&output, from: reading, max: outputBytesMax, deadline: deadline)
        } catch {
            _ = reap(process, deadline: 0)
            throw error
        }
        let status = reap(process, deadline: ending == nil ? deadline : 0)
        return Result(output: output, termination: ending ?? status)
    }

    // nil: the output ended by itself.
    private static func collect(
        _ output: inout [UInt8],
        from reading: borrowing FileDescriptor,
        max: Int,
        deadline: UInt64
    ) throws(SystemError) -> Termination? {
        while true {
            let now = Monotonic.now()
            guard now < deadline else { return .deadline }
            var waiting = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32(clamping: (deadline - now) / 1_000_000 + 1)
            let ready = try retryingInterrupts("poll") { unsafe poll(&waiting, 1, milliseconds) }
            guard ready > 0 else { continue }
            let chunk = try reading.read(upTo: 4_096)
            guard !chunk.isEmpty else { return nil }
            guard chunk.count <= max - output.count else { return .outputLimit }
            output += chunk
        }
    }

    /// Waits for a process that is about to end, and kills it when it does not.
    private static func reap(_ process: pid_t, deadline: UInt64) -> Termination {
        var status: Int32 = 0
        var wasKilled = false
        while true {
            let result = unsafe waitpid(process, &status, wasKilled ? 0 : WNOHANG)
            if result == process { break }
            if result == -1, errno != EINTR { return .exited(-1) }
            if !wasKilled, Monotonic.now() >= deadline {
                _ = kill(process, SIGKILL)
                wasKilled = true
            } else if !wasKilled {
                _ = poll(nil, 0, 1)
            }
        }
        return Termination(waitStatus: status)
    }
}

/// What the kernel lets this process use.
public enum ResourceLimits {
    /// Bounds the address space, the processor time and the open files of this process for good,
    /// and forbids it to dump core.
    public static func restrict(
        addressSpaceBytes: UInt64,
        processorSeconds: UInt64,
        openFiles: UInt64
    ) throws(SystemError) {
        try set(CLINUX_LIMIT_ADDRESS_SPACE, addressSpaceBytes, "RLIMIT_AS")
        try set(CLINUX_LIMIT_PROCESSOR_TIME, processorSeconds, "RLIMIT_CPU")
        try set(CLINUX_LIMIT_OPEN_FILES, openFiles, "RLIMIT_NOFILE")
        try set(CLINUX_LIMIT_CORE_SIZE, 0, "RLIMIT_CORE")
    }

    private static func set(
        _ resource: clinux_resource,
        _ value: UInt64,
        _ name: String
    ) throws(SystemError) {
        guard clinux_set_limit(Int32(resource.rawValue), value) == 0 else {
            throw SystemError(call: "setrlimit \(name)", code: errno)
        }
    }
}
