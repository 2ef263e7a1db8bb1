/// Finds percentiles by nearest rank: exact for some ten thousand values, within half a percent beyond.
struct PercentileSample {
    private var values: [Double] = []
    // Beyond `exactMax`: how many values begin with the same bits, by an order-preserving form of them; and the same of
    // whole numbers, which are many, by their place in an array.
    private var buckets: [UInt64: Int] = [:]
    private var integerBuckets: [Int] = []
    private var count = 0
    /// Whether all values were integers.
    private(set) var areIntegers = true

    private static let exactMax = 65_536
    /// Sign, exponent and seven bits of the fraction remain.
    private static let droppedBits: UInt64 = 45
    private static let fractionBits = 7
    private static let integerMax = Double(1 << 62)

    mutating func insert(_ value: Double, isInteger: Bool) {
        count += 1
        if !isInteger { areIntegers = false }
        guard integerBuckets.isEmpty else { return insertRounded(value) }
        values.append(value)
        guard count > Self.exactMax else { return }
        integerBuckets = Array(repeating: 0, count: (63 - Self.fractionBits) << Self.fractionBits)
        for value in values { insertRounded(value) }
        values = []
    }

    private mutating func insertRounded(_ value: Double) {
        if value >= 0, value < Self.integerMax, value.rounded(.towardZero) == value {
            integerBuckets[Self.place(of: Int64(value))] += 1
        } else {
            buckets[Self.bucket(of: value), default: 0] += 1
        }
    }

    /// The least value that so many percent of all do not exceed; nil when there is none.
    func value(at percent: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = min(count, max(1, Int((Double(count) * percent / 100).rounded(.up))))
        guard !integerBuckets.isEmpty else { return values.sorted()[rank - 1] }
        var all = buckets
        for (place, count) in integerBuckets.enumerated() where count > 0 {
            all[Self.bucket(of: Double(Self.least(at: place))), default: 0] += count
        }
        var seen = 0
        for (bucket, count) in all.sorted(by: { $0.key < $1.key }) {
            seen += count
            if seen >= rank { return Self.middle(of: bucket) }
        }
        return nil
    }

    /// Where a whole number is counted: with those that begin with the same eight bits.
    private static func place(of value: Int64) -> Int {
        let exponent = 63 - (value | 1).leadingZeroBitCount
        guard exponent > fractionBits else { return Int(value) }
        return (exponent - fractionBits) << fractionBits + Int(value >> (exponent - fractionBits))
    }

    /// The least of the numbers that are counted at a place.
    private static func least(at place: Int) -> Int64 {
        guard place >= 2 << fractionBits else { return Int64(place) }
        let shift = place >> fractionBits - 1
        return Int64(place - shift << fractionBits) << Int64(shift)
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
