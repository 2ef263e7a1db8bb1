/// Reads the encodings of DWARF from a range of a module's bytes. DWARF 5 §7
///
/// Debug information is not validated and may be anything: a read past the end answers nil, and
/// values too large for their type are cut.
struct DebugReader {
    private let bytes: [UInt8]
    private(set) var position: Int
    let end: Int

    /// Reads a range, which lies within the bytes.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    var remaining: Int { end - position }

    /// The next `count` bytes as a reader of their own.
    mutating func sub(_ count: UInt64) -> DebugReader? {
        guard let count = Int(exactly: count), count <= remaining else { return nil }
        defer { position += count }
        return DebugReader(bytes, position..<position + count)
    }

    mutating func skip(_ count: UInt64) -> Bool { sub(count) != nil }

    mutating func byte() -> UInt8? {
        guard position < end else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// A little-endian integer.
    mutating func integer(_ byteCount: Int) -> UInt64? {
        guard byteCount <= remaining else { return nil }
        var value: UInt64 = 0
        for index in 0..<byteCount {
            value |= UInt64(bytes[position + index]) << UInt64(8 * index)
        }
        position += byteCount
        return value
    }

    mutating func unsignedLEB() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = byte() {
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            shift += 7
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func signedLEB() -> Int64? {
        var value: Int64 = 0
        var shift: Int64 = 0
        while let byte = byte() {
            if shift < 64 { value |= Int64(byte & 0x7F) << shift }
            shift += 7
            if byte & 0x80 == 0 {
                return shift < 64 && byte & 0x40 != 0 ? value | (-1 << shift) : value
            }
        }
        return nil
    }

    /// Bytes up to a zero, which is left behind.
    mutating func string() -> Range<Int>? {
        let start = position
        while let byte = byte() {
            if byte == 0 { return start..<position - 1 }
        }
        return nil
    }
}
