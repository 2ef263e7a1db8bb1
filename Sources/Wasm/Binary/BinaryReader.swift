/// Reads the primitive values of the binary format from a range of a module's bytes.
/// Core specification §5.2
///
/// Every error is ``ModuleError/Kind/malformed`` and carries the offset at which the value began.
struct BinaryReader {
    let bytes: [UInt8]

    /// The offset of the next byte.
    private(set) var position: Int

    /// The offset at which this reader stops, exclusive.
    let end: Int

    /// Reads `range`, clamped to the bytes there are.
    init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        self.position = min(max(range.lowerBound, 0), bytes.count)
        self.end = min(max(range.upperBound, self.position), bytes.count)
    }

    var isAtEnd: Bool { position >= end }

    var remaining: Int { end - position }

    @inline(__always)
    mutating func byte() throws(ModuleError) -> UInt8 {
        guard position < end else { throw unexpectedEnd(at: position) }
        let byte = bytes[position]
        position += 1
        return byte
    }

    /// Looks at the next byte without consuming it; nil at the end.
    func peek() -> UInt8? { position < end ? bytes[position] : nil }

    /// Skips `count` bytes and returns their range.
    mutating func skip(_ count: Int) throws(ModuleError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw unexpectedEnd(at: position) }
        let range = position..<(position + count)
        position += count
        return range
    }

    /// An unsigned 32-bit integer in LEB128.
    @inline(__always)
    mutating func u32() throws(ModuleError) -> UInt32 {
        if position < end, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt32(bytes[position])
        }
        return UInt32(truncatingIfNeeded: try unsigned(bits: 32))
    }

    /// An unsigned 64-bit integer in LEB128.
    mutating func u64() throws(ModuleError) -> UInt64 { try unsigned(bits: 64) }

    /// A signed 32-bit integer in LEB128.
    mutating func s32() throws(ModuleError) -> Int32 {
        Int32(truncatingIfNeeded: try signed(bits: 32))
    }

    /// A signed 33-bit integer in LEB128: a block type.
    mutating func s33() throws(ModuleError) -> Int64 { try signed(bits: 33) }

    /// A signed 64-bit integer in LEB128.
    mutating func s64() throws(ModuleError) -> Int64 { try signed(bits: 64) }

    /// Four bytes, little-endian: the bits of an `f32`.
    mutating func fixed32() throws(ModuleError) -> UInt32 {
        var value: UInt32 = 0
        for index in try skip(4).enumerated() {
            value |= UInt32(bytes[index.element]) << UInt32(8 * index.offset)
        }
        return value
    }

    /// Eight bytes, little-endian: the bits of an `f64`.
    mutating func fixed64() throws(ModuleError) -> UInt64 {
        var value: UInt64 = 0
        for index in try skip(8).enumerated() {
            value |= UInt64(bytes[index.element]) << UInt64(8 * index.offset)
        }
        return value
    }

    // MARK: - LEB128, §5.2.2

    private mutating func unsigned(bits: Int) throws(ModuleError) -> UInt64 {
        let start = position
        var result: UInt64 = 0
        var shift = 0
        while true {
            let byte = try byte()
            let payload = UInt64(byte & 0x7F)
            let room = bits - shift
            if room < 7, payload >> UInt64(max(room, 0)) != 0 || room <= 0 {
                throw tooLong(byte, at: start)
            }
            result |= payload << UInt64(shift)
            if byte & 0x80 == 0 { return result }
            shift += 7
            if shift >= bits {
                throw ModuleError(.malformed, "integer representation too long", at: start)
            }
        }
    }

    private mutating func signed(bits: Int) throws(ModuleError) -> Int64 {
        let start = position
        var result: Int64 = 0
        var shift = 0
        while true {
            let byte = try byte()
            let room = bits - shift
            if room < 7 {
                // The bits beyond the integer must all repeat its sign bit.
                let signAndUnused = (Int8(bitPattern: byte) << 1) >> Int8(room)
                guard signAndUnused == 0 || signAndUnused == -1 else {
                    throw tooLong(byte, at: start)
                }
            }
            result |= Int64(byte & 0x7F) << Int64(shift)
            shift += 7
            if byte & 0x80 == 0 {
                if shift < 64, byte & 0x40 != 0 { result |= -1 << Int64(shift) }
                return result
            }
            if shift >= bits {
                throw ModuleError(.malformed, "integer representation too long", at: start)
            }
        }
    }

    private func tooLong(_ byte: UInt8, at start: Int) -> ModuleError {
        let message = byte & 0x80 == 0 ? "integer too large" : "integer representation too long"
        return ModuleError(.malformed, message, at: start)
    }

    private func unexpectedEnd(at offset: Int) -> ModuleError {
        ModuleError(.malformed, "unexpected end", at: offset)
    }
}
