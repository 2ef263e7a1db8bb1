import CLinux

/// What this process takes in memory.
public enum ProcessMemory {
    /// Gives pages back to the system that the allocator keeps for later, though nothing on them is in use.
    ///
    /// Takes milliseconds for each 100 MB. The corresponding C function is `malloc_trim`.
    public static func trim() { _ = malloc_trim(0) }

    /// Has no huge page come into this process's memory from now on, if the kernel can do that.
    ///
    /// The corresponding C function is `prctl`, with `PR_SET_THP_DISABLE`.
    public static func useSmallPagesOnly() { _ = clinux_disable_huge_pages() }

    /// Resident pages in bytes; zero when the kernel does not tell.
    ///
    /// Reads `/proc/self/statm`.
    public static var residentByteCount: Int {
        guard let text = try? FileDescriptor(opening: "/proc/self/statm", flags: 0).read(upTo: 256)
        else { return 0 }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 1 else { return 0 }
        return (Int(String(decoding: fields[1], as: UTF8.self)) ?? 0) * Mapping.pageSize
    }
}
