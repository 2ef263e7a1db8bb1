import CLinux

/// What this process takes in memory.
public enum ProcessMemory {
    /// Gives pages back to the system that the allocator keeps for later, though nothing on them is in use.
    ///
    /// Takes milliseconds for each 100 MB. The corresponding C function is `malloc_trim`.
    public static func trim() { _ = malloc_trim(0) }

    /// Whether no huge page comes into this process's memory from now on: a page is then written for the first time
    /// only by way of a fault of the thread that writes it.
    ///
    /// The corresponding C function is `prctl`, with `PR_SET_THP_DISABLE`.
    public static let hasSmallPagesOnly = clinux_disable_huge_pages() == 0

    /// How many page faults the calling thread has had so far; nil when the kernel does not tell.
    ///
    /// Costs about 0.3 µs. The corresponding C function is `getrusage`.
    public static var threadFaultCount: Int? {
        let count = clinux_thread_page_faults()
        return count < 0 ? nil : count
    }

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
