import CLinux
import Glibc

/// A range of private memory, unmapped when this value is destroyed.
///
/// The range is reserved without committing memory: a page costs memory from its first write on,
/// and reads until then as zero, or as the file that lies over it.
@safe
public struct Mapping: ~Copyable, @unchecked Sendable {
    /// The first byte, aligned to a page.
    ///
    /// Valid for as long as this value lives.
    public let baseAddress: UnsafeMutableRawPointer

    /// The size of the range in bytes, a multiple of the page size.
    public let byteCount: Int

    /// The kernel's page size in bytes.
    public static let pageSize = Int(getpagesize())

    // SAFETY: base and size describe one live mapping that only this value unmaps.
    /// Reserves `byteCount` bytes, rounded up to whole pages.
    ///
    /// Throws `ENOMEM` when the address space or the number of mappings is exhausted.
    public init(byteCount: Int) throws(SystemError) {
        let pages = max(1, (byteCount + Self.pageSize - 1) / Self.pageSize)
        let size = pages * Self.pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError(call: "mmap", code: errno)
        }
        unsafe self.baseAddress = address
        self.byteCount = size
    }

    /// Maps a file's first bytes, to be read only.
    public init(reading file: borrowing MemoryFile, byteCount: Int) throws(SystemError) {
        let descriptor = file.descriptor.rawValue
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError(call: "mmap", code: errno)
        }
        unsafe self.baseAddress = address
        self.byteCount = byteCount
    }

    deinit {
        _ = unsafe munmap(baseAddress, byteCount)
    }

    /// Lays a file's first bytes over a range: it reads as the file, until a page is written.
    ///
    /// Both bounds must be multiples of the page size and lie within the mapping.
    public func overlay(_ file: borrowing MemoryFile, _ range: Range<Int>) throws(SystemError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        let start = unsafe baseAddress + range.lowerBound
        let flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE
        let descriptor = file.descriptor.rawValue
        let protection = PROT_READ | PROT_WRITE
        let address = unsafe mmap(start, range.count, protection, flags, descriptor, 0)
        guard unsafe address == start else { throw SystemError(call: "mmap", code: errno) }
    }

    /// Gives the pages of a range back to the kernel; they read afterwards as before they were written.
    ///
    /// Both bounds must be multiples of the page size and lie within the mapping.
    public func discard(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        let start = unsafe baseAddress + range.lowerBound
        _ = unsafe madvise(start, range.count, MADV_DONTNEED)
    }
}
