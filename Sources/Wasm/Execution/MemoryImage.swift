import Linux

/// The contents of a memory at one moment, from which others are filled and restored.
///
/// Immutable, shared between threads. A few pages are kept as they are and copied into each memory. More are
/// kept in a file, which is laid over the memories: they share its pages until they write them. An image can also
/// be what another one is, but for some lines.
final class MemoryImage: Sendable {
    /// The memory's size in bytes.
    let byteCount: Int

    private let contents: Contents

    private enum Contents: Sendable {
        case pages(KeptPages)
        case file(FileContents)
        case changes(of: MemoryImage, ChangedLines)
    }

    /// How many pages that are not zero are copied rather than laid over: a mapping costs as much as
    /// copying fifty pages, and a first write to a shared page twenty times what copying it did.
    private static let copiedPagesMax = 16

    /// Copies what is not zero of a memory's first `byteCount` bytes.
    ///
    /// `isOwn` says that no file lies over the mapping: only pages that were written are looked at then.
    init(of mapping: borrowing Mapping, byteCount: Int, isOwn: Bool) {
        self.byteCount = byteCount
        let memory = unsafe UnsafeRawBufferPointer(start: mapping.baseAddress, count: byteCount)
        let pages = unsafe NonzeroPages(of: memory, writtenOnly: isOwn).offsets
        if pages.count > Self.copiedPagesMax, let file = unsafe FileContents(memory, pages) {
            contents = .file(file)
        } else {
            contents = .pages(unsafe KeptPages(memory, pages))
        }
    }

    /// How many pages may differ from another image, of which an image keeps only the changes: each memory
    /// gets a copy of its own of them.
    private static let changedPagesMax = 1024

    /// Copies what differs, of a memory's first `byteCount` bytes, from the image that it was filled from.
    init(of mapping: borrowing Mapping, byteCount: Int, over base: MemoryImage) {
        self.byteCount = byteCount
        let memory = unsafe UnsafeRawBufferPointer(start: mapping.baseAddress, count: byteCount)
        if byteCount >= base.byteCount, let lines = unsafe base.changes(in: memory) {
            contents = .changes(of: base, lines)
            return
        }
        let pages = unsafe NonzeroPages(of: memory, writtenOnly: false).offsets
        if let file = unsafe FileContents(memory, pages) {
            contents = .file(file)
        } else {
            contents = .pages(unsafe KeptPages(memory, pages))
        }
    }

    /// What of a memory that was filled from the image is not as there; nil when that is in too many pages, or the
    /// image is changes itself.
    private func changes(in memory: UnsafeRawBufferPointer) -> ChangedLines? {
        var lines = ChangedLines()
        guard let base = memory.baseAddress, memory.count > 0 else { return lines }
        func add(_ range: Range<Int>) -> Bool {
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: Mapping.pageSize)
            where lines.pageCount <= Self.changedPagesMax {
                let page = unsafe base + offset
                switch contents {
                case .pages(let pages):
                    unsafe pages.withPage(at: offset) { other in
                        unsafe lines.add(page, at: offset, unlike: other)
                    }
                case .file(let file):
                    unsafe lines.add(page, at: offset, unlike: file.page(at: offset))
                case .changes: return false
                }
            }
            return lines.pageCount <= Self.changedPagesMax
        }
        if let pagemap = PageMap.shared {
            let isComplete = unsafe pagemap.forEachPrivateRange(
                UnsafeMutableRawPointer(mutating: base),
                byteCount: memory.count,
                add
            )
            if isComplete { return lines }
            lines = ChangedLines()
        }
        return add(0..<memory.count) ? lines : nil
    }

    /// The bytes that the image holds, without those that it shares with another.
    var storedByteCount: Int {
        switch contents {
        case .pages(let pages): pages.byteCount
        case .file(let file): file.range.count
        case .changes(_, let lines): lines.byteCount
        }
    }

    /// What a memory that was filled from the image has of its own.
    var copiedPages: OwnPages {
        switch contents {
        case .pages(let pages): return pages.ownPages
        case .file: return OwnPages()
        case .changes(let base, let lines):
            return OwnPages(
                byteCount: base.copiedPages.byteCount + lines.pageCount * Mapping.pageSize
            )
        }
    }

    /// Fills a mapping that has not been written.
    func fill(_ mapping: borrowing Mapping) throws(SystemError) {
        switch contents {
        case .pages(let pages): pages.copy(to: mapping)
        case .file(let file): try mapping.overlay(file.file, file.range)
        case .changes(let base, let lines):
            try base.fill(mapping)
            lines.copy(to: mapping)
        }
    }

    /// Writes again what is lost when a memory's pages are given back to the kernel.
    func refill(_ mapping: borrowing Mapping) {
        switch contents {
        case .pages(let pages): pages.copy(to: mapping)
        case .file: return
        case .changes(let base, let lines):
            base.refill(mapping)
            lines.copy(to: mapping)
        }
    }

    /// Restores every page of a memory that may have been written since it was filled.
    ///
    /// Asks the kernel which pages those are and rewrites them; when it cannot tell, gives them back.
    ///
    /// Answers the pages that the memory has of its own afterwards; nil, with nothing restored, when those were more
    /// than `keptByteCountMax`.
    func restore(
        _ mapping: borrowing Mapping,
        byteCountBefore: Int,
        keepingAtMost keptByteCountMax: Int,
        asking pagemap: PageMap? = .shared
    ) -> OwnPages? {
        guard byteCountBefore > 0 else { return OwnPages() }
        if let pagemap {
            var pages = OwnPages()
            let base = unsafe mapping.baseAddress
            let isDone = unsafe pagemap.forEachPrivateRange(base, byteCount: byteCountBefore) {
                range in
                pages.append(range)
                guard pages.byteCount <= keptByteCountMax else { return false }
                unsafe rewrite(range, of: base)
                return true
            }
            if isDone { return pages }
            if pages.byteCount > keptByteCountMax { return nil }
        }
        mapping.discard(0..<byteCountBefore)
        refill(mapping)
        return copiedPages
    }

    /// Restores pages that are known to be all that may have been written, as far as the memory reached.
    func restore(_ mapping: borrowing Mapping, byteCountBefore: Int, ranges: [Range<Int>]) {
        let base = unsafe mapping.baseAddress
        for range in ranges { unsafe rewrite(range.clamped(to: 0..<byteCountBefore), of: base) }
    }

    private func rewrite(_ range: Range<Int>, of base: UnsafeMutableRawPointer) {
        switch contents {
        case .pages(let pages):
            for page in stride(from: range.lowerBound, to: range.upperBound, by: Mapping.pageSize) {
                guard unsafe !pages.copy(page, to: base) else { continue }
                unsafe Self.clear(page..<page + Mapping.pageSize, of: base)
            }
        case .file(let file):
            unsafe file.copy(range.clamped(to: file.range), to: base)
            unsafe Self.clear(range.clamped(to: 0..<file.range.lowerBound), of: base)
            unsafe Self.clear(range.clamped(to: file.range.upperBound..<Int.max), of: base)
        case .changes(let image, let lines):
            unsafe image.rewrite(range, of: base)
            unsafe lines.copy(range, to: base)
        }
    }

    /// Zeroes whole pages.
    ///
    /// A tenth of what `memset` takes, which clears pages by an instruction that is slow to start.
    private static func clear(_ range: Range<Int>, of base: UnsafeMutableRawPointer) {
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: 64) {
            unsafe (base + offset).storeBytes(of: .zero, as: SIMD64<UInt8>.self)
        }
    }
}

/// The pages that a memory has of its own: written since it was made, or copied into it.
struct OwnPages {
    private(set) var byteCount = 0
    /// Which they are; nil when nobody knows, or when they are in too many places to be remembered.
    private(set) var ranges: [Range<Int>]?

    private static let rangesMax = 32

    /// None, to which others may be added.
    init() { ranges = [] }

    /// So many bytes, wherever they are.
    init(byteCount: Int) { self.byteCount = byteCount }

    mutating func append(_ range: Range<Int>) {
        byteCount += range.count
        if let last = ranges?.last, last.upperBound == range.lowerBound {
            ranges?.removeLast()
            ranges?.append(last.lowerBound..<range.upperBound)
            return
        }
        if ranges?.count == Self.rangesMax { ranges = nil }
        ranges?.append(range)
    }

    /// Adds runs, some of which may be among the pages; false when nobody knows which those are.
    mutating func insert(_ runs: [Range<Int>]) -> Bool {
        for run in runs where !contains(run) {
            guard var others = ranges else { return false }
            var run = run
            others.removeAll { other in
                guard other.overlaps(run) else { return false }
                run = min(run.lowerBound, other.lowerBound)..<max(run.upperBound, other.upperBound)
                return true
            }
            byteCount = others.reduce(0) { $0 + $1.count }
            ranges = others
            append(run)
        }
        return ranges != nil
    }

    private func contains(_ run: Range<Int>) -> Bool {
        guard let ranges else { return false }
        return ranges.contains {
            $0.lowerBound <= run.lowerBound && run.upperBound <= $0.upperBound
        }
    }
}
