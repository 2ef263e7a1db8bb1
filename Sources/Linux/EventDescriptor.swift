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
}
