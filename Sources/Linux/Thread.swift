import CLinux
import Glibc

/// A kernel thread that must be joined.
///
/// The body is moved in: state that it captures belongs to the new thread alone.
public struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// `name` is cut to 15 bytes, as the kernel keeps no more. Throws when no thread can be made.
    public static func spawn(
        name: String,
        _ body: sending @escaping () -> Void
    ) throws(SystemError) -> Thread {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = unsafe pthread_create(&handle, nil, runThread, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        return Thread(handle: handle)
    }

    /// Makes the calling thread give way to others when processors are short.
    ///
    /// `nice` is from 0, as others, to 19, only what others leave. The corresponding C function is
    /// `setpriority`. Without effect when the kernel refuses.
    public static func giveWay(nice: Int32) {
        _ = clinux_set_thread_nice(nice)
    }

    /// Lets another thread that is ready have the processor now, and not only when this one's turn is over.
    public static func yield() { _ = sched_yield() }

    /// Waits for the thread's body to return.
    public consuming func join() {
        _ = pthread_join(handle, nil)
    }
}

private final class Start {
    let name: String
    let body: () -> Void

    init(name: String, body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }
}

// A named function: a closure literal here could inherit an actor's isolation and trap.
private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    _ = unsafe clinux_set_thread_name(start.name)
    start.body()
    return nil
}
