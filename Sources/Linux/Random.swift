import CLinux
import Glibc

/// Random bytes from the kernel.
public enum Random {
    /// Fills a buffer with random bytes fit for keys.
    ///
    /// Costs one system call and two to three nanoseconds per byte. Never blocks, except before
    /// the kernel's generator is first seeded at boot. The corresponding C function is
    /// `getrandom`.
    public static func fill(_ buffer: inout MutableRawSpan) throws(SystemError) {
        unsafe try buffer.withUnsafeMutableBytes { bytes throws(SystemError) in
            var filled = 0
            while filled < bytes.count {
                guard let base = bytes.baseAddress else { return }
                let count = try retryingInterrupts("getrandom") {
                    unsafe getrandom(base + filled, bytes.count - filled, 0)
                }
                filled += count
            }
        }
    }
}
