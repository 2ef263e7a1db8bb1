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

    // SAFETY: all within one live mapping; whoever runs on the stack retains this object.

    /// Room for the registers of the execution that uses the stack.
    var machine: UnsafeMutablePointer<Machine> {
        unsafe mapping.baseAddress.assumingMemoryBound(to: Machine.self)
    }

    /// Where the registers end, on a boundary of a cache line.
    private static let startOffset = (MemoryLayout<Machine>.stride + 63) & ~63

    var start: Frame {
        let start = unsafe mapping.baseAddress + Self.startOffset
        return unsafe Frame(start.assumingMemoryBound(to: UInt64.self))
    }

    var limit: Frame {
        let end = unsafe mapping.baseAddress + mapping.byteCount
        return unsafe Frame(end.assumingMemoryBound(to: UInt64.self))
    }
}
