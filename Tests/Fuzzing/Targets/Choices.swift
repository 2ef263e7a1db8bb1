/// Decisions taken from bytes, the same for the same bytes; all zero once those are used up.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether bytes are left.
    var hasMore: Bool { position < bytes.count }

    mutating func byte() -> UInt8 {
        guard hasMore else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// A number below a count of at most 256.
    mutating func below(_ count: Int) -> Int { Int(byte()) % max(count, 1) }

    mutating func isTrue(oneIn count: Int) -> Bool { hasMore && below(count) == 0 }

    mutating func element<T>(of list: [T]) -> T { list[below(list.count)] }

    /// Eight bytes as a number.
    mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }
}
