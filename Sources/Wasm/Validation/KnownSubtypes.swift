/// Pairs of types that are known to match, so that long lists of the same types are not looked up again and
/// again: each look-up may walk a chain of supertypes.
///
/// Bounded: a pair takes the place of another. Belongs to one thread.
final class KnownSubtypes {
    private var pairs: [UInt64] = []
    private static let pairCountMax = 4_096

    /// Whether it is known that a type matches another.
    func holds(_ type: OperandType, _ other: OperandType) -> Bool {
        guard !pairs.isEmpty else { return false }
        let pair = Self.pair(type, other)
        return pairs[Self.place(of: pair)] == pair
    }

    func add(_ type: OperandType, _ other: OperandType) {
        if pairs.isEmpty { pairs = [UInt64](repeating: 0, count: Self.pairCountMax) }
        let pair = Self.pair(type, other)
        pairs[Self.place(of: pair)] = pair
    }

    private static func pair(_ type: OperandType, _ other: OperandType) -> UInt64 {
        UInt64(type.rawValue) << 32 | UInt64(other.rawValue)
    }

    private static func place(of pair: UInt64) -> Int {
        // Fibonacci hashing.
        Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 52)
    }
}
