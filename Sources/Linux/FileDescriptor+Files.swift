public import Glibc

extension FileDescriptor {
    /// Opens a file; the descriptor is not inherited by child processes.
    ///
    /// The corresponding C function is `open`; `mode` matters only with `O_CREAT`.
    public init(
        opening path: String,
        flags: Int32,
        mode: mode_t = 0
    ) throws(SystemError) {
        let raw = try retryingInterrupts("open \(path)") {
            unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
        }
        self.init(adopting: raw)
    }

    /// Takes the file's advisory lock, which lasts until the descriptor is closed.
    ///
    /// The corresponding C function is `flock`. Returns `false` when another process holds the lock.
    public borrowing func tryLock() throws(SystemError) -> Bool {
        let descriptor = rawValue
        do {
            _ = try retryingInterrupts("flock") { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch  where error.code == EWOULDBLOCK {
            return false
        }
    }

    /// Writes all bytes, then waits until they are on disk.
    public borrowing func writeDurably(_ bytes: [UInt8]) throws(SystemError) {
        let descriptor = rawValue
        var offset = 0
        while offset < bytes.count {
            let start = offset
            let written = try retryingInterrupts("write") {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe Glibc.write(
                        descriptor,
                        buffer.baseAddress.map { unsafe $0 + start },
                        buffer.count - start
                    )
                }
            }
            offset += written
        }
        _ = try retryingInterrupts("fsync") { fsync(descriptor) }
    }
}
