/// Reads numbers as the text format writes them. Core specification §6.3.1 and §6.3.2
enum Number {
    /// An unsigned integer of at most 64 bits; nil when the text is none, or too large.
    static func unsigned(_ text: Substring) -> UInt64? {
        let text = text.utf8
        if text.starts(with: "0x".utf8) { return digits(text.dropFirst(2), radix: 16) }
        return digits(text, radix: 10)
    }

    /// Digits with single underscores between them.
    private static func digits(_ text: Substring.UTF8View.SubSequence, radix: UInt64) -> UInt64? {
        var value: UInt64 = 0
        var wasDigit = false
        for byte in text {
            if byte == UInt8(ascii: "_") {
                guard wasDigit else { return nil }
                wasDigit = false
                continue
            }
            guard let digit = Characters.hexadecimal(byte), UInt64(digit) < radix else {
                return nil
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
            wasDigit = true
        }
        return wasDigit ? value : nil
    }

    /// The bits of an integer of `width` bits, signed or not; nil when it is none or out of range.
    static func integer(_ text: Substring, width: Int) -> UInt64? {
        let (isNegative, magnitude) = sign(text)
        guard let value = unsigned(magnitude) else { return nil }
        if isNegative {
            guard value <= 1 << UInt64(width - 1) else { return nil }
            let bits = 0 &- value
            return width == 64 ? bits : bits & (1 << UInt64(width) - 1)
        }
        guard width == 64 || value >> UInt64(width) == 0 else { return nil }
        return value
    }

    private static func sign(_ text: Substring) -> (isNegative: Bool, magnitude: Substring) {
        switch text.utf8.first {
        case UInt8(ascii: "-"): (true, text.dropFirst())
        case UInt8(ascii: "+"): (false, text.dropFirst())
        default: (false, text)
        }
    }

    // MARK: - Floats

    /// The bits of a 32-bit float; nil when the text is none or out of range.
    static func float32(_ text: Substring) -> UInt32? {
        let (isNegative, magnitude) = sign(text)
        let signBit: UInt32 = isNegative ? 1 << 31 : 0
        if magnitude == "inf" { return 0x7F80_0000 | signBit }
        if let payload = nan(magnitude, bits: 23) {
            return payload.map { 0x7F80_0000 | UInt32(truncatingIfNeeded: $0) | signBit }
        }
        guard let digits = normalized(magnitude), let value = Float(digits), value.isFinite else {
            return nil
        }
        return value.bitPattern | signBit
    }

    /// The bits of a 64-bit float; nil when the text is none or out of range.
    static func float64(_ text: Substring) -> UInt64? {
        let (isNegative, magnitude) = sign(text)
        let signBit: UInt64 = isNegative ? 1 << 63 : 0
        if magnitude == "inf" { return 0x7FF0_0000_0000_0000 | signBit }
        if let payload = nan(magnitude, bits: 52) {
            return payload.map { 0x7FF0_0000_0000_0000 | $0 | signBit }
        }
        guard let digits = normalized(magnitude), let value = Double(digits), value.isFinite else {
            return nil
        }
        return value.bitPattern | signBit
    }

    /// The payload of `nan` or `nan:0x…`: nil inside when it is out of range, nil for other texts.
    private static func nan(_ text: Substring, bits: UInt64) -> UInt64?? {
        if text == "nan" { return 1 << (bits - 1) }
        guard text.hasPrefix("nan:0x") else { return nil }
        guard let payload = unsigned(text.dropFirst(4)), payload > 0, payload >> bits == 0 else {
            return .some(nil)
        }
        return payload
    }

    /// A float without underscores, in a form that the standard library reads; nil when malformed.
    private static func normalized(_ text: Substring) -> String? {
        var bytes = Array(text.utf8)
        let isHexadecimal = bytes.starts(with: "0x".utf8)
        if isHexadecimal { bytes.removeFirst(2) }
        var parser = FloatGrammar(bytes: bytes, isHexadecimal: isHexadecimal)
        return parser.parse()
    }
}

/// The grammar of floats: digits, a fraction, an exponent.
private struct FloatGrammar {
    let bytes: [UInt8]
    let isHexadecimal: Bool
    private var position = 0

    init(bytes: [UInt8], isHexadecimal: Bool) {
        self.bytes = bytes
        self.isHexadecimal = isHexadecimal
    }

    /// The number without underscores; nil when it does not follow the grammar.
    mutating func parse() -> String? {
        guard let whole = digits(isHexadecimal), !whole.isEmpty else { return nil }
        var fraction: [UInt8] = []
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard let digits = digits(isHexadecimal) else { return nil }
            fraction = digits
        }
        var exponent = "0"
        let marks: [UInt8] = isHexadecimal ? Array("pP".utf8) : Array("eE".utf8)
        if position < bytes.count, marks.contains(bytes[position]) {
            position += 1
            var sign = ""
            if position < bytes.count, [0x2B, 0x2D].contains(bytes[position]) {
                sign = bytes[position] == 0x2D ? "-" : ""
                position += 1
            }
            guard let digits = digits(false), !digits.isEmpty else { return nil }
            exponent = sign + String(decoding: digits, as: UTF8.self)
        }
        guard position == bytes.count else { return nil }
        let mantissa = String(decoding: whole, as: UTF8.self)
        let rest = fraction.isEmpty ? "0" : String(decoding: fraction, as: UTF8.self)
        let mark = isHexadecimal ? "p" : "e"
        return "\(isHexadecimal ? "0x" : "")\(mantissa).\(rest)\(mark)\(exponent)"
    }

    /// Digits with single underscores between them; empty where there are none, nil when malformed.
    private mutating func digits(_ isHexadecimal: Bool) -> [UInt8]? {
        var digits: [UInt8] = []
        var wasUnderscore = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "_") {
                guard !digits.isEmpty, !wasUnderscore else { return nil }
                wasUnderscore = true
            } else if let value = Characters.hexadecimal(byte), isHexadecimal || value < 10,
                isHexadecimal || (0x30...0x39).contains(byte)
            {
                digits.append(byte)
                wasUnderscore = false
            } else {
                break
            }
            position += 1
        }
        return wasUnderscore ? nil : digits
    }
}
