import Glibc

/// The descriptors that a process is started with: 0, 1 and 2.
///
/// They belong to the whole process, so nothing here owns or closes them.
public enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Whether the stream is a terminal.
    ///
    /// The corresponding C function is `isatty`.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes bytes and answers how many were written: at least one when any are given.
    ///
    /// Blocks while a pipe or terminal is full. The corresponding C function is `write`.
    public func write(_ bytes: RawSpan) throws(SystemError) -> Int {
        let descriptor = rawValue
        return unsafe try bytes.withUnsafeBytes { buffer throws(SystemError) in
            try retryingInterrupts("write") {
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
        }
    }

    /// Reads at most `count` bytes; an empty answer is the end.
    ///
    /// Blocks until there is something. The corresponding C function is `read`.
    public func read(upTo count: Int) throws(SystemError) -> [UInt8] {
        let descriptor = rawValue
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                filled = try retryingInterrupts("read") {
                    unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
