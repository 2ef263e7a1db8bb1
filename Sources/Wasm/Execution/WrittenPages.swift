import Linux

/// Which pages of a linear memory were written since it was last filled or restored.
///
/// Whoever writes notes it first; the interpreter only where its ``StoreWindow`` does not have the pages already. A
/// guest that writes here and there in turn would have every store noted: then its pages are not told apart any more.
struct WrittenPages {
    /// Runs of pages that have everything that was written, in bytes; nil when that is anywhere.
    private(set) var runs: [Range<Int>]? = []
    private var notedCount = 0
    /// Whether pages are never told apart, since not everybody who writes has a window.
    private var isNeverTold = false

    private static let runsMax = 32
    private static let notedMax = 64
    /// Pages between two runs, in bytes, that cost less to restore than to be told apart.
    private static let gapMax = Mapping.pageSize

    /// Notes that bytes are written; they lie in a memory that has `byteCount` of them now.
    ///
    /// Answers where stores need not be noted from now on.
    mutating func note(_ address: UInt64, count: UInt64, of byteCount: UInt64) -> StoreWindow {
        let (start, end) = (Int(address), Int(address + count))
        guard var runs else { return StoreWindow(0..<Int(byteCount)) }
        if let run = runs.last, run.lowerBound <= start, end <= run.upperBound {
            return StoreWindow(run)
        }
        notedCount += 1
        let pageMask = Mapping.pageSize - 1
        var joined = (start & ~pageMask)..<((end + pageMask) & ~pageMask)
        self.runs = nil
        var index = 0
        while index < runs.count {
            let run = runs[index]
            guard Self.areNear(run, joined) else {
                index += 1
                continue
            }
            joined = min(run.lowerBound, joined.lowerBound)..<max(run.upperBound, joined.upperBound)
            runs.swapAt(index, runs.count - 1)
            runs.removeLast()
            index = 0
        }
        guard runs.count < Self.runsMax, notedCount <= Self.notedMax else {
            return StoreWindow(0..<Int(byteCount))
        }
        runs.append(joined)
        self.runs = runs
        return StoreWindow(joined)
    }

    private static func areNear(_ run: Range<Int>, _ other: Range<Int>) -> Bool {
        run.lowerBound <= other.upperBound + gapMax && other.lowerBound <= run.upperBound + gapMax
    }

    /// Begins anew: nothing was written.
    mutating func clear() {
        notedCount = 0
        guard !isNeverTold else { return }
        if runs == nil { runs = [] } else { runs?.removeAll(keepingCapacity: true) }
    }

    /// Takes it from now on that anything may have been written.
    mutating func neverTell() {
        isNeverTold = true
        runs = nil
    }
}

/// Where the interpreter need not note what it stores: pages that are noted as written.
struct StoreWindow {
    private let start: UInt64
    private let byteCount: UInt64

    /// One that no address of a memory falls into.
    static let none = StoreWindow(start: 1 << 63, byteCount: UInt64(UInt8.max))

    private init(start: UInt64, byteCount: UInt64) {
        self.start = start
        self.byteCount = byteCount
    }

    /// The bytes of a range; none when that is smaller than stores are.
    init(_ range: Range<Int>) {
        let isWindow = range.count >= MemoryLayout<V128>.size
        self =
            isWindow
            ? StoreWindow(start: UInt64(range.lowerBound), byteCount: UInt64(range.count)) : .none
    }

    /// Whether `size` bytes from an effective address on lie in the window.
    @inline(__always)
    func covers(_ address: UInt64, _ size: Int) -> Bool {
        address &- start <= byteCount &- UInt64(truncatingIfNeeded: size)
    }
}
