/// Numbers as text, appended to octets.
extension [UInt8] {
    /// Appends a number that is not negative.
    mutating func append(decimal number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        append(digitsOf: number, from: divisor)
    }

    /// Appends milliseconds with exactly three digits after the point; a negative duration is none.
    mutating func append(millisecondsOf microseconds: Int) {
        let microseconds = Swift.max(0, microseconds)
        append(decimal: microseconds / 1_000)
        append(UInt8(ascii: "."))
        append(digitsOf: microseconds % 1_000, from: 100)
    }

    private mutating func append(digitsOf number: Int, from divisor: Int) {
        var divisor = divisor
        var rest = number
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
