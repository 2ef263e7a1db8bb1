import Glibc

/// State that threads share, with a lock to reach it and a condition to wait on.
///
/// For threads that have nothing else to do until the state changes: workers, writers. Event loops
/// never wait here.
@safe
public final class Monitor<State>: @unchecked Sendable {
    // SAFETY: both are allocated once, initialised before use, and freed in deinit, when no
    // thread can be inside any more. `state` is only touched with `mutex` held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    /// What a waiting thread found in the state.
    public enum Finding<Result> {
        /// What it waited for: ``Monitor/wait(_:)`` returns it.
        case found(Result)
        /// Nothing: look again after the next signal.
        case nothing
        /// Nothing: look again after the next signal, or at this moment of ``Monotonic/now()``.
        case nothingUntil(UInt64)
    }

    /// Makes a monitor of an initial state.
    public init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        _ = unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        _ = unsafe pthread_condattr_init(&attributes)
        _ = unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        _ = unsafe pthread_cond_init(condition, &attributes)
        _ = unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        _ = unsafe pthread_cond_destroy(condition)
        _ = unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs a short piece of code with the state to itself.
    ///
    /// Does not wake waiting threads.
    public func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        _ = unsafe pthread_mutex_lock(mutex)
        defer { _ = unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Waits until `body` finds something in the state.
    ///
    /// It is called with the state to itself, at once and after every wakeup.
    public func wait<Result>(_ body: (inout State) -> Finding<Result>) -> Result {
        _ = unsafe pthread_mutex_lock(mutex)
        defer { _ = unsafe pthread_mutex_unlock(mutex) }
        while true {
            switch body(&state) {
            case .found(let result):
                return result
            case .nothing:
                _ = unsafe pthread_cond_wait(condition, mutex)
            case .nothingUntil(let moment):
                var time = timespec()
                time.tv_sec = Int(clamping: moment / 1_000_000_000)
                time.tv_nsec = Int(clamping: moment % 1_000_000_000)
                _ = unsafe pthread_cond_timedwait(condition, mutex, &time)
            }
        }
    }

    /// Wakes one waiting thread.
    public func signal() { _ = unsafe pthread_cond_signal(condition) }

    /// Wakes every waiting thread.
    public func broadcast() { _ = unsafe pthread_cond_broadcast(condition) }
}
