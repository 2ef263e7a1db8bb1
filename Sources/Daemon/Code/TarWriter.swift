/// Makes archives in the ustar format, with pax headers for what does not fit into it.
///
/// The same files make the same bytes: no owner, no time and no mode of the host gets in.
package enum TarWriter {
    private static let blockSize = 512

    /// Makes an archive of files by their paths.
    package static func archive(_ files: [(path: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        archive.reserveCapacity(files.reduce(1024) { $0 + $1.bytes.count + 1024 })
        for (path, bytes) in files {
            if path.utf8.count > 100 {
                append("pax", record("path", path), type: UInt8(ascii: "x"), to: &archive)
            }
            append(path, bytes, type: UInt8(ascii: "0"), to: &archive)
        }
        archive += [UInt8](repeating: 0, count: 2 * blockSize)
        return archive
    }

    private static func append(
        _ path: String,
        _ bytes: [UInt8],
        type: UInt8,
        to archive: inout [UInt8]
    ) {
        var header = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: some Sequence<UInt8>, at offset: Int, _ count: Int) {
            for (index, byte) in text.prefix(count).enumerated() { header[offset + index] = byte }
        }
        func put(octal value: Int, at offset: Int, _ count: Int) {
            let digits = String(value, radix: 8)
            let zeros = String(repeating: "0", count: max(0, count - 1 - digits.count))
            put((zeros + digits).utf8, at: offset, count - 1)
        }
        put(path.utf8, at: 0, 100)
        put(octal: 0o644, at: 100, 8)
        put(octal: 0, at: 108, 8)
        put(octal: 0, at: 116, 8)
        put(octal: bytes.count, at: 124, 12)
        put(octal: 0, at: 136, 12)
        header[156] = type
        put("ustar\u{0}00".utf8, at: 257, 8)
        // The sum counts its own field as spaces.
        put("        ".utf8, at: 148, 8)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal: sum, at: 148, 7)
        header[154] = 0
        archive += header
        archive += bytes
        let rest = (blockSize - bytes.count % blockSize) % blockSize
        archive += [UInt8](repeating: 0, count: rest)
    }

    /// A record of an extended header, whose length counts its own digits.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let text = " \(key)=\(value)\n"
        var count = text.utf8.count
        while String(count).utf8.count + text.utf8.count != count {
            count = String(count).utf8.count + text.utf8.count
        }
        return Array("\(count)\(text)".utf8)
    }
}
