// Numeric operators for which Swift has no operator of the same meaning. Core specification §4.3

@inline(__always)
func rotateLeft<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: T) -> T {
    value &<< count | value &>> (0 &- count)
}

@inline(__always)
func rotateRight<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: T) -> T {
    value &>> count | value &<< (0 &- count)
}

/// `fmin`: NaN if either operand is, and -0 is less than +0.
@inline(__always)
func minimum(_ left: Float, _ right: Float) -> Float {
    if left.isNaN || right.isNaN { return left + right }
    if left == right { return Float(bitPattern: left.bitPattern | right.bitPattern) }
    return left < right ? left : right
}

/// `fmin` for 64-bit floats.
@inline(__always)
func minimum(_ left: Double, _ right: Double) -> Double {
    if left.isNaN || right.isNaN { return left + right }
    if left == right { return Double(bitPattern: left.bitPattern | right.bitPattern) }
    return left < right ? left : right
}

/// `fmax`: NaN if either operand is, and +0 is greater than -0.
@inline(__always)
func maximum(_ left: Float, _ right: Float) -> Float {
    if left.isNaN || right.isNaN { return left + right }
    if left == right { return Float(bitPattern: left.bitPattern & right.bitPattern) }
    return left > right ? left : right
}

/// `fmax` for 64-bit floats.
@inline(__always)
func maximum(_ left: Double, _ right: Double) -> Double {
    if left.isNaN || right.isNaN { return left + right }
    if left == right { return Double(bitPattern: left.bitPattern & right.bitPattern) }
    return left > right ? left : right
}

/// `fcopysign`: the magnitude of the first operand with the sign of the second.
@inline(__always)
func copySign(_ magnitude: Float, _ sign: Float) -> Float {
    let bit: UInt32 = 0x8000_0000
    return Float(bitPattern: magnitude.bitPattern & ~bit | sign.bitPattern & bit)
}

/// `fcopysign` for 64-bit floats.
@inline(__always)
func copySign(_ magnitude: Double, _ sign: Double) -> Double {
    let bit: UInt64 = 0x8000_0000_0000_0000
    return Double(bitPattern: magnitude.bitPattern & ~bit | sign.bitPattern & bit)
}
