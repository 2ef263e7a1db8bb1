import CLinux
import Glibc

/// Waits until descriptors become ready.
///
/// The corresponding C functions are `epoll_create1`, `epoll_ctl` and `epoll_wait`. Confined to
/// one thread. Closing a descriptor removes it.
public struct Poller: ~Copyable {
    private let descriptor: FileDescriptor
    private var events: [clinux_epoll_event]

    /// What a descriptor is or should be ready for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// Data, a connection or the end of input can be read.
        public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        /// There is room to write.
        public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// The peer has ended its side; more data may still wait.
        public static let inputEnded = Readiness(rawValue: EPOLLRDHUP.rawValue)
        /// Both sides are over.
        ///
        /// Always reported.
        public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue)
        /// The descriptor failed.
        ///
        /// Always reported.
        public static let failed = Readiness(rawValue: EPOLLERR.rawValue)
        /// Report a change once, instead of a state for as long as it lasts.
        public static let edgeTriggered = Readiness(rawValue: EPOLLET.rawValue)
        /// Wake, of all pollers that watch the same file, only as many as it takes: the first that
        /// sleeps.
        public static let exclusive = Readiness(rawValue: EPOLLEXCLUSIVE.rawValue)
    }

    /// Makes a poller that reports at most `eventsPerWaitMax` events at once.
    public init(eventsPerWaitMax: Int) throws(SystemError) {
        let rawValue = try retryingInterrupts("epoll_create1") {
            epoll_create1(Int32(EPOLL_CLOEXEC))
        }
        descriptor = FileDescriptor(adopting: rawValue)
        events = Array(repeating: clinux_epoll_event(), count: max(1, eventsPerWaitMax))
    }

    /// Starts to watch a descriptor; its events carry `token`.
    public func add(
        _ target: borrowing FileDescriptor,
        for readiness: Readiness,
        token: UInt64
    ) throws(SystemError) {
        let (epoll, fd) = (descriptor.rawValue, target.rawValue)
        _ = try retryingInterrupts("epoll_ctl EPOLL_CTL_ADD") {
            clinux_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, readiness.rawValue, token)
        }
    }

    /// Stops watching a descriptor that stays open.
    public func remove(_ target: borrowing FileDescriptor) throws(SystemError) {
        let (epoll, fd) = (descriptor.rawValue, target.rawValue)
        _ = try retryingInterrupts("epoll_ctl EPOLL_CTL_DEL") {
            clinux_epoll_ctl(epoll, EPOLL_CTL_DEL, fd, 0, 0)
        }
    }

    /// Sleeps until something is ready, and returns how many events `event(at:)` then holds.
    ///
    /// A negative timeout waits without end. A signal ends the wait early with no event.
    public mutating func wait(timeoutMilliseconds: Int32) throws(SystemError) -> Int {
        let epoll = descriptor.rawValue
        let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
            unsafe clinux_epoll_wait(
                epoll,
                buffer.baseAddress,
                Int32(clamping: buffer.count),
                timeoutMilliseconds
            )
        }
        guard count < 0 else { return Int(count) }
        let code = errno
        guard code == EINTR else { throw SystemError(call: "epoll_wait", code: code) }
        return 0
    }

    /// The event at `index`, which must be below the count that the last wait returned.
    public func event(at index: Int) -> (token: UInt64, readiness: Readiness) {
        let event = events[index]
        return (event.data, Readiness(rawValue: event.events))
    }
}
