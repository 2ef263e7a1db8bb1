import Synchronization

/// Threads that are started one by one and joined together.
public final class ThreadGroup: Sendable {
    // SAFETY of @unchecked: `thread` is written once before publication, and taken by the one
    // call of `join` that took the handle out of the group.
    private final class Handle: @unchecked Sendable {
        private var thread: Thread?

        init(_ thread: consuming Thread) { self.thread = consume thread }

        func join() { thread.take()?.join() }
    }

    private let handles = Mutex<[Handle]>([])

    /// Makes a group of no threads.
    public init() {}

    /// Starts a thread; see ``Thread/spawn(name:_:)``.
    public func spawn(
        name: String,
        _ body: sending @escaping () -> Void
    ) throws(SystemError) {
        let handle = Handle(try Thread.spawn(name: name, body))
        handles.withLock { $0.append(handle) }
    }

    /// Waits for every thread started so far to return.
    ///
    /// Not to be called by one of them.
    public func joinAll() {
        let joining = handles.withLock { handles in
            defer { handles = [] }
            return handles
        }
        for handle in joining { handle.join() }
    }
}
