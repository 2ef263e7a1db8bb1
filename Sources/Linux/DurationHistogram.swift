import Synchronization

/// Counts durations in fixed buckets, from a microsecond to a minute.
///
/// Any thread records, without a lock or an allocation: two relaxed additions. Whoever reads meanwhile may find the
/// sum a little ahead of the counts, or behind.
public final class DurationHistogram: Sendable {
    /// The longest durations that belong to each bucket but the last, which has no end, in nanoseconds: 1, 2 and 5 of
    /// each power of ten, up to 60 seconds.
    public static let bounds: [UInt64] =
        [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
        .flatMap { [$0, 2 * $0, 5 * $0] }
        + [10_000_000_000, 20_000_000_000, 60_000_000_000]

    /// Buckets, with the one that has no end.
    private static let bucketCount = 25

    /// The first bucket that a number with so many leading zeros may belong to.
    private static let firstBuckets: [UInt8] = (0...64).map { zeros in
        let least: UInt64 = zeros == 64 ? 0 : 1 << UInt64(63 - zeros)
        return UInt8(bounds.firstIndex { least <= $0 } ?? bounds.count)
    }

    private let counts = InlineArray<25, Atomic<UInt64>> { _ in Atomic(0) }
    private let sum = Atomic<UInt64>(0)

    /// Makes one that has counted nothing.
    public init() {}

    /// Counts a duration in nanoseconds.
    public func record(_ nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    /// The bucket of a duration.
    static func bucket(of nanoseconds: UInt64) -> Int {
        var bucket = Int(firstBuckets[nanoseconds.leadingZeroBitCount])
        while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        return bucket
    }

    /// What was counted at one moment.
    public struct Snapshot: Equatable, Sendable {
        /// For each bucket how many durations belong to it.
        public private(set) var counts: [UInt64]
        /// All durations together, in nanoseconds.
        public private(set) var sumNanoseconds: UInt64 = 0

        /// How many durations there were.
        public var count: UInt64 { counts.reduce(0, +) }

        /// Nothing.
        public init() { counts = Array(repeating: 0, count: bucketCount) }

        init(counts: [UInt64], sumNanoseconds: UInt64) {
            self.counts = counts
            self.sumNanoseconds = sumNanoseconds
        }

        /// Adds what another histogram has counted.
        public static func += (left: inout Snapshot, right: Snapshot) {
            for bucket in left.counts.indices { left.counts[bucket] += right.counts[bucket] }
            left.sumNanoseconds += right.sumNanoseconds
        }
    }

    /// What was counted so far.
    public var snapshot: Snapshot {
        Snapshot(
            counts: (0..<Self.bucketCount).map { counts[$0].load(ordering: .relaxed) },
            sumNanoseconds: sum.load(ordering: .relaxed)
        )
    }
}
