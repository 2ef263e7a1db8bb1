/// An object of a heap, for the interpreter.
@safe
struct ObjectPointer {
    // SAFETY: the object that a reference of the right type denotes, by validation. Offsets come from
    // the translator, indices have been compared with `count`.
    private let base: UnsafeMutableRawPointer

    init(_ base: UnsafeMutableRawPointer) { unsafe self.base = base }

    /// The number of an array's elements.
    @inline(__always)
    var count: UInt32 {
        unsafe base.load(fromByteOffset: RuntimeType.headerBytes, as: UInt32.self)
    }

    @inline(__always)
    func load<T: BitwiseCopyable>(_ offset: UInt64, as type: T.Type) -> T {
        unsafe base.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: offset), as: type)
    }

    @inline(__always)
    func store<T: BitwiseCopyable>(_ value: T, at offset: UInt64) {
        unsafe base.storeBytes(
            of: value,
            toByteOffset: Int(truncatingIfNeeded: offset),
            as: T.self
        )
    }

    @inline(__always)
    func element<T: BitwiseCopyable>(_ index: UInt32, as type: T.Type) -> T {
        load(Self.offset(index, MemoryLayout<T>.size), as: type)
    }

    @inline(__always)
    func setElement<T: BitwiseCopyable>(_ value: T, at index: UInt32) {
        store(value, at: Self.offset(index, MemoryLayout<T>.size))
    }

    @inline(__always)
    private static func offset(_ index: UInt32, _ size: Int) -> UInt64 {
        UInt64(RuntimeType.elementsOffset) &+ UInt64(index) &* UInt64(size)
    }
}

/// An array object, for operations on many elements.
@safe
struct HeapArray {
    // SAFETY: the reference is to an array of a live heap, by validation; indices are checked with
    // `contains` before they are used.
    private let object: UnsafeMutableRawPointer
    let type: RuntimeType
    let count: UInt32

    /// Nil for null.
    init?(_ reference: UInt64, _ context: ContextPointer) {
        guard reference != 0 else { return nil }
        let offset = Int(truncatingIfNeeded: reference & ~7)
        unsafe object = context.heapBase + offset
        unsafe type = RuntimeType(
            object.load(as: UnsafeMutablePointer<RuntimeType.Fields>.self)
        )
        count = unsafe object.load(fromByteOffset: RuntimeType.headerBytes, as: UInt32.self)
    }

    private var elements: UnsafeMutableRawPointer {
        unsafe object + RuntimeType.elementsOffset
    }

    /// Whether `length` elements from `start` on lie in the array.
    func contains(_ start: UInt32, _ length: UInt32) -> Bool {
        UInt64(start) + UInt64(length) <= UInt64(count)
    }

    /// Sets an element to what a slot of a frame holds.
    func store(_ frame: Frame, _ slot: UInt16, at index: UInt32) {
        let place = unsafe elements + Int(index) * type.elementSize
        let value = frame[i64: slot]
        switch type.elementSize {
        case 1: unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: unsafe place.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 4: unsafe place.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        case 8: unsafe place.storeBytes(of: value, as: UInt64.self)
        default:
            unsafe place.storeBytes(of: value, as: UInt64.self)
            unsafe place.storeBytes(of: frame[i64: slot &+ 1], toByteOffset: 8, as: UInt64.self)
        }
    }

    func storeReference(_ value: UInt64, at index: UInt32) {
        unsafe elements.storeBytes(of: value, toByteOffset: Int(index) * 8, as: UInt64.self)
    }

    /// Copies elements of an array with elements of the same size, as if through a buffer.
    func copy(_ start: UInt32, from source: HeapArray, _ sourceStart: UInt32, count: UInt32) {
        let size = type.elementSize
        unsafe (elements + Int(start) * size).copyMemory(
            from: source.elements + Int(sourceStart) * size,
            byteCount: Int(count) * size
        )
    }

    /// Writes bytes over elements.
    func write(_ bytes: ArraySlice<UInt8>, at index: UInt32) {
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (elements + Int(index) * type.elementSize).copyMemory(
                from: start,
                byteCount: source.count
            )
        }
    }
}
