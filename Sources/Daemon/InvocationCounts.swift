import Linux
import Platform
import Store

/// What was counted of invocations in some span of time.
struct InvocationCounts: Equatable, Sendable {
    /// How long invocations took that started in one way, by the buckets of ``DurationHistogram``.
    struct Durations: Equatable, Sendable {
        var start: [UInt64]
        var total: [UInt64]
    }

    /// Those that the platform had to answer for the function; who went away does not count.
    var failures = 0
    /// By the kind of start; nil stands for invocations that came to no instance.
    var durations: [InvocationStart?: Durations] = [:]

    /// How many invocations there were.
    var count: Int { durations.values.reduce(0) { $0 + Self.sum($1.total) } }

    /// How many started in a way.
    func count(_ start: InvocationStart) -> Int { durations[start].map { Self.sum($0.total) } ?? 0 }

    /// All durations, however the invocations started.
    var total: [UInt64] {
        durations.values.reduce(into: []) { Self.add($1.total, to: &$0) }
    }

    /// What was counted since the daemon's start.
    init(_ report: FunctionReport) {
        failures = report.outcomes.reduce(0) { sum, outcome in
            outcome.key == .ok || outcome.key == .canceled ? sum : sum + outcome.value
        }
        for phases in report.starts {
            durations[phases.start] = Durations(
                start: phases.startTime.counts,
                total: phases.total.counts
            )
        }
    }

    /// Nothing.
    init() {}

    static func += (left: inout InvocationCounts, right: InvocationCounts) {
        left.failures += right.failures
        for (kind, durations) in right.durations {
            add(durations.start, to: &left.durations[kind, default: Durations.none].start)
            add(durations.total, to: &left.durations[kind, default: Durations.none].total)
        }
    }

    /// What was counted after `earlier`; nil when nothing was.
    ///
    /// Counts that have gone back are those of a function that was deleted and made anew.
    func since(_ earlier: InvocationCounts?) -> InvocationCounts? {
        guard let earlier, earlier.count <= count else { return count == 0 ? nil : self }
        guard earlier.count < count else { return nil }
        var difference = InvocationCounts()
        difference.failures = max(0, failures - earlier.failures)
        for (kind, durations) in durations {
            let known = earlier.durations[kind]
            let total = Self.difference(durations.total, known?.total)
            guard total.contains(where: { $0 > 0 }) else { continue }
            difference.durations[kind] = Durations(
                start: Self.difference(durations.start, known?.start),
                total: total
            )
        }
        return difference
    }

    private static func sum(_ counts: [UInt64]) -> Int {
        Int(clamping: counts.reduce(0, &+))
    }

    private static func add(_ counts: [UInt64], to sums: inout [UInt64]) {
        if sums.isEmpty { return sums = counts }
        for index in counts.indices { sums[index] &+= counts[index] }
    }

    private static func difference(_ counts: [UInt64], _ earlier: [UInt64]?) -> [UInt64] {
        guard let earlier else { return counts }
        return zip(counts, earlier).map { $0 > $1 ? $0 - $1 : 0 }
    }
}

extension InvocationCounts.Durations {
    fileprivate static let none = Self(start: [], total: [])
}

/// Durations by the buckets of ``DurationHistogram``, read as a distribution.
struct DurationDistribution {
    let counts: [UInt64]

    /// Where a bucket begins and ends, in microseconds; the last has no end.
    static func range(of bucket: Int) -> (from: Double, upTo: Double?) {
        let bounds = DurationHistogram.bounds
        func microseconds(_ index: Int) -> Double { Double(bounds[index]) / 1_000 }
        return (
            bucket == 0 ? 0 : microseconds(bucket - 1),
            bucket < bounds.count ? microseconds(bucket) : nil
        )
    }

    /// The duration in microseconds that a share of all stays below, as if durations were spread evenly in their
    /// bucket; nil when there are none.
    func quantile(_ share: Double) -> Double? {
        let count = counts.reduce(0, &+)
        guard count > 0 else { return nil }
        let rank = share * Double(count)
        var below = 0.0
        for (bucket, inside) in counts.enumerated() where inside > 0 {
            if below + Double(inside) >= rank {
                let (from, upTo) = Self.range(of: bucket)
                guard let upTo else { return from }
                return from + (upTo - from) * max(0, rank - below) / Double(inside)
            }
            below += Double(inside)
        }
        return nil
    }
}
