public import Synchronization

/// A bounded queue from many threads to one.
public final class Mailbox<Message: Sendable>: Sendable {
    @usableFromInline let messages = Mutex<[Message]>([])
    @usableFromInline let capacity: Int

    /// Makes an empty mailbox that refuses messages beyond `capacity`.
    @inlinable
    public init(capacity: Int) {
        self.capacity = capacity
    }

    /// Appends a message.
    ///
    /// Any thread may call this.
    ///
    /// Returns `false` when the mailbox is full: the caller sheds load instead of queueing.
    @inlinable
    public func send(_ message: Message) -> Bool {
        messages.withLock { messages in
            guard messages.count < capacity else { return false }
            messages.append(message)
            return true
        }
    }

    /// Exchanges the queued messages for `empty`, which must hold none.
    ///
    /// The storage passed in becomes the next queue, so that a steady load allocates nothing.
    /// Returns `false` and changes nothing when no message waits.
    @inlinable
    public func take(into empty: inout [Message]) -> Bool {
        precondition(empty.isEmpty)
        return messages.withLock { messages in
            guard !messages.isEmpty else { return false }
            swap(&messages, &empty)
            return true
        }
    }

    /// Whether no message waits at this moment.
    @inlinable
    public var isEmpty: Bool {
        messages.withLock { $0.isEmpty }
    }
}
