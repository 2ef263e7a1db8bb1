/// A linear memory as running code sees it.
///
/// The interpreter keeps a copy of this in registers: the base never moves, and the size changes only
/// by instructions and calls after which it is read again.
@safe
struct LinearMemory {
    @safe
    struct Fields {
        let base: UnsafeMutableRawPointer
        /// The current size in bytes, a multiple of the page size.
        var byteCount: UInt64
        var written = WrittenPages()
    }

    // SAFETY: `base` points at a live reservation of at least as many bytes as the memory has, and `fields` lives
    // as long.
    let base: UnsafeMutableRawPointer
    private let fields: UnsafeMutablePointer<Fields>

    /// The current size in bytes, a multiple of the page size.
    let byteCount: UInt64

    init(_ fields: UnsafeMutablePointer<Fields>) {
        unsafe self.base = fields.pointee.base
        self.byteCount = unsafe fields.pointee.byteCount
        unsafe self.fields = fields
    }

    /// Whether `size` bytes from an effective address on lie in the memory.
    ///
    /// The address is the sum of two 32-bit numbers, or was checked to be no greater than the memory's
    /// size, so that adding the access's size cannot overflow.
    @inline(__always)
    func contains(_ address: UInt64, _ size: Int) -> Bool {
        address &+ UInt64(truncatingIfNeeded: size) <= byteCount
    }

    /// Whether `count` bytes from any address on lie in the memory.
    @inline(__always)
    func contains(_ address: UInt64, count: UInt64) -> Bool {
        count <= byteCount && address <= byteCount &- count
    }

    /// Notes that bytes are about to be written.
    ///
    /// Answers where stores need not be noted from now on; nil when any of the bytes would lie outside the memory.
    func note(_ address: UInt64, count: UInt64) -> StoreWindow? {
        guard contains(address, count: count) else { return nil }
        return unsafe fields.pointee.written.note(address, count: count, of: byteCount)
    }

    /// Notes that bytes are about to be written; false when any would lie outside the memory.
    func permitsWrite(_ address: UInt64, count: UInt64) -> Bool {
        count == 0 ? contains(address, count: 0) : note(address, count: count) != nil
    }

    /// Reads a value whose bytes `contains` has checked.
    @inline(__always)
    func load<T: BitwiseCopyable>(_ address: UInt64, as type: T.Type) -> T {
        unsafe base.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: address), as: type)
    }

    /// Writes a value whose bytes are noted as written.
    @inline(__always)
    func store<T: BitwiseCopyable>(_ value: T, at address: UInt64) {
        unsafe base.storeBytes(
            of: value,
            toByteOffset: Int(truncatingIfNeeded: address),
            as: T.self
        )
    }

    /// Copies bytes in; false, with nothing written, when any would lie outside.
    func write(_ bytes: Span<UInt8>, at address: UInt64) -> Bool {
        guard permitsWrite(address, count: UInt64(bytes.count)) else { return false }
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + Int(address)).copyMemory(from: start, byteCount: source.count)
        }
        return true
    }

    /// The host's view of the memory.
    var guest: GuestMemory { GuestMemory(self) }
}
