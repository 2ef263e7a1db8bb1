/// Finds percentiles by nearest rank: exact for some ten thousand values, within half a percent beyond.
struct PercentileSample {
    private var values: [Double] = []
    // Beyond `exactMax`: how many values begin with the same bits, by an order-preserving form of them.
    private var buckets: [UInt64: Int] = [:]
    private var count = 0
    /// Whether all values were integers.
    private(set) var areIntegers = true

    private static let exactMax = 65_536
    /// Sign, exponent and seven bits of the fraction remain.
    private static let droppedBits: UInt64 = 45

    mutating func insert(_ value: Double, isInteger: Bool) {
        count += 1
        if !isInteger { areIntegers = false }
        guard buckets.isEmpty else { return buckets[Self.bucket(of: value), default: 0] += 1 }
        values.append(value)
        guard count > Self.exactMax else { return }
        for value in values { buckets[Self.bucket(of: value), default: 0] += 1 }
        values = []
    }

    /// The least value that so many percent of all do not exceed; nil when there is none.
    func value(at percent: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = min(count, max(1, Int((Double(count) * percent / 100).rounded(.up))))
        guard !buckets.isEmpty else { return values.sorted()[rank - 1] }
        var seen = 0
        for (bucket, count) in buckets.sorted(by: { $0.key < $1.key }) {
            seen += count
            if seen >= rank { return Self.middle(of: bucket) }
        }
        return nil
    }

    private static func bucket(of value: Double) -> UInt64 {
        let bits = value.bitPattern
        return (bits >> 63 == 0 ? bits | 1 << 63 : ~bits) >> droppedBits
    }

    private static func middle(of bucket: UInt64) -> Double {
        let bits = bucket << droppedBits | 1 << (droppedBits - 1)
        return Double(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
    }
}
