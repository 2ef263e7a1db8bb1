import Linux

/// A linear memory. Core specification §4.2.9
///
/// The whole of the size that it may grow to is reserved at once, so that it never moves; a page
/// costs memory from its first write on. Used by one thread at a time: the one that runs an instance
/// it belongs to.
@safe
public final class Memory: @unchecked Sendable {
    /// The memory's type; the minimum is that of its definition.
    public let type: MemoryType

    private let mapping: Mapping
    // SAFETY: allocated and freed by this object; the interpreter reads it through contexts.
    let fields: UnsafeMutablePointer<LinearMemory.Fields>
    private let pagesMax: UInt64
    private let budget: InstanceBudget
    /// What the memory was last filled or restored from.
    private var source: MemoryImage?
    /// The pages that the memory had of its own then.
    private var ownPages = OwnPages()

    var privateByteCount: Int { ownPages.byteCount }

    /// The bytes of written pages beyond which giving them back costs less than rewriting them.
    private static let keptByteCountMax = 8 << 20
    /// Whether the contents came from an image.
    private var isFilled = false
    /// Whether the pages were given back, and not yet put back.
    private(set) var isReleased = false

    /// Whether growth was refused because of the host's limit since it was last restored.
    public private(set) var growthWasRefused = false

    /// Makes a memory of the minimum size, all zero.
    ///
    /// Nil when the budget does not have that much left.
    init?(_ type: MemoryType, budget: InstanceBudget) throws(SystemError) {
        let pagesAllowed = UInt64(budget.limit / MemoryType.pageSize)
        let minimum = type.limits.minimum
        guard minimum <= pagesAllowed else { return nil }
        let byteCount = Int(minimum) * MemoryType.pageSize
        guard budget.take(byteCount) else { return nil }
        self.type = type
        self.budget = budget
        self.pagesMax = max(minimum, min(type.pagesDeclared, pagesAllowed))
        self.mapping = try Mapping(byteCount: Int(pagesMax) * MemoryType.pageSize)
        unsafe self.fields = UnsafeMutablePointer<LinearMemory.Fields>.allocate(capacity: 1)
        unsafe fields.initialize(
            to: LinearMemory.Fields(base: mapping.baseAddress, byteCount: UInt64(byteCount))
        )
    }

    deinit {
        unsafe fields.deinitialize(count: 1)
        unsafe fields.deallocate()
    }

    /// The current size in bytes.
    public var byteCount: Int { Int(unsafe fields.pointee.byteCount) }

    /// The host's view of the contents, as large as the memory is now.
    public var guest: GuestMemory { unsafe LinearMemory(fields).guest }

    /// Adds pages; answers the old size in pages, or nil when a limit forbids the new one.
    func grow(by delta: UInt64) -> UInt64? {
        let old = UInt64(byteCount / MemoryType.pageSize)
        let (new, overflow) = old.addingReportingOverflow(delta)
        guard !overflow, new <= type.pagesDeclared else { return nil }
        guard new <= pagesMax, budget.take(Int(delta) * MemoryType.pageSize) else {
            growthWasRefused = true
            return nil
        }
        unsafe fields.pointee.byteCount = new * UInt64(MemoryType.pageSize)
        return old
    }

    // MARK: - Images

    /// Copies the pages that are not zero.
    func capture() -> MemoryImage {
        MemoryImage(of: mapping, byteCount: byteCount, isOwn: !isFilled)
    }

    /// Copies the pages that differ from those of the image that the memory was filled from.
    func capture(over base: MemoryImage) -> MemoryImage {
        MemoryImage(of: mapping, byteCount: byteCount, over: base)
    }

    /// Puts the contents back that `image` was made of, touching only pages in use.
    ///
    /// When the memory has more than `byteCountKept` bytes of its own, it is released instead.
    func restore(_ image: MemoryImage, releasingBeyond byteCountKept: Int) {
        let keptMax = min(byteCountKept, Self.keptByteCountMax)
        defer { unsafe fields.pointee.written.clear() }
        if image === source, let runs = unsafe fields.pointee.written.runs, ownPages.insert(runs),
            ownPages.byteCount <= keptMax
        {
            image.restore(mapping, byteCountBefore: byteCount, ranges: runs)
        } else if let pages = image.restore(
            mapping,
            byteCountBefore: byteCount,
            keepingAtMost: keptMax
        ) {
            ownPages = pages
            source = image
        } else {
            release(image)
            if byteCountKept > keptMax { reclaim(image) }
            return
        }
        resize(to: image.byteCount)
        growthWasRefused = false
    }

    /// Fills a memory that has not been written yet with the contents of `image`.
    func load(_ image: MemoryImage) throws(SystemError) {
        isFilled = true
        try image.fill(mapping)
        source = image
        ownPages = image.copiedPages
        resize(to: image.byteCount)
    }

    /// Gives all pages back to the kernel; the contents are nothing's until ``reclaim(_:)``.
    func release(_ image: MemoryImage) {
        mapping.discard(0..<byteCount)
        unsafe fields.pointee.written.clear()
        source = image
        ownPages = OwnPages()
        isReleased = true
        resize(to: image.byteCount)
        growthWasRefused = false
    }

    /// Puts the contents of `image` back, if pages were released.
    func reclaim(_ image: MemoryImage) {
        guard isReleased else { return }
        isReleased = false
        image.refill(mapping)
        ownPages = image.copiedPages
    }

    /// Takes it from now on that anything may have been written: for memories that are written without being noted.
    func neverTellPagesApart() { unsafe fields.pointee.written.neverTell() }

    private func resize(to newByteCount: Int) {
        budget.replace(byteCount, by: newByteCount)
        unsafe fields.pointee.byteCount = UInt64(newByteCount)
    }
}

extension MemoryType {
    /// The most pages that the type allows: its own maximum, or what addresses reach.
    fileprivate var pagesDeclared: UInt64 {
        min(limits.maximum ?? pagesMax, pagesMax)
    }
}

/// What the memories of one instance may have together in bytes, or its tables in elements.
///
/// Used by one thread at a time, as they are.
final class InstanceBudget {
    let limit: Int
    private var taken = 0

    /// The host's limit, and that of memory images, which number pages in 32 bits.
    init(limit: Int) {
        self.limit = min(max(limit, 0), 1 << 42)
    }

    /// Takes so much when that is left.
    func take(_ count: Int) -> Bool {
        guard count <= limit - taken else { return false }
        taken += count
        return true
    }

    /// One of them has another size from now on.
    func replace(_ old: Int, by new: Int) {
        taken += new - old
    }
}
