import CLinux

/// The processors that this process may run on.
public enum Processors {
    /// How many they are; at least one.
    ///
    /// Implements `sched_getaffinity`.
    public static var count: Int {
        var mask = [UInt8](repeating: 0, count: 1024)
        let byteCount = unsafe clinux_sched_getaffinity(&mask, mask.count)
        return max(mask.prefix(max(byteCount, 0)).reduce(0) { $0 + $1.nonzeroBitCount }, 1)
    }
}
