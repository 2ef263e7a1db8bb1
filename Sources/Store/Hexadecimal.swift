/// Bytes and identifiers as lower-case hexadecimal digits.
package enum Hexadecimal {
    /// The halves of a UUID that is written as RFC 9562 does, in lower case; nil for other texts.
    static func uuid(_ text: String) -> (high: UInt64, low: UInt64)? {
        let bytes = text.utf8.span
        let hyphen = UInt8(ascii: "-")
        guard bytes.count == 36, bytes[8] == hyphen, bytes[13] == hyphen, bytes[18] == hyphen,
            bytes[23] == hyphen
        else { return nil }
        var reader = Reader()
        for index in 0..<8 { reader.add(bytes[index]) }
        for index in 9..<13 { reader.add(bytes[index]) }
        for index in 14..<18 { reader.add(bytes[index]) }
        let high = reader.value
        for index in 19..<23 { reader.add(bytes[index]) }
        for index in 24..<36 { reader.add(bytes[index]) }
        return reader.isValid ? (high, reader.value) : nil
    }

    /// A UUID as RFC 9562 §4 writes it, in lower case.
    static func uuid(high: UInt64, low: UInt64) -> String {
        var digits = [36 of UInt8](repeating: UInt8(ascii: "-"))
        write(high >> 32, count: 8, at: 0, &digits)
        write(high >> 16, count: 4, at: 9, &digits)
        write(high, count: 4, at: 14, &digits)
        write(low >> 48, count: 4, at: 19, &digits)
        write(low, count: 12, at: 24, &digits)
        return text(digits.span)
    }

    /// The halves of a number of 32 digits; nil for other texts.
    static func halves(_ text: String) -> (high: UInt64, low: UInt64)? {
        let bytes = text.utf8.span
        guard bytes.count == 32 else { return nil }
        var reader = Reader()
        for index in 0..<16 { reader.add(bytes[index]) }
        let high = reader.value
        for index in 16..<32 { reader.add(bytes[index]) }
        return reader.isValid ? (high, reader.value) : nil
    }

    /// Adds up digits without a branch: what a random digit is, a processor cannot foresee.
    private struct Reader {
        /// The last sixteen digits.
        private(set) var value: UInt64 = 0
        private var faults: UInt8 = 0

        var isValid: Bool { faults == 0 }

        mutating func add(_ byte: UInt8) {
            let isLetter = (byte >> 6) & 1
            let digit = (byte & 0xf) &+ 9 &* isLetter
            value = value << 4 | UInt64(digit)
            // The byte is the digit's, the digit is below 16, and those from 10 on are letters.
            faults |= byte ^ (0x30 &+ digit &+ 39 &* isLetter)
            faults |= digit & 0xf0 | (((digit &+ 6) >> 4) ^ isLetter)
        }
    }

    /// Writes the last `count` of the sixteen digits of a number from an index on.
    package static func write<let size: Int>(
        _ value: UInt64,
        count: Int = 16,
        at start: Int,
        _ digits: inout InlineArray<size, UInt8>
    ) {
        var place = start + count
        var rest = value
        while place > start {
            var word = word(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
            let first = max(start, place - 8)
            while place > first {
                place &-= 1
                digits[place] = UInt8(truncatingIfNeeded: word >> 56)
                word <<= 8
            }
        }
    }

    /// Eight digits at once, the first of them in the lowest byte.
    package static func word(_ value: UInt32) -> UInt64 {
        // Each half byte gets a byte to itself.
        var word = UInt64(value)
        word = (word << 16 | word) & 0x0000_ffff_0000_ffff
        word = (word << 8 | word) & 0x00ff_00ff_00ff_00ff
        word = (word << 4 | word) & 0x0f0f_0f0f_0f0f_0f0f
        // One in each byte that is a letter: nine and six carry over.
        let letters = (word + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (word + 0x3030_3030_3030_3030 + letters * 0x27).byteSwapped
    }

    /// The 32 digits of a number.
    package static func text(high: UInt64, low: UInt64) -> String {
        var digits = [32 of UInt8](repeating: 0)
        write(high, at: 0, &digits)
        write(low, at: 16, &digits)
        return text(digits.span)
    }

    /// Digits as a string.
    package static func text(_ digits: Span<UInt8>) -> String {
        guard let text = try? UTF8Span(validating: digits) else { return "" }
        return String(copying: text)
    }

    /// Any bytes, two digits for each.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = bytes.flatMap { [character(UInt64($0 >> 4)), character(UInt64($0 & 0xf))] }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The bytes of a text of digits, in either case; nil for other texts.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    private static func character(_ digit: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
}
