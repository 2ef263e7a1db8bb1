/// Says of most identifiers that are not in a block that they are not (a Bloom filter): ten bits
/// for each record, of which four are set; one in a hundred foreign identifiers passes.
struct IdentifierFilter {
    private(set) var bytes: [UInt8]

    private static let bitsEach = 10
    private static let probeCount: UInt64 = 4

    /// An empty filter for so many identifiers.
    init(count: Int) {
        bytes = Array(repeating: 0, count: max(1, (count * Self.bitsEach + 7) / 8))
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func insert(_ identifier: RecordIdentifier) {
        let hash = identifier.hash
        for probe in 0..<Self.probeCount {
            let bit = bit(probe, hash)
            bytes[bit / 8] |= 1 << UInt8(bit % 8)
        }
    }

    func mayContain(_ identifier: RecordIdentifier) -> Bool {
        guard !bytes.isEmpty else { return false }
        let hash = identifier.hash
        return (0..<Self.probeCount).allSatisfy { probe in
            let bit = bit(probe, hash)
            return bytes[bit / 8] & 1 << UInt8(bit % 8) != 0
        }
    }

    private func bit(_ probe: UInt64, _ hash: UInt64) -> Int {
        let mixed = UInt32(truncatingIfNeeded: (hash >> 32) &+ probe &* (hash | 1))
        return Int((UInt64(mixed) * UInt64(bytes.count * 8)) >> 32)
    }
}

/// A record's identifier: a UUID in its usual form as two numbers, anything else as its text.
enum RecordIdentifier {
    case uuid(high: UInt64, low: UInt64)
    case text(String)

    init(_ text: String) {
        if let (high, low) = Hexadecimal.uuid(text) {
            self = .uuid(high: high, low: low)
        } else {
            self = .text(text)
        }
    }

    /// The same in every process.
    var hash: UInt64 {
        switch self {
        case .uuid(let high, let low):
            return Self.mix(high ^ Self.mix(low))
        case .text(let text):
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return Self.mix(hash)
        }
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ value >> 32) &* 0xd6e8_feb8_6659_fd93
        return product ^ product >> 32
    }
}

/// Identifiers as text: lower-case hexadecimal digits.
enum Hexadecimal {
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

    /// The 32 digits of a number.
    static func text(high: UInt64, low: UInt64) -> String {
        let digits = [high, low].flatMap { half in
            (0..<16).map { character(half >> UInt64(60 - $0 * 4) & 0xf) }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Any bytes, two digits for each.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = bytes.flatMap { [character(UInt64($0 >> 4)), character(UInt64($0 & 0xf))] }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func character(_ digit: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
}
