/// Numbers as text, appended to octets.
extension [UInt8] {
    /// Appends a number that is not negative.
    mutating func append(decimal number: Int) {
        if number < 10 { return append(digit: number) }
        var divisor = 10
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            append(digit: rest / divisor)
            rest %= divisor
            divisor /= 10
        }
    }

    /// Appends milliseconds with exactly three digits after the point; a negative duration is none.
    mutating func append(millisecondsOf microseconds: Int) {
        let (milliseconds, rest) = Swift.max(0, microseconds).quotientAndRemainder(
            dividingBy: 1_000
        )
        append(decimal: milliseconds)
        append(UInt8(ascii: "."))
        append(digit: rest / 100)
        append(digit: rest / 10 % 10)
        append(digit: rest % 10)
    }

    private mutating func append(digit: Int) {
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit))
    }
}
