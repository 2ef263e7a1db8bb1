import Glibc
import Linux

/// The contents of a memory at one moment: the kernel pages of it that are not all zero.
///
/// Immutable, shared between threads.
@safe
struct MemoryImage: Sendable {
    /// The memory's size in bytes.
    let byteCount: Int
    /// The kept pages, one after another.
    private let bytes: [UInt8]
    /// For each page of the memory its place among the kept ones, or -1 if it is zero.
    private let places: [Int32]
    /// The pages kept, ascending.
    private let pages: [Int32]

    /// The bytes that the image holds.
    var storedByteCount: Int { bytes.count }

    init(_ contents: UnsafeRawBufferPointer) {
        let pageSize = Mapping.pageSize
        var bytes: [UInt8] = []
        var places = [Int32](repeating: -1, count: contents.count / pageSize)
        var pages: [Int32] = []
        for page in places.indices {
            let start = page * pageSize
            let slice = unsafe UnsafeRawBufferPointer(rebasing: contents[start..<start + pageSize])
            guard unsafe !Self.isZero(slice) else { continue }
            places[page] = Int32(pages.count)
            pages.append(Int32(page))
            unsafe bytes.append(contentsOf: slice)
        }
        self.byteCount = contents.count
        self.bytes = bytes
        self.places = places
        self.pages = pages
    }

    private static func isZero(_ page: UnsafeRawBufferPointer) -> Bool {
        guard let base = page.baseAddress else { return true }
        // A page is zero if its first byte is and every byte equals the one before it.
        return unsafe base.load(as: UInt8.self) == 0 && memcmp(base, base + 1, page.count - 1) == 0
    }

    /// Writes the kept pages over pages that are zero.
    func copyPages(to mapping: borrowing Mapping) {
        let pageSize = Mapping.pageSize
        let base = unsafe mapping.baseAddress
        unsafe bytes.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return }
            for (place, page) in pages.enumerated() {
                unsafe (base + Int(page) * pageSize).copyMemory(
                    from: source + place * pageSize,
                    byteCount: pageSize
                )
            }
        }
    }

    /// Restores every page of a memory that may have been written.
    ///
    /// Asks the kernel which pages are in use and rewrites those; when it cannot tell, or so many are
    /// in use that keeping them would cost more than it saves, gives all pages back and copies the kept ones.
    func restore(_ mapping: borrowing Mapping, byteCountBefore: Int) {
        guard byteCountBefore > 0 else { return }
        if restoreUsedPages(mapping, upTo: byteCountBefore) { return }
        mapping.discard(0..<byteCountBefore)
        copyPages(to: mapping)
    }

    /// The bytes of pages in use above which they are given back to the kernel.
    private static let residentByteCountMax = 8 << 20

    private func restorePages(_ mapping: borrowing Mapping, _ range: Range<Int>) {
        let pageSize = Mapping.pageSize
        let base = unsafe mapping.baseAddress
        unsafe bytes.withUnsafeBytes { source in
            for page in range {
                let target = unsafe base + page * pageSize
                if page < places.count, places[page] >= 0, let source = source.baseAddress {
                    let place = Int(places[page])
                    unsafe target.copyMemory(from: source + place * pageSize, byteCount: pageSize)
                } else {
                    _ = unsafe memset(target, 0, pageSize)
                }
            }
        }
    }

    /// Restores the pages that the kernel says are in use; false when it does not say, or when they
    /// are too many.
    private func restoreUsedPages(_ mapping: borrowing Mapping, upTo byteCount: Int) -> Bool {
        guard let pagemap = PageMap.shared else { return false }
        let base = unsafe mapping.baseAddress
        var resident = 0
        return unsafe pagemap.forEachUsedRange(base, byteCount: byteCount) { range in
            resident += range.count
            guard resident <= Self.residentByteCountMax else { return false }
            let pageSize = Mapping.pageSize
            restorePages(mapping, range.lowerBound / pageSize..<range.upperBound / pageSize)
            return true
        }
    }
}
