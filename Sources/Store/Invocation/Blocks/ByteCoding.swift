/// Appends integers and texts to bytes.
extension [UInt8] {
    /// Seven bits to a byte, the lowest first.
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// As a varint in which small negative numbers are short too.
    mutating func append(zigzag value: Int64) {
        append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }
}

/// Reads what was appended, and throws where bytes are missing.
struct ByteReader {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remainingCount: Int { bytes.count - position }

    mutating func byte() throws(StoreError) -> UInt8 {
        guard position < bytes.count else { throw .damagedBlock }
        position += 1
        return bytes[position - 1]
    }

    mutating func varint() throws(StoreError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw .damagedBlock
    }

    mutating func zigzag() throws(StoreError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number of things of which each takes a byte or more; `bytesEach` may be zero for others.
    mutating func count(bytesEach: Int = 1, max: Int = .max) throws(StoreError) -> Int {
        guard let count = Int(exactly: try varint()), count <= max,
            count <= remainingCount / Swift.max(1, bytesEach) || bytesEach == 0
        else { throw .damagedBlock }
        return count
    }

    /// Passes over bytes, and returns where they are.
    mutating func skip(_ count: Int) throws(StoreError) -> Range<Int> {
        guard count >= 0, count <= remainingCount else { throw .damagedBlock }
        position += count
        return position - count..<position
    }
}
