import CLinux
import Glibc

/// A kernel counter that wakes whoever polls it.
///
/// The corresponding C function is `eventfd`.
public struct EventDescriptor: ~Copyable, Sendable {
    /// The descriptor to poll for readability.
    public let descriptor: FileDescriptor

    /// Makes a counter at zero.
    ///
    /// Throws when descriptors are exhausted.
    public init() throws(SystemError) {
        let flags = Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)
        let rawValue = try retryingInterrupts("eventfd") { eventfd(0, flags) }
        descriptor = FileDescriptor(adopting: rawValue)
    }

    /// Makes the descriptor readable and starts a new edge.
    ///
    /// Any thread may call this.
    ///
    /// A counter that is already at its maximum is readable anyway, so the refusal is ignored.
    public func signal() {
        _ = eventfd_write(descriptor.rawValue, 1)
    }

    /// Sleeps until the event was signalled or the time is over, and takes the signals back.
    ///
    /// For a thread that sleeps on this event alone; one thread at once.
    public func wait(timeoutMilliseconds: Int32) {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, timeoutMilliseconds)
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor.rawValue, &count)
    }
}
