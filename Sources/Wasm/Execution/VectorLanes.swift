// Operations on lanes of vectors, written so that they compile to few vector instructions of the
// machine. Core specification §4.3.8

/// The vector with the same bits as another.
@inline(__always)
func bits<Source: BitwiseCopyable, Target: BitwiseCopyable>(
    _ vector: Source,
    as type: Target.Type = Target.self
) -> Target {
    // SAFETY: only used between vectors of 16 bytes, or between their halves.
    unsafe unsafeBitCast(vector, to: type)
}

/// All ones in the lanes where a comparison holds, zero in the others.
@inline(__always)
func lanes<Lanes: SIMD>(_ mask: SIMDMask<Lanes>) -> Lanes
where Lanes.Scalar: FixedWidthInteger & SignedInteger, Lanes.MaskStorage == Lanes {
    Lanes(repeating: 0).replacing(with: Lanes(repeating: -1), where: mask)
}

/// Whether a comparison holds in no lane.
@inline(__always)
func isZero<Lanes: SIMD & BitwiseCopyable>(_ mask: SIMDMask<Lanes>) -> Bool
where Lanes.Scalar: FixedWidthInteger & SignedInteger, Lanes.MaskStorage == Lanes {
    let halves: SIMD2<UInt64> = bits(lanes(mask))
    return halves.x | halves.y == 0
}

// MARK: - Bitmasks

/// The signs of 8 bytes.
@inline(__always)
private func signs8(_ bytes: UInt64) -> UInt64 {
    // Each product's bits for one byte meet in the topmost byte, and no two anywhere.
    ((bytes >> 7 & 0x0101_0101_0101_0101) &* 0x0102_0408_1020_4080) >> 56
}

@inline(__always)
private func signs16(_ lanes: UInt64) -> UInt64 {
    lanes >> 15 & 1 | lanes >> 30 & 2 | lanes >> 45 & 4 | lanes >> 60 & 8
}

@inline(__always)
private func signs32(_ lanes: UInt64) -> UInt64 { lanes >> 31 & 1 | lanes >> 62 & 2 }

@inline(__always)
func bitmask8(_ vector: SIMD2<UInt64>) -> UInt64 { signs8(vector.x) | signs8(vector.y) << 8 }

@inline(__always)
func bitmask16(_ vector: SIMD2<UInt64>) -> UInt64 { signs16(vector.x) | signs16(vector.y) << 4 }

@inline(__always)
func bitmask32(_ vector: SIMD2<UInt64>) -> UInt64 { signs32(vector.x) | signs32(vector.y) << 2 }

@inline(__always)
func bitmask64(_ vector: SIMD2<UInt64>) -> UInt64 { vector.x >> 63 | vector.y >> 62 & 2 }

// MARK: - Replacing a lane

@inline(__always)
func replacing(_ vector: SIMD16<UInt8>, lane: UInt16, with value: UInt8) -> SIMD16<UInt8> {
    let numbers = SIMD16<UInt8>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    let lane = SIMD16(repeating: UInt8(truncatingIfNeeded: lane))
    return vector.replacing(with: SIMD16(repeating: value), where: numbers .== lane)
}

@inline(__always)
func replacing(_ vector: SIMD8<UInt16>, lane: UInt16, with value: UInt16) -> SIMD8<UInt16> {
    let numbers = SIMD8<UInt16>(0, 1, 2, 3, 4, 5, 6, 7)
    let lane = SIMD8(repeating: lane)
    return vector.replacing(with: SIMD8(repeating: value), where: numbers .== lane)
}

@inline(__always)
func replacing(_ vector: SIMD4<UInt32>, lane: UInt16, with value: UInt32) -> SIMD4<UInt32> {
    let numbers = SIMD4<UInt32>(0, 1, 2, 3)
    let lane = SIMD4(repeating: UInt32(lane))
    return vector.replacing(with: SIMD4(repeating: value), where: numbers .== lane)
}

@inline(__always)
func replacing(_ vector: SIMD2<UInt64>, lane: UInt16, with value: UInt64) -> SIMD2<UInt64> {
    lane == 0 ? SIMD2(value, vector.y) : SIMD2(vector.x, value)
}

// MARK: - Shuffles

/// `i8x16.shuffle`: the numbers 16 to 31 name bytes of the second vector.
@inline(__always)
func shuffle(_ frame: Frame, _ pc: CodePointer) -> SIMD2<UInt64> {
    let (first, second) = (pc.b, pc.c)
    var result = SIMD2<UInt64>()
    for half in 0..<2 {
        var bytes: UInt64 = 0
        for index in 0..<8 {
            let number = pc.secondByte(8 * half + index)
            let slot = number < 16 ? first : second
            let lane = UInt16(truncatingIfNeeded: number & 15)
            bytes |= UInt64(frame.lane(slot, lane, as: UInt8.self)) << UInt64(8 * index)
        }
        result[half] = bytes
    }
    return result
}

/// `i8x16.shuffle` when it moves whole 32-bit lanes: the numbers 4 to 7 name those of the second vector.
@inline(__always)
func shuffleWords(_ frame: Frame, _ pc: CodePointer) -> SIMD4<UInt32> {
    func word(_ index: Int) -> UInt32 {
        let number = pc.secondField(index)
        let slot = number < 4 ? pc.b : pc.c
        return frame.lane(slot, UInt16(truncatingIfNeeded: number & 3), as: UInt32.self)
    }
    return SIMD4(word(0), word(1), word(2), word(3))
}

/// `i8x16.swizzle`: bytes of b by the numbers in c; zero for those beyond 15.
@inline(__always)
func swizzle(_ frame: Frame, _ pc: CodePointer) -> SIMD2<UInt64> {
    let numbers = frame[u64x2: pc.c]
    var result = SIMD2<UInt64>()
    for half in 0..<2 {
        var bytes: UInt64 = 0
        for index in 0..<8 {
            let number = UInt16(truncatingIfNeeded: numbers[half] >> UInt64(8 * index) & 0xFF)
            let byte = UInt64(frame.lane(pc.b, number & 15, as: UInt8.self))
            bytes |= (number < 16 ? byte : 0) << UInt64(8 * index)
        }
        result[half] = bytes
    }
    return result
}
