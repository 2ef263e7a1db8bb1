import Glibc
import Synchronization

/// Another program that works for this one, in a folder and an environment of its own.
///
/// It stays in this process's group, so that what the terminal sends to one reaches both. Its signal
/// mask is empty, and of descriptors it gets its three streams only. Must be waited for.
public final class Subprocess: Sendable {
    private let identifier: pid_t
    /// Whether the kernel may have given the number to another process.
    private let isReaped = Mutex(false)

    /// Starts a program; its standard input is empty.
    ///
    /// `executable` is a path, `environment` are `NAME=VALUE` texts. `output` and `errors` stay open
    /// here. Throws when it cannot be started.
    public init(
        executable: String,
        arguments: [String],
        environment: [String],
        folder: String,
        output: borrowing FileDescriptor,
        errors: borrowing FileDescriptor
    ) throws(SystemError) {
        identifier = try spawnProcess(
            executable,
            arguments,
            environment: environment,
            folder: folder,
            output: output.rawValue,
            errors: errors.rawValue
        )
    }

    /// Waits for the program to end.
    ///
    /// To be called once.
    public func wait() -> ChildProcess.Termination {
        // The number stays the program's own until it is reaped, which excludes `terminate()`.
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) == -1 {
            guard errno == EINTR else { break }
        }
        var status: Int32 = 0
        isReaped.withLock { isReaped in
            _ = unsafe waitpid(identifier, &status, 0)
            isReaped = true
        }
        return ChildProcess.Termination(waitStatus: status)
    }

    /// Asks the program to end, unless it has.
    ///
    /// Any thread may call this.
    public func terminate() {
        isReaped.withLock { isReaped in
            if !isReaped { _ = kill(identifier, SIGTERM) }
        }
    }
}
