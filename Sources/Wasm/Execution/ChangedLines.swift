import Glibc
import Linux

/// What differs between two memories: lines of 64 bytes of the second.
///
/// Programs that count references write a few bytes all over their memory: lines take a tenth of what the pages
/// would that they are in.
struct ChangedLines: Sendable {
    static let lineSize = 64

    /// Where the lines begin, ascending.
    private var offsets: [Int] = []
    /// The lines, one after another.
    private var bytes: [UInt8] = []
    /// How many pages have a line among them.
    private(set) var pageCount = 0

    var byteCount: Int { bytes.count + offsets.count * MemoryLayout<Int>.stride }

    /// Adds the lines of a page that begins at an offset, as far as they are not those of another; nil stands for a
    /// page of zeros.
    mutating func add(_ page: UnsafeRawPointer, at offset: Int, unlike other: UnsafeRawPointer?) {
        let before = offsets.count
        for start in stride(from: 0, to: Mapping.pageSize, by: Self.lineSize) {
            let line = unsafe page + start
            guard unsafe !Self.isSame(page, other, start) else { continue }
            offsets.append(offset + start)
            unsafe bytes.append(
                contentsOf: UnsafeRawBufferPointer(start: line, count: Self.lineSize)
            )
        }
        if offsets.count > before { pageCount += 1 }
    }

    private static func isSame(
        _ page: UnsafeRawPointer,
        _ other: UnsafeRawPointer?,
        _ start: Int
    ) -> Bool {
        guard let other = unsafe other else {
            return unsafe page.loadUnaligned(fromByteOffset: start, as: SIMD64<UInt8>.self) == .zero
        }
        return unsafe memcmp(page + start, other + start, lineSize) == 0
    }

    /// Writes the lines that begin in a range of bytes.
    func copy(_ range: Range<Int>, to base: UnsafeMutableRawPointer) {
        var place = offsets.partitioningIndex { $0 >= range.lowerBound }
        unsafe bytes.withUnsafeBytes { source in
            guard let source = source.baseAddress else { return }
            while place < offsets.count, offsets[place] < range.upperBound {
                unsafe (base + offsets[place]).copyMemory(
                    from: source + place * Self.lineSize,
                    byteCount: Self.lineSize
                )
                place += 1
            }
        }
    }

    /// Writes all of them.
    func copy(to mapping: borrowing Mapping) {
        unsafe copy(0..<mapping.byteCount, to: mapping.baseAddress)
    }
}
