/// A bit for each eight bytes of a heap.
@safe
struct Bitmap: @unchecked Sendable {
    // SAFETY: the heap's mapping has a bit for each eight of its bytes; callers stay within it.
    private let words: UnsafeMutablePointer<UInt64>

    init(_ words: UnsafeMutablePointer<UInt64>) { unsafe self.words = words }

    /// The bitmap of a heap without memory: never read, since such a heap has no objects.
    static let empty = unsafe Bitmap(.allocate(capacity: 1))

    @inline(__always)
    func contains(_ offset: Int) -> Bool {
        unsafe words[offset >> 9] >> UInt64(offset >> 3 & 63) & 1 != 0
    }

    @inline(__always)
    func set(_ offset: Int) {
        unsafe words[offset >> 9] |= 1 << UInt64(offset >> 3 & 63)
    }

    /// The number of words that hold the bits of the offsets below a limit.
    private static func wordCount(below limit: Int) -> Int { (limit + 511) >> 9 }

    /// The first offset from `start` on that is in the set; nil when none below `limit` is.
    func next(from start: Int, below limit: Int) -> Int? {
        var index = start >> 9
        let end = Self.wordCount(below: limit)
        guard index < end else { return nil }
        var word = unsafe words[index] & (~0 << UInt64(start >> 3 & 63))
        while word == 0 {
            index += 1
            guard index < end else { return nil }
            word = unsafe words[index]
        }
        let offset = index << 9 | word.trailingZeroBitCount << 3
        return offset < limit ? offset : nil
    }

    func formIntersection(_ other: Bitmap, below limit: Int) {
        for index in 0..<Self.wordCount(below: limit) {
            unsafe words[index] &= other.words[index]
        }
    }

    func clear(below limit: Int) {
        for index in 0..<Self.wordCount(below: limit) { unsafe words[index] = 0 }
    }

    func words(below limit: Int) -> [UInt64] {
        unsafe Array(UnsafeBufferPointer(start: words, count: Self.wordCount(below: limit)))
    }

    func load(_ contents: [UInt64]) {
        for (index, word) in contents.enumerated() { unsafe words[index] = word }
    }
}
