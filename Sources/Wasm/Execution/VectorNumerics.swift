// Numeric operations on vectors that Swift has no operator for. Core specification §4.3.7

// MARK: - Integers

/// How many bits are set in each lane.
@inline(__always)
func bitCounts(_ vector: SIMD16<UInt8>) -> SIMD16<UInt8> {
    func all(_ value: UInt8) -> SIMD16<UInt8> { SIMD16(repeating: value) }
    let pairs = vector &- (vector &>> all(1) & all(0x55))
    let nibbles = (pairs & all(0x33)) &+ (pairs &>> all(2) & all(0x33))
    return (nibbles &+ nibbles &>> all(4)) & all(0x0F)
}

/// The sums of neighbouring lanes, in lanes of twice the width.
@inline(__always)
func pairSums(_ vector: SIMD16<UInt8>) -> SIMD8<UInt16> {
    let pairs: SIMD8<UInt16> = bits(vector)
    return (pairs & SIMD8(repeating: 0xFF)) &+ pairs &>> SIMD8(repeating: 8)
}

@inline(__always)
func pairSums(_ vector: SIMD16<Int8>) -> SIMD8<Int16> {
    let pairs: SIMD8<Int16> = bits(vector)
    let eight = SIMD8<Int16>(repeating: 8)
    return ((pairs &<< eight) &>> eight) &+ (pairs &>> eight)
}

@inline(__always)
func pairSums(_ vector: SIMD8<UInt16>) -> SIMD4<UInt32> {
    let pairs: SIMD4<UInt32> = bits(vector)
    return (pairs & SIMD4(repeating: 0xFFFF)) &+ pairs &>> SIMD4(repeating: 16)
}

@inline(__always)
func pairSums(_ vector: SIMD8<Int16>) -> SIMD4<Int32> {
    let pairs: SIMD4<Int32> = bits(vector)
    let sixteen = SIMD4<Int32>(repeating: 16)
    return ((pairs &<< sixteen) &>> sixteen) &+ (pairs &>> sixteen)
}

/// The sums of the products of neighbouring lanes.
@inline(__always)
func dotProducts(_ left: SIMD8<Int16>, _ right: SIMD8<Int16>) -> SIMD4<Int32> {
    let (x, y): (SIMD4<Int32>, SIMD4<Int32>) = (bits(left), bits(right))
    let sixteen = SIMD4<Int32>(repeating: 16)
    let even = ((x &<< sixteen) &>> sixteen) &* ((y &<< sixteen) &>> sixteen)
    return even &+ (x &>> sixteen) &* (y &>> sixteen)
}

/// The same for bytes, without saturation: only -128 times itself, twice, exceeds a lane.
@inline(__always)
func dotProducts(_ left: SIMD16<Int8>, _ right: SIMD16<Int8>) -> SIMD8<Int16> {
    let (x, y): (SIMD8<Int16>, SIMD8<Int16>) = (bits(left), bits(right))
    let eight = SIMD8<Int16>(repeating: 8)
    let even = ((x &<< eight) &>> eight) &* ((y &<< eight) &>> eight)
    return even &+ (x &>> eight) &* (y &>> eight)
}

/// Products of fixed-point numbers with 15 fractional bits, rounded and saturated.
@inline(__always)
func multiplyQ15(_ left: SIMD8<Int16>, _ right: SIMD8<Int16>) -> SIMD8<Int16> {
    func product(_ x: SIMD4<Int16>, _ y: SIMD4<Int16>) -> SIMD4<Int16> {
        let wide = SIMD4<Int32>(truncatingIfNeeded: x) &* SIMD4<Int32>(truncatingIfNeeded: y)
        let rounded = (wide &+ SIMD4(repeating: 0x4000)) &>> SIMD4(repeating: 15)
        return narrowSigned(rounded)
    }
    return SIMD8(
        lowHalf: product(left.lowHalf, right.lowHalf),
        highHalf: product(left.highHalf, right.highHalf)
    )
}

// MARK: - Narrowing

@inline(__always)
private func clamp(_ vector: SIMD8<Int16>, _ low: Int16, _ high: Int16) -> SIMD8<Int16> {
    let (low, high) = (SIMD8(repeating: low), SIMD8(repeating: high))
    let raised = vector.replacing(with: low, where: vector .< low)
    return raised.replacing(with: high, where: raised .> high)
}

@inline(__always)
private func clamp(_ vector: SIMD4<Int32>, _ low: Int32, _ high: Int32) -> SIMD4<Int32> {
    let (low, high) = (SIMD4(repeating: low), SIMD4(repeating: high))
    let raised = vector.replacing(with: low, where: vector .< low)
    return raised.replacing(with: high, where: raised .> high)
}

@inline(__always)
func narrowSigned(_ vector: SIMD8<Int16>) -> SIMD8<Int8> {
    SIMD8<Int8>(truncatingIfNeeded: clamp(vector, -128, 127))
}

@inline(__always)
func narrowUnsigned(_ vector: SIMD8<Int16>) -> SIMD8<Int8> {
    SIMD8<Int8>(truncatingIfNeeded: clamp(vector, 0, 255))
}

@inline(__always)
func narrowSigned(_ vector: SIMD4<Int32>) -> SIMD4<Int16> {
    SIMD4<Int16>(truncatingIfNeeded: clamp(vector, -32_768, 32_767))
}

@inline(__always)
func narrowUnsigned(_ vector: SIMD4<Int32>) -> SIMD4<Int16> {
    SIMD4<Int16>(truncatingIfNeeded: clamp(vector, 0, 65_535))
}

// MARK: - Minimum and maximum

/// `fmin` in each lane: NaN if either operand is, and -0 is less than +0.
@inline(__always)
func minimum(_ left: SIMD4<Float>, _ right: SIMD4<Float>) -> SIMD4<Float> {
    let equal: SIMD4<Float> = bits(
        bits(left, as: SIMD4<UInt32>.self) | bits(right, as: SIMD4<UInt32>.self)
    )
    return (left + right).replacing(with: equal, where: left .== right)
        .replacing(with: left, where: left .< right)
        .replacing(with: right, where: right .< left)
}

@inline(__always)
func minimum(_ left: SIMD2<Double>, _ right: SIMD2<Double>) -> SIMD2<Double> {
    let equal: SIMD2<Double> = bits(
        bits(left, as: SIMD2<UInt64>.self) | bits(right, as: SIMD2<UInt64>.self)
    )
    return (left + right).replacing(with: equal, where: left .== right)
        .replacing(with: left, where: left .< right)
        .replacing(with: right, where: right .< left)
}

/// `fmax` in each lane: NaN if either operand is, and +0 is greater than -0.
@inline(__always)
func maximum(_ left: SIMD4<Float>, _ right: SIMD4<Float>) -> SIMD4<Float> {
    let equal: SIMD4<Float> = bits(
        bits(left, as: SIMD4<UInt32>.self) & bits(right, as: SIMD4<UInt32>.self)
    )
    return (left + right).replacing(with: equal, where: left .== right)
        .replacing(with: right, where: left .< right)
        .replacing(with: left, where: right .< left)
}

@inline(__always)
func maximum(_ left: SIMD2<Double>, _ right: SIMD2<Double>) -> SIMD2<Double> {
    let equal: SIMD2<Double> = bits(
        bits(left, as: SIMD2<UInt64>.self) & bits(right, as: SIMD2<UInt64>.self)
    )
    return (left + right).replacing(with: equal, where: left .== right)
        .replacing(with: right, where: left .< right)
        .replacing(with: left, where: right .< left)
}

// MARK: - Conversions

/// Conversion to an integer, with NaN to zero and the rest saturated.
@inline(__always)
func truncatedSigned(_ value: Float) -> Int32 {
    if value >= -2_147_483_648, value < 2_147_483_648 { return Int32(value) }
    return value.isNaN ? 0 : value < 0 ? .min : .max
}

@inline(__always)
func truncatedSigned(_ value: Double) -> Int32 {
    if value > -2_147_483_649, value < 2_147_483_648 { return Int32(value) }
    return value.isNaN ? 0 : value < 0 ? .min : .max
}

@inline(__always)
func truncatedUnsigned(_ value: Float) -> UInt32 {
    if value > -1, value < 4_294_967_296 { return UInt32(value) }
    return value > 0 ? .max : 0
}

@inline(__always)
func truncatedUnsigned(_ value: Double) -> UInt32 {
    if value > -1, value < 4_294_967_296 { return UInt32(value) }
    return value > 0 ? .max : 0
}
