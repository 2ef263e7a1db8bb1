/// Writes values in the binary format. Core specification §5.2
struct BinaryWriter {
    var bytes: [UInt8] = []

    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    /// An unsigned integer in LEB128.
    mutating func unsigned(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func u32(_ value: UInt32) { unsigned(UInt64(value)) }

    mutating func count(_ value: Int) { unsigned(UInt64(value)) }

    /// A signed integer in LEB128.
    mutating func signed(_ value: Int64) {
        var value = value
        while true {
            let byte = UInt8(truncatingIfNeeded: value) & 0x7F
            value >>= 7
            if value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0 {
                bytes.append(byte)
                return
            }
            bytes.append(byte | 0x80)
        }
    }

    /// The lowest `count` bytes of a number, little-endian.
    mutating func fixed(_ value: UInt64, count: Int) {
        for index in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }

    /// A length and that many bytes.
    mutating func vector(_ contents: [UInt8]) {
        count(contents.count)
        bytes.append(contentsOf: contents)
    }

    mutating func append(_ contents: [UInt8]) { bytes.append(contentsOf: contents) }
}
