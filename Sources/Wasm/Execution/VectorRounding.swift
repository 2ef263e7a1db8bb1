// Rounding of vectors to integers, without the machine's own instructions for it, which not every
// processor has. Core specification §4.3.3

// MARK: - SIMD4<Float>

/// The magnitudes of some lanes with the signs of others.
@inline(__always)
private func signed(_ magnitudes: SIMD4<Float>, like signs: SIMD4<Float>) -> SIMD4<Float> {
    let sign = SIMD4<UInt32>(repeating: 0x8000_0000)
    let magnitudes = bits(magnitudes, as: SIMD4<UInt32>.self) & ~sign
    return bits(magnitudes | bits(signs, as: SIMD4<UInt32>.self) & sign)
}

/// What is left of lanes that rounding changes: those from 0x1p23 on are integers, infinite or NaN, which
/// the sum makes quiet.
@inline(__always)
private func finish(_ rounded: SIMD4<Float>, _ vector: SIMD4<Float>) -> SIMD4<Float> {
    let magnitudes = signed(vector, like: SIMD4<Float>(repeating: 0))
    return (vector + SIMD4<Float>(repeating: 0)).replacing(
        with: signed(rounded, like: vector),
        where: magnitudes .< SIMD4<Float>(repeating: 0x1p23)
    )
}

/// Rounds lanes below 0x1p23 to nearest, ties to even: the sum with 0x1p23 has no fraction.
@inline(__always)
private func nearest(_ vector: SIMD4<Float>) -> SIMD4<Float> {
    let bias = signed(SIMD4<Float>(repeating: 0x1p23), like: vector)
    return (vector + bias) - bias
}

@inline(__always)
func roundedToNearest(_ vector: SIMD4<Float>) -> SIMD4<Float> { finish(nearest(vector), vector) }

@inline(__always)
func roundedDown(_ vector: SIMD4<Float>) -> SIMD4<Float> {
    let nearest = nearest(vector)
    let below = nearest - SIMD4<Float>(repeating: 1)
    return finish(nearest.replacing(with: below, where: nearest .> vector), vector)
}

@inline(__always)
func roundedUp(_ vector: SIMD4<Float>) -> SIMD4<Float> {
    let nearest = nearest(vector)
    let above = nearest + SIMD4<Float>(repeating: 1)
    return finish(nearest.replacing(with: above, where: nearest .< vector), vector)
}

@inline(__always)
func roundedTowardZero(_ vector: SIMD4<Float>) -> SIMD4<Float> {
    let magnitudes = signed(vector, like: SIMD4<Float>(repeating: 0))
    let nearest = nearest(magnitudes)
    let below = nearest - SIMD4<Float>(repeating: 1)
    return finish(nearest.replacing(with: below, where: nearest .> magnitudes), vector)
}

// MARK: - SIMD2<Double>

/// The magnitudes of some lanes with the signs of others.
@inline(__always)
private func signed(_ magnitudes: SIMD2<Double>, like signs: SIMD2<Double>) -> SIMD2<Double> {
    let sign = SIMD2<UInt64>(repeating: 0x8000_0000_0000_0000)
    let magnitudes = bits(magnitudes, as: SIMD2<UInt64>.self) & ~sign
    return bits(magnitudes | bits(signs, as: SIMD2<UInt64>.self) & sign)
}

/// What is left of lanes that rounding changes: those from 0x1p52 on are integers, infinite or NaN, which
/// the sum makes quiet.
@inline(__always)
private func finish(_ rounded: SIMD2<Double>, _ vector: SIMD2<Double>) -> SIMD2<Double> {
    let magnitudes = signed(vector, like: SIMD2<Double>(repeating: 0))
    return (vector + SIMD2<Double>(repeating: 0)).replacing(
        with: signed(rounded, like: vector),
        where: magnitudes .< SIMD2<Double>(repeating: 0x1p52)
    )
}

/// Rounds lanes below 0x1p52 to nearest, ties to even: the sum with 0x1p52 has no fraction.
@inline(__always)
private func nearest(_ vector: SIMD2<Double>) -> SIMD2<Double> {
    let bias = signed(SIMD2<Double>(repeating: 0x1p52), like: vector)
    return (vector + bias) - bias
}

@inline(__always)
func roundedToNearest(_ vector: SIMD2<Double>) -> SIMD2<Double> { finish(nearest(vector), vector) }

@inline(__always)
func roundedDown(_ vector: SIMD2<Double>) -> SIMD2<Double> {
    let nearest = nearest(vector)
    let below = nearest - SIMD2<Double>(repeating: 1)
    return finish(nearest.replacing(with: below, where: nearest .> vector), vector)
}

@inline(__always)
func roundedUp(_ vector: SIMD2<Double>) -> SIMD2<Double> {
    let nearest = nearest(vector)
    let above = nearest + SIMD2<Double>(repeating: 1)
    return finish(nearest.replacing(with: above, where: nearest .< vector), vector)
}

@inline(__always)
func roundedTowardZero(_ vector: SIMD2<Double>) -> SIMD2<Double> {
    let magnitudes = signed(vector, like: SIMD2<Double>(repeating: 0))
    let nearest = nearest(magnitudes)
    let below = nearest - SIMD2<Double>(repeating: 1)
    return finish(nearest.replacing(with: below, where: nearest .> magnitudes), vector)
}
