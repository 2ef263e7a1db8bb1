public import Linux

/// The memory that guest frames lie in, reusable by one execution after another.
///
/// Its size is the limit of the guest's call depth: a frame takes eight bytes for each parameter,
/// local and operand, and sixteen for its links.
@safe
public final class ValueStack: @unchecked Sendable {
    private let mapping: Mapping

    /// Reserves a stack.
    ///
    /// Throws when the system refuses.
    public init(byteCount: Int = 1 << 20) throws(SystemError) {
        self.mapping = try Mapping(byteCount: byteCount)
    }

    // SAFETY: both bounds of one live mapping; whoever runs on the stack retains this object.
    var start: Frame {
        unsafe Frame(mapping.baseAddress.assumingMemoryBound(to: UInt64.self))
    }

    var limit: Frame {
        let end = unsafe mapping.baseAddress + mapping.byteCount
        return unsafe Frame(end.assumingMemoryBound(to: UInt64.self))
    }
}
