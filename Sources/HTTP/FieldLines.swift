/// A few field lines that are put together on the stack: what a server adds to every response.
///
/// Whoever writes them knows that they are valid (RFC 9110 §5), and that none is one that the encoder writes. There
/// is room for 480 octets in eight lines; more is a fault of the program.
public struct FieldLines: ~Copyable {
    /// Text that is known when the program is made: at most 32 octets.
    public struct Text: Sendable {
        fileprivate var words = InlineArray<4, UInt64>(repeating: 0)
        fileprivate let count: Int
        /// Of a name, which ends at a colon.
        fileprivate let nameCount: Int

        /// Makes a text.
        public init(_ text: String) {
            count = text.utf8.count
            precondition(count <= 32)
            nameCount = text.utf8.prefix { $0 != Octet.colon }.count
            for (index, byte) in text.utf8.enumerated() {
                words[index / 8] |= UInt64(byte) << (8 * (index % 8))
            }
        }
    }

    // Whole words are written: what is beyond `count` means nothing.
    fileprivate var words = InlineArray<64, UInt64>(repeating: 0)
    fileprivate var count = 0
    fileprivate var entries = InlineArray<8, Fields.Entry>(
        repeating: Fields.Entry(nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0)
    )
    fileprivate var entryCount = 0

    /// Makes no lines.
    public init() {}

    /// Begins a line with its name, a colon, a space, and perhaps what its value begins with.
    public mutating func begin(_ name: Text) {
        let nameEnd = UInt32(count + name.nameCount)
        entries[entryCount] = Fields.Entry(
            nameStart: UInt32(count),
            nameEnd: nameEnd,
            valueStart: nameEnd + 2,
            valueEnd: nameEnd + 2
        )
        append(name)
    }

    /// Ends the line.
    public mutating func end() {
        entries[entryCount].valueEnd = UInt32(count)
        entryCount += 1
        append(0x0a0d, count: 2)
    }

    /// Appends a text.
    public mutating func append(_ text: Text) {
        for index in 0..<4 { write(text.words[index], at: count + 8 * index) }
        count += text.count
    }

    /// Appends up to eight octets, the first of them in the lowest byte of `word`.
    public mutating func append(_ word: UInt64, count added: Int) {
        write(word, at: count)
        count += added
    }

    private mutating func write(_ word: UInt64, at offset: Int) {
        var span = words.mutableSpan
        // SAFETY: any octets are a word, and the place is checked.
        var bytes = unsafe span.mutableBytes
        bytes.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
    }

    /// Appends a number in decimal digits.
    public mutating func append(decimal number: UInt64) {
        guard number >= 10 else { return append(0x30 + number, count: 1) }
        let (rest, last) = number.quotientAndRemainder(dividingBy: 100_000_000)
        if rest > 0 { append(decimal: rest) }
        append(digitsOf: last, atLeast: rest > 0 ? 8 : 1)
    }

    /// Appends milliseconds with exactly three digits after the point.
    public mutating func append(millisecondsOf microseconds: UInt64) {
        let (milliseconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        append(decimal: milliseconds)
        let digits = (rest / 100) << 8 | (rest / 10 % 10) << 16 | (rest % 10) << 24
        append(0x3030_302e + digits, count: 4)
    }

    /// Appends a number of at most eight digits, with zeros before it.
    private mutating func append(digitsOf number: UInt64, atLeast countMin: Int) {
        var (digits, count, rest) = (0 as UInt64, 0, number)
        repeat {
            digits = digits << 8 | (0x30 + rest % 10)
            rest /= 10
            count += 1
        } while rest > 0 || count < countMin
        append(digits, count: count)
    }
}

extension Fields {
    /// Appends lines.
    public mutating func append(_ lines: borrowing FieldLines) {
        let start = octets.count
        guard start + lines.count <= Int(UInt32.max) else {
            isValid = false
            return
        }
        octets.append(addingCapacity: lines.count) { $0.append(repeating: 0, count: lines.count) }
        var span = octets.mutableSpan
        // SAFETY: the places are checked.
        var bytes = unsafe span.mutableBytes
        // Spans: an inline array would be copied for each of its elements.
        let words = lines.words.span
        let wordCount = lines.count / 8
        for index in 0..<wordCount {
            bytes.storeBytes(of: words[index], toByteOffset: start + 8 * index, as: UInt64.self)
        }
        for index in 8 * wordCount..<lines.count {
            let word = words[wordCount].littleEndian
            let byte = UInt8(truncatingIfNeeded: word >> (8 * (index % 8)))
            bytes.storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
        }
        let newEntries = lines.entries.span
        for index in 0..<lines.entryCount {
            let entry = newEntries[index].moved(by: start)
            assert(isToken(entry.name) && isValue(entry.value) && !isEncoders(entry))
            entries.append(entry)
        }
    }
}

extension Fields.Entry {
    fileprivate func moved(by distance: Int) -> Self {
        let distance = UInt32(distance)
        return Self(
            nameStart: nameStart + distance,
            nameEnd: nameEnd + distance,
            valueStart: valueStart + distance,
            valueEnd: valueEnd + distance
        )
    }
}
