/// The checksum of ISO 3309, as zlib and PNG have it.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { remainder, _ in
            remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xEDB8_8320
        }
    }

    static func checksum(_ bytes: RawSpan) -> UInt32 {
        let table = table
        var remainder = UInt32.max
        for index in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt8.self
            )
            remainder = table[Int((remainder ^ UInt32(byte)) & 0xFF)] ^ remainder >> 8
        }
        return ~remainder
    }
}
