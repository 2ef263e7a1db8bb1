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
    let view: UnsafeMutablePointer<LinearMemory>
    private let pagesMax: Int

    /// Whether growth was refused because of the host's limit since it was last restored.
    public private(set) var growthWasRefused = false

    /// Makes a memory of the minimum size, all zero.
    ///
    /// Nil when the minimum exceeds `byteCountMax`, the most bytes that the host allows.
    init?(_ type: MemoryType, byteCountMax: Int) throws(SystemError) {
        let pagesAllowed = min(byteCountMax / MemoryType.pageSize, 65_536)
        guard let minimum = Int(exactly: type.limits.minimum), minimum <= pagesAllowed else {
            return nil
        }
        self.type = type
        self.pagesMax = min(Int(min(type.limits.maximum ?? 65_536, 65_536)), pagesAllowed)
        self.mapping = try Mapping(byteCount: pagesMax * MemoryType.pageSize)
        unsafe self.view = UnsafeMutablePointer<LinearMemory>.allocate(capacity: 1)
        let byteCount = UInt64(minimum * MemoryType.pageSize)
        unsafe view.initialize(to: LinearMemory(base: mapping.baseAddress, byteCount: byteCount))
    }

    deinit {
        unsafe view.deallocate()
    }

    /// The current size in bytes.
    public var byteCount: Int { Int(unsafe view.pointee.byteCount) }

    /// The host's view of the contents, as large as the memory is now.
    public var guest: GuestMemory { unsafe view.pointee.guest }

    /// Adds pages; answers the old size in pages, or nil when a limit forbids the new one.
    func grow(by delta: UInt32) -> UInt32? {
        let old = byteCount / MemoryType.pageSize
        let new = old + Int(delta)
        guard new <= pagesMax else {
            if UInt64(new) <= min(type.limits.maximum ?? 65_536, 65_536) { growthWasRefused = true }
            return nil
        }
        unsafe view.pointee.byteCount = UInt64(new * MemoryType.pageSize)
        return UInt32(old)
    }

    // MARK: - Images

    /// Copies the pages that are not zero.
    func capture() -> MemoryImage {
        unsafe MemoryImage(UnsafeRawBufferPointer(start: mapping.baseAddress, count: byteCount))
    }

    /// Puts the contents back that `image` was made of, touching only pages in use.
    func restore(_ image: MemoryImage) {
        image.restore(mapping, byteCountBefore: byteCount)
        unsafe view.pointee.byteCount = UInt64(image.byteCount)
        growthWasRefused = false
    }

    /// Fills a memory that has not been written yet with the contents of `image`.
    func load(_ image: MemoryImage) {
        image.copyPages(to: mapping)
        unsafe view.pointee.byteCount = UInt64(image.byteCount)
    }
}
