/// The texts of a block, each once; numbers stand for them, zero for none.
struct TextTableBuilder {
    private var numbers: [String: Int64] = [:]
    private var ends: [Int] = []
    private var bytes: [UInt8] = []

    var byteCount: Int { bytes.count }

    /// The text of a number; nil for zero.
    subscript(number: Int64) -> String? {
        guard number > 0 else { return nil }
        let index = Int(number) - 1
        let start = index == 0 ? 0 : ends[index - 1]
        return String(decoding: bytes[start..<ends[index]], as: UTF8.self)
    }

    /// The number of a text that may be in the table already.
    mutating func number(of text: String) -> Int64 {
        if let number = numbers[text] { return number }
        let number = append(text)
        numbers[text] = number
        return number
    }

    /// The number of a text that is not expected to come again.
    mutating func append(_ text: String) -> Int64 {
        bytes += text.utf8
        ends.append(bytes.count)
        return Int64(ends.count)
    }

    mutating func removeAll() {
        numbers.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    func pack(into target: inout [UInt8]) {
        target.append(varint: UInt64(ends.count))
        var start = 0
        for end in ends {
            target.append(varint: UInt64(end - start))
            start = end
        }
        target += bytes
    }
}

/// The texts of a packed block.
struct PackedTexts {
    private let bytes: [UInt8]
    private var starts: [Int] = []

    init(_ reader: inout ByteReader) throws(StoreError) {
        let count = try reader.count()
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        for _ in 0..<count { lengths.append(try reader.count()) }
        starts.reserveCapacity(count + 1)
        starts.append(reader.position)
        for length in lengths { starts.append(try reader.skip(length).upperBound) }
        bytes = reader.bytes
    }

    var count: Int { starts.count - 1 }

    /// The text of a number; nil for zero, and for numbers that are not in the table.
    subscript(number: Int64) -> String? {
        guard let index = Int(exactly: number), index > 0, index < starts.count else { return nil }
        return String(decoding: bytes[starts[index - 1]..<starts[index]], as: UTF8.self)
    }
}
