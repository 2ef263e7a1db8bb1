import Glibc

/// An open file descriptor, closed when this value is destroyed.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number by which the kernel knows it.
    ///
    /// Valid for as long as this value lives.
    public let rawValue: Int32

    /// Takes over a descriptor: from now on this value closes it.
    public init(adopting rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // Never retried: close(2) frees the descriptor even when it reports EINTR.
        _ = close(rawValue)
    }

    /// Gives the descriptor up to a caller that closes it itself.
    public consuming func takeRawValue() -> Int32 {
        let rawValue = rawValue
        discard self
        return rawValue
    }
}
