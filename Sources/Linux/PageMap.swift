import CLinux
import Glibc

/// The kernel's account of which pages of this process are in use (`PAGEMAP_SCAN`, Linux 6.7).
@safe
public struct PageMap: Sendable {
    private let descriptor: Int32

    /// The account; nil when the kernel has none.
    ///
    /// Opened once and kept open.
    public static let shared: PageMap? = PageMap()

    private init?() {
        let descriptor = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        // A kernel without the operation refuses it; ask once, about a page that exists.
        var argument = clinux_pm_scan_arg()
        argument.size = UInt64(MemoryLayout<clinux_pm_scan_arg>.size)
        guard unsafe clinux_pagemap_scan(descriptor, &argument) >= 0 else {
            _ = close(descriptor)
            return nil
        }
    }

    /// Calls `body` with each range of bytes, counted from `base`, whose pages are private to the mapping:
    /// written since it was made, whether resident or swapped out, and neither a file's own nor the kernel's
    /// zero page.
    ///
    /// `base` and `byteCount` are multiples of the page size. False when the kernel refused, or as
    /// soon as `body` answers false. Costs about 1 µs for each MiB.
    public func forEachPrivateRange(
        _ base: UnsafeMutableRawPointer,
        byteCount: Int,
        _ body: (Range<Int>) -> Bool
    ) -> Bool {
        let start = UInt64(UInt(bitPattern: base))
        var argument = clinux_pm_scan_arg()
        argument.size = UInt64(MemoryLayout<clinux_pm_scan_arg>.size)
        argument.start = start
        argument.end = start + UInt64(byteCount)
        let shared = UInt64(CLINUX_PAGE_IS_PFNZERO | CLINUX_PAGE_IS_FILE)
        argument.category_inverted = shared
        argument.category_mask = shared
        argument.category_anyof_mask = UInt64(CLINUX_PAGE_IS_PRESENT | CLINUX_PAGE_IS_SWAPPED)
        argument.return_mask = UInt64(CLINUX_PAGE_IS_PRESENT)
        // A kilobyte still comes from the stack; the kernel makes room for as many as it is offered, too.
        let capacity =
            byteCount <= Self.smallByteCount ? Self.regionsPerSmallCall : Self.regionsPerCall
        return unsafe withUnsafeTemporaryAllocation(
            of: clinux_page_region.self,
            capacity: capacity
        ) { regions in
            argument.vec = UInt64(UInt(bitPattern: regions.baseAddress))
            argument.vec_len = UInt64(capacity)
            while argument.start < argument.end {
                let count = unsafe clinux_pagemap_scan(descriptor, &argument)
                guard count >= 0 else { return false }
                for index in 0..<Int(count) {
                    let region = unsafe regions[index]
                    guard body(Int(region.start - start)..<Int(region.end - start)) else {
                        return false
                    }
                }
                guard argument.walk_end > argument.start else { break }
                argument.start = argument.walk_end
            }
            return true
        }
    }

    private static let regionsPerCall = 256
    private static let regionsPerSmallCall = 32
    private static let smallByteCount = 1 << 20
}
