import Glibc

/// Reads the kernel's clocks as nanosecond counts.
public enum Monotonic {
    /// Nanoseconds on `CLOCK_MONOTONIC`: for durations and deadlines.
    ///
    /// Costs about 30 ns.
    public static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970 on `CLOCK_REALTIME`.
    public static func realtime() -> UInt64 { read(CLOCK_REALTIME) }

    /// Nanoseconds of processor time that the calling thread used.
    ///
    /// A real system call.
    public static func threadCPU() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
