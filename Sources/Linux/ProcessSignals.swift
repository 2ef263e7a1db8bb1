import CLinux
import Glibc

/// The signals by which a daemon is steered: SIGTERM and SIGINT end it, SIGHUP has it read its
/// configuration again.
public enum ProcessSignals {
    /// What a signal asks for.
    public enum Order: Equatable, Sendable {
        /// To end, by the signal of that number.
        case stop(Int32)
        /// To read the configuration again, and to open log files anew.
        case reload
    }

    /// Keeps the signals from this thread and from those that it starts later, until ``wait()``.
    ///
    /// To be called before any other thread exists.
    ///
    /// Writing to a closed pipe or socket becomes an error, instead of a signal, as well; so does
    /// what ``ignoreFileSizeLimit()`` names.
    public static func block() {
        var set = makeSet()
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
        ignoreFileSizeLimit()
    }

    /// Makes growing a file beyond the limit of this process (`RLIMIT_FSIZE`) an error, `EFBIG`,
    /// instead of a signal that ends the process.
    ///
    /// For every process whose guests have files. Child processes inherit it.
    public static func ignoreFileSizeLimit() { _ = signal(SIGXFSZ, SIG_IGN) }

    /// Waits for one of the blocked signals.
    ///
    /// One thread at a time. Signals of one kind that come while nobody waits count as one.
    public static func wait() -> Order {
        var set = makeSet()
        var number: Int32 = 0
        while unsafe sigwait(&set, &number) != 0 {}
        return number == SIGHUP ? .reload : .stop(number)
    }

    private static func makeSet() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGHUP)
        return set
    }
}
