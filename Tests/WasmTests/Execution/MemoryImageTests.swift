import Linux
import Testing

@testable import Wasm

/// Memories filled and restored from images, page by page.
struct MemoryImageTests {
    private static let page = Mapping.pageSize
    private static let pageCount = 512

    /// A memory whose pages in `written` hold their own number, the others nothing.
    private func mapping(_ written: some Sequence<Int>) throws -> Mapping {
        let mapping = try Mapping(byteCount: Self.pageCount * Self.page)
        for page in written { write(page, UInt8(truncatingIfNeeded: page | 1), mapping) }
        return mapping
    }

    private func write(_ page: Int, _ value: UInt8, _ mapping: borrowing Mapping) {
        let address = unsafe mapping.baseAddress + page * Self.page
        unsafe address.storeBytes(of: value, toByteOffset: page % Self.page, as: UInt8.self)
        unsafe address.storeBytes(of: value, toByteOffset: Self.page - 1, as: UInt8.self)
    }

    private func contents(_ mapping: borrowing Mapping) -> [UInt8] {
        unsafe Array(
            UnsafeRawBufferPointer(start: mapping.baseAddress, count: Self.pageCount * Self.page)
        )
    }

    private func image(_ mapping: borrowing Mapping, isOwn: Bool = true) -> MemoryImage {
        MemoryImage(of: mapping, byteCount: Self.pageCount * Self.page, isOwn: isOwn)
    }

    /// Nothing; pages that are copied; a file's pages, at the start, in the middle and at the end; gaps.
    private static let kept: [[Int]] = [
        [], [0], [3, 200, 511], Array(0..<16), Array(0..<17), Array(100..<140), Array(480..<512),
        Array(stride(from: 5, to: 500, by: 9)),
    ]

    @Test(arguments: kept, [true, false])
    func `a memory is filled and restored, whatever was written`(
        kept: [Int],
        kernelTells: Bool
    ) throws {
        let original = try mapping(kept)
        let expected = contents(original)
        let image = image(original)
        let memory = try Mapping(byteCount: Self.pageCount * Self.page)
        try image.fill(memory)
        #expect(contents(memory) == expected)
        for written in [[], [0], [511], Array(90..<150), Array(0..<512), [3, 4, 5, 300]] {
            for page in written { write(page, 0xEE, memory) }
            let own = image.restore(
                memory,
                byteCountBefore: Self.pageCount * Self.page,
                keepingAtMost: .max,
                asking: kernelTells ? .shared : nil
            )
            #expect(own != nil)
            #expect(contents(memory) == expected)
        }
    }

    @Test(arguments: kept)
    func `pages that are known to be written are restored without asking`(kept: [Int]) throws {
        let original = try mapping(kept)
        let expected = contents(original)
        let image = image(original)
        let memory = try Mapping(byteCount: Self.pageCount * Self.page)
        try image.fill(memory)
        let written = [0, 7, 8, 300]
        for page in written { write(page, 0xEE, memory) }
        let all = Self.pageCount * Self.page
        let own = image.restore(memory, byteCountBefore: all, keepingAtMost: .max)
        let ranges = try #require(own?.ranges)
        for page in written {
            #expect(ranges.contains { $0.contains(page * Self.page) })
            write(page, 0xDD, memory)
        }
        image.restore(memory, byteCountBefore: 100 * Self.page, ranges: ranges)
        #expect(contents(memory).prefix(100 * Self.page) == expected.prefix(100 * Self.page))
        let unknown = image.restore(
            memory,
            byteCountBefore: all,
            keepingAtMost: .max,
            asking: nil
        )
        #expect(unknown?.byteCount == image.copiedPages.byteCount)
    }

    @Test func `pages that a memory has of its own are counted once`() {
        let page = Self.page
        var pages = OwnPages()
        let runs: [([Range<Int>], count: Int)] = [
            ([0..<page, 5 * page..<7 * page], 3), ([5 * page..<6 * page], 3),
            ([4 * page..<6 * page], 4), ([0..<9 * page], 9),
        ]
        for (runs, count) in runs {
            let isKnown = pages.insert(runs)
            #expect(isKnown && pages.byteCount == count * page)
        }
        // In so many places that nobody knows which they are.
        let scattered = (10..<43).map { 2 * $0 * page..<(2 * $0 + 1) * page }
        let isKnown = pages.insert(scattered)
        #expect(!isKnown)
    }

    @Test func `a memory with more pages of its own than are to be kept is not restored`() throws {
        let image = image(try mapping([3]))
        let memory = try Mapping(byteCount: Self.pageCount * Self.page)
        try image.fill(memory)
        for page in 10..<15 { write(page, 0xEE, memory) }
        let all = Self.pageCount * Self.page
        let kept = image.restore(memory, byteCountBefore: all, keepingAtMost: 6 * Self.page)
        #expect(kept?.byteCount == 6 * Self.page)
        #expect(
            image.restore(memory, byteCountBefore: all, keepingAtMost: 6 * Self.page - 1) == nil
        )
    }

    @Test(arguments: kept)
    func `an image of a filled memory is that of the original`(kept: [Int]) throws {
        let first = image(try mapping(kept))
        let memory = try Mapping(byteCount: Self.pageCount * Self.page)
        try first.fill(memory)
        write(77, 0x77, memory)
        let expected = contents(memory)
        let second = image(memory, isOwn: false)
        let copy = try Mapping(byteCount: Self.pageCount * Self.page)
        try second.fill(copy)
        #expect(contents(copy) == expected)
    }

    @Test func `memories filled from one image do not see each other's writes`() throws {
        let image = image(try mapping(0..<64))
        let one = try Mapping(byteCount: Self.pageCount * Self.page)
        let other = try Mapping(byteCount: Self.pageCount * Self.page)
        try image.fill(one)
        try image.fill(other)
        let expected = contents(other)
        for page in 0..<64 { write(page, 0xEE, one) }
        #expect(contents(other) == expected)
        #expect(contents(one) != expected)
    }

    @Test func `only pages that were written are the memory's own`() throws {
        let image = image(try mapping(0..<64))
        let memory = try Mapping(byteCount: Self.pageCount * Self.page)
        try image.fill(memory)
        _ = contents(memory)
        write(5, 0xEE, memory)
        write(300, 0xEE, memory)
        let pagemap = try #require(PageMap.shared, "the kernel cannot tell")
        var ranges: [Range<Int>] = []
        let isComplete = unsafe pagemap.forEachPrivateRange(
            memory.baseAddress,
            byteCount: Self.pageCount * Self.page
        ) { range in
            ranges.append(range.lowerBound / Self.page..<range.upperBound / Self.page)
            return true
        }
        #expect(isComplete)
        #expect(ranges == [5..<6, 300..<301])
    }
}
