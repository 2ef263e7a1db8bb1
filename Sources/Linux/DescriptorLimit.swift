import CLinux
import Glibc

/// How many descriptors this process may have open (`RLIMIT_NOFILE`).
public enum DescriptorLimit {
    /// The limit that applies now, and the highest that the process may set itself.
    ///
    /// The corresponding C function is `getrlimit`.
    public static func read() throws(SystemError) -> (soft: Int, hard: Int) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        _ = try retryingInterrupts("getrlimit") { unsafe getrlimit(resource, &limit) }
        return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
    }

    /// Sets the limit that applies, up to the highest.
    ///
    /// The corresponding C function is `setrlimit`. Descriptors that are open stay so.
    public static func setSoft(_ count: Int) throws(SystemError) {
        let (_, hard) = try read()
        var limit = rlimit(rlim_cur: rlim_t(clamping: count), rlim_max: rlim_t(clamping: hard))
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        _ = try retryingInterrupts("setrlimit") { unsafe setrlimit(resource, &limit) }
    }
}
