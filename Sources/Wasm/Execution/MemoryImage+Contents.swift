import Glibc
import Linux

/// The kernel pages of a memory that have a byte that is not zero.
struct NonzeroPages {
    /// Where they begin, ascending.
    private(set) var offsets: [Int] = []

    init(of memory: UnsafeRawBufferPointer, writtenOnly: Bool) {
        guard let base = memory.baseAddress, memory.count > 0 else { return }
        if writtenOnly, let pagemap = PageMap.shared {
            var found: [Int] = []
            let isComplete = unsafe pagemap.forEachPrivateRange(
                UnsafeMutableRawPointer(mutating: base),
                byteCount: memory.count
            ) { range in
                found += unsafe Self.search(memory, range)
                return true
            }
            offsets = found
            if isComplete { return }
        }
        offsets = unsafe Self.search(memory, 0..<memory.count)
    }

    private static func search(_ memory: UnsafeRawBufferPointer, _ range: Range<Int>) -> [Int] {
        stride(from: range.lowerBound, to: range.upperBound, by: Mapping.pageSize).filter { start in
            guard let base = memory.baseAddress else { return false }
            return unsafe !isZero(base + start)
        }
    }

    /// Whether a page is zero: if its first byte is and every byte equals the one before it.
    static func isZero(_ page: UnsafeRawPointer) -> Bool {
        unsafe page.load(as: UInt8.self) == 0 && memcmp(page, page + 1, Mapping.pageSize - 1) == 0
    }
}

/// Pages that are kept one by one.
struct KeptPages: Sendable {
    /// Where they belong, ascending.
    private let offsets: [Int]
    /// The pages, one after another.
    private let bytes: [UInt8]

    init(_ memory: UnsafeRawBufferPointer, _ offsets: [Int]) {
        self.offsets = offsets
        var bytes: [UInt8] = []
        bytes.reserveCapacity(offsets.count * Mapping.pageSize)
        for start in offsets {
            unsafe bytes.append(contentsOf: memory[start..<start + Mapping.pageSize])
        }
        self.bytes = bytes
    }

    var byteCount: Int { bytes.count }

    /// The same, as a memory has them that they were copied to.
    var ownPages: OwnPages {
        var pages = OwnPages()
        for offset in offsets { pages.append(offset..<offset + Mapping.pageSize) }
        return pages
    }

    /// Writes all of them.
    func copy(to mapping: borrowing Mapping) {
        let base = unsafe mapping.baseAddress
        for place in offsets.indices { unsafe copy(place: place, to: base) }
    }

    /// Writes the page that belongs at an offset; false when there is none.
    func copy(_ offset: Int, to base: UnsafeMutableRawPointer) -> Bool {
        guard let place = place(of: offset) else { return false }
        unsafe copy(place: place, to: base)
        return true
    }

    /// Lends the page that belongs at an offset; nil when there is none.
    func withPage<R>(at offset: Int, _ body: (UnsafeRawPointer?) -> R) -> R {
        guard let place = place(of: offset) else { return body(nil) }
        return unsafe bytes.withUnsafeBytes { kept in
            guard let start = kept.baseAddress else { return body(nil) }
            return unsafe body(start + place * Mapping.pageSize)
        }
    }

    private func place(of offset: Int) -> Int? {
        let place = offsets.partitioningIndex { $0 >= offset }
        return place < offsets.count && offsets[place] == offset ? place : nil
    }

    private func copy(place: Int, to base: UnsafeMutableRawPointer) {
        unsafe bytes.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return }
            unsafe (base + offsets[place]).copyMemory(
                from: source + place * Mapping.pageSize,
                byteCount: Mapping.pageSize
            )
        }
    }
}

/// A range of pages in a file that can be laid over memories.
@safe
final class FileContents: Sendable {
    let file: MemoryFile
    /// The bytes of the memory that the file holds.
    let range: Range<Int>
    /// The file, to copy from.
    // SAFETY: as long as `range`, read-only, and the file is sealed.
    private let mapping: Mapping

    /// Keeps everything from the first to the last of some pages; nil when the system has no file to give.
    init?(_ memory: UnsafeRawBufferPointer, _ offsets: [Int]) {
        guard let first = offsets.first, let last = offsets.last else { return nil }
        let range = first..<last + Mapping.pageSize
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[range])
        guard let file = unsafe try? MemoryFile(name: "roost-memory", sealing: bytes),
            let mapping = try? Mapping(reading: file, byteCount: range.count)
        else { return nil }
        self.range = range
        self.file = file
        self.mapping = mapping
    }

    /// The page at an offset; nil when the file has none there.
    func page(at offset: Int) -> UnsafeRawPointer? {
        guard range.contains(offset) else { return nil }
        return unsafe UnsafeRawPointer(mapping.baseAddress + (offset - range.lowerBound))
    }

    /// Writes what belongs to a range, which lies within the file's, to a memory.
    func copy(_ part: Range<Int>, to base: UnsafeMutableRawPointer) {
        guard !part.isEmpty else { return }
        unsafe (base + part.lowerBound).copyMemory(
            from: mapping.baseAddress + (part.lowerBound - range.lowerBound),
            byteCount: part.count
        )
    }
}
