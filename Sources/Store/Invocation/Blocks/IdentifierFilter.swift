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
