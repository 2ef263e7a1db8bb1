public import Glibc

/// A kernel call that was refused: the call's name and the error number it left.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The name of the call as in its manual page, with the operation when one call has many:
    /// `epoll_ctl EPOLL_CTL_ADD`.
    public let call: String

    /// The value of `errno`.
    public let code: Int32

    /// Makes an error for a call that just failed.
    public init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// `bind: Address already in use (98)`.
    public var description: String {
        // SAFETY: strerror returns a NUL-terminated string that is copied before another call.
        let message = unsafe String(cString: strerror(code))
        return "\(call): \(message) (\(code))"
    }
}

/// Runs one kernel call that returns -1 on failure, again for as long as a signal interrupts it.
///
/// Not for `close`, which frees the descriptor even when it reports `EINTR`.
@inlinable
public func retryingInterrupts<Result: SignedInteger>(
    _ call: @autoclosure () -> String,
    _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        guard result == -1 else { return result }
        let code = errno
        guard code == EINTR else { throw SystemError(call: call(), code: code) }
    }
}
