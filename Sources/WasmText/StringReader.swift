/// Reads one quoted string of a source. Core specification §6.3.3
struct StringReader {
    private let source: [UInt8]
    private let start: Int
    private(set) var position: Int

    /// Begins at the opening quote.
    init(_ source: [UInt8], at start: Int) {
        self.source = source
        self.start = start
        position = start + 1
    }

    private func error(_ message: String) -> TextError {
        TextError(message, at: position, in: source)
    }

    /// The string's bytes; `position` is after the closing quote then.
    mutating func contents() throws(TextError) -> [UInt8] {
        var contents: [UInt8] = []
        while position < source.count {
            let byte = source[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return contents
            case UInt8(ascii: "\\"):
                try escape(into: &contents)
            case 0x00...0x1F, 0x7F:
                if byte == 0x0A { throw TextError("unclosed string", at: start, in: source) }
                throw error("illegal control character")
            default:
                contents.append(byte)
                position += 1
            }
        }
        throw TextError("unclosed string", at: start, in: source)
    }

    private mutating func escape(into contents: inout [UInt8]) throws(TextError) {
        guard position + 1 < source.count else {
            throw TextError("unclosed string", at: start, in: source)
        }
        let byte = source[position + 1]
        switch byte {
        case UInt8(ascii: "t"): contents.append(0x09)
        case UInt8(ascii: "n"): contents.append(0x0A)
        case UInt8(ascii: "r"): contents.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): contents.append(byte)
        case UInt8(ascii: "u"):
            try unicodeEscape(into: &contents)
            return
        default:
            guard let high = Characters.hexadecimal(byte), position + 2 < source.count,
                let low = Characters.hexadecimal(source[position + 2])
            else { throw error("illegal escape") }
            contents.append(high << 4 | low)
            position += 3
            return
        }
        position += 2
    }

    /// `\u{…}`: a Unicode scalar value in hexadecimal.
    private mutating func unicodeEscape(into contents: inout [UInt8]) throws(TextError) {
        let begin = position
        position += 2
        guard position < source.count, source[position] == UInt8(ascii: "{") else {
            throw error("illegal escape")
        }
        position += 1
        var value: UInt32 = 0
        var digits = 0
        while position < source.count, source[position] != UInt8(ascii: "}") {
            if source[position] == UInt8(ascii: "_"), digits > 0 {
                position += 1
                continue
            }
            guard let digit = Characters.hexadecimal(source[position]), value < 0x11_0000 else {
                throw TextError("illegal escape", at: begin, in: source)
            }
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        guard digits > 0, position < source.count, let scalar = Unicode.Scalar(value) else {
            throw TextError("illegal escape", at: begin, in: source)
        }
        position += 1
        contents.append(contentsOf: String(Character(scalar)).utf8)
    }
}
