extension Frame {
    // A vector lies in two slots, which need not be aligned to 16 bytes.

    @inline(__always)
    private func load<Vector: BitwiseCopyable>(_ slot: UInt16, as type: Vector.Type) -> Vector {
        unsafe UnsafeRawPointer(base + Int(slot)).loadUnaligned(as: type)
    }

    @inline(__always)
    private func store<Vector: BitwiseCopyable>(_ vector: Vector, to slot: UInt16) {
        unsafe UnsafeMutableRawPointer(base + Int(slot)).storeBytes(of: vector, as: Vector.self)
    }

    @inline(__always)
    subscript(i8x16 slot: UInt16) -> SIMD16<Int8> {
        get { load(slot, as: SIMD16<Int8>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(u8x16 slot: UInt16) -> SIMD16<UInt8> {
        get { load(slot, as: SIMD16<UInt8>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(i16x8 slot: UInt16) -> SIMD8<Int16> {
        get { load(slot, as: SIMD8<Int16>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(u16x8 slot: UInt16) -> SIMD8<UInt16> {
        get { load(slot, as: SIMD8<UInt16>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(i32x4 slot: UInt16) -> SIMD4<Int32> {
        get { load(slot, as: SIMD4<Int32>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(u32x4 slot: UInt16) -> SIMD4<UInt32> {
        get { load(slot, as: SIMD4<UInt32>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(i64x2 slot: UInt16) -> SIMD2<Int64> {
        get { load(slot, as: SIMD2<Int64>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(u64x2 slot: UInt16) -> SIMD2<UInt64> {
        get { load(slot, as: SIMD2<UInt64>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(f32x4 slot: UInt16) -> SIMD4<Float> {
        get { load(slot, as: SIMD4<Float>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    @inline(__always)
    subscript(f64x2 slot: UInt16) -> SIMD2<Double> {
        get { load(slot, as: SIMD2<Double>.self) }
        nonmutating set { store(newValue, to: slot) }
    }

    /// A lane of the vector in a slot.
    @inline(__always)
    func lane<Lane: BitwiseCopyable>(_ slot: UInt16, _ lane: UInt16, as type: Lane.Type) -> Lane {
        unsafe UnsafeRawPointer(base + Int(slot)).load(
            fromByteOffset: Int(lane) * MemoryLayout<Lane>.size,
            as: type
        )
    }
}
