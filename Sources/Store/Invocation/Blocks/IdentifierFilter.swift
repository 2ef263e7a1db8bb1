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
