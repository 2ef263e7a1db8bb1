/// The host's view of a guest's linear memory during one host call.
///
/// Every access is checked against the memory's current size; out of bounds is an answer (nil or
/// false), never a trap of the host. The view is valid only until the host call returns, and is
/// confined to the thread that runs the guest.
///
/// The generic accessors are inlinable: called unspecialised from another module, each would cost
/// more than many a host function.
@safe
public struct GuestMemory {
    // SAFETY: `base` points at the start of a live memory of `byteCount` bytes: the instance is
    // kept alive by the execution that runs it, and a memory never moves.
    @usableFromInline let base: UnsafeMutableRawPointer
    private let memory: LinearMemory

    /// The memory's size in bytes.
    public let byteCount: Int

    init(_ memory: LinearMemory) {
        unsafe self.base = memory.base
        self.byteCount = Int(memory.byteCount)
        self.memory = memory
    }

    /// Whether `count` bytes lie within the memory from `address` on.
    @inlinable
    public func contains(_ address: UInt32, count: Int) -> Bool {
        count >= 0 && count <= byteCount && Int(address) <= byteCount - count
    }

    /// The same for bytes that are about to be written, which is noted.
    @usableFromInline
    func permitsWrite(_ address: UInt32, count: Int) -> Bool {
        count >= 0 && memory.permitsWrite(UInt64(address), count: UInt64(count))
    }

    /// Reads a little-endian integer; nil when it lies outside the memory.
    @inlinable
    public func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ address: UInt32,
        as type: T.Type = T.self
    ) -> T? {
        guard contains(address, count: MemoryLayout<T>.size) else { return nil }
        let source = unsafe base + Int(address)
        return T(littleEndian: unsafe source.loadUnaligned(as: T.self))
    }

    /// Writes a little-endian integer; false, with nothing written, when it lies outside.
    @inlinable
    public func store<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T,
        at address: UInt32
    ) -> Bool {
        guard permitsWrite(address, count: MemoryLayout<T>.size) else { return false }
        unsafe (base + Int(address)).storeBytes(of: value.littleEndian, as: T.self)
        return true
    }

    /// Copies bytes out; nil when any lies outside the memory.
    public func bytes(at address: UInt32, count: UInt32) -> [UInt8]? {
        guard contains(address, count: Int(count)) else { return nil }
        let source = unsafe UnsafeRawBufferPointer(start: base + Int(address), count: Int(count))
        return unsafe [UInt8](source)
    }

    /// Lends bytes of the guest; nil when any lies outside the memory.
    @inlinable
    public func withBytes<R>(
        at address: UInt32,
        count: UInt32,
        _ body: (RawSpan) -> R
    ) -> R? {
        guard contains(address, count: Int(count)) else { return nil }
        let buffer = unsafe UnsafeRawBufferPointer(start: base + Int(address), count: Int(count))
        return unsafe body(RawSpan(_unsafeBytes: buffer))
    }

    /// Appends bytes of the guest to an array; false, with nothing appended, when any lies outside.
    public func append(at address: UInt32, count: UInt32, to array: inout [UInt8]) -> Bool {
        guard contains(address, count: Int(count)) else { return false }
        let source = unsafe UnsafeRawBufferPointer(start: base + Int(address), count: Int(count))
        unsafe array.append(contentsOf: source)
        return true
    }

    /// Copies host bytes in; false, with nothing written, when any would lie outside.
    public func write(_ bytes: Span<UInt8>, at address: UInt32) -> Bool {
        guard permitsWrite(address, count: bytes.count) else { return false }
        guard bytes.count > 0 else { return true }
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: base + Int(address), count: source.count)
                .copyMemory(from: source)
        }
        return true
    }

    /// Copies host bytes in; false, with nothing written, when any would lie outside.
    public func write(_ bytes: [UInt8], at address: UInt32) -> Bool {
        write(bytes.span, at: address)
    }

    /// Lends writable bytes of the guest; nil when any lies outside the memory.
    @inlinable
    public func withMutableBytes<R>(
        at address: UInt32,
        count: UInt32,
        _ body: (inout MutableRawSpan) -> R
    ) -> R? {
        guard permitsWrite(address, count: Int(count)) else { return nil }
        let start = unsafe base + Int(address)
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: start, count: Int(count))
        var span = unsafe MutableRawSpan(_unsafeBytes: buffer)
        return body(&span)
    }
}
