import CLinux
import Glibc

/// A way to wake one sleeping thread from others, over an `eventfd(2)`.
///
/// Rings that arrive while nobody waits are remembered as one.
public struct WakeupEvent: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Makes an event that has not rung.
    public init() throws(SystemError) {
        let raw = try retryingInterrupts("eventfd") {
            eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        }
        descriptor = FileDescriptor(adopting: raw)
    }

    /// Wakes the waiting thread, or the next one that waits.
    ///
    /// Any thread; about 0.5 µs.
    public func ring() {
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the waiter is awake anyway.
        _ = unsafe write(descriptor.rawValue, &one, MemoryLayout<UInt64>.size)
    }

    /// Sleeps until the event rings or the time is over, on the monotonic clock.
    ///
    /// One thread at once.
    public func wait(timeoutMilliseconds: Int32) {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, timeoutMilliseconds)
        var count: UInt64 = 0
        _ = unsafe read(descriptor.rawValue, &count, MemoryLayout<UInt64>.size)
    }
}
