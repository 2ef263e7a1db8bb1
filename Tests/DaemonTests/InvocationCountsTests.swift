import Store
import Testing

@testable import Daemon

/// Counts of invocations, and what is read from them.
struct InvocationCountsTests {
    private func counts(
        _ total: [UInt64],
        start: [UInt64] = [],
        failures: Int = 0
    ) -> InvocationCounts {
        var counts = InvocationCounts()
        counts.failures = failures
        counts.durations[.pooled] = .init(start: start, total: total)
        return counts
    }

    @Test func `what was counted between two moments is their difference`() {
        let before = counts([1, 2, 3], start: [6, 0, 0], failures: 1)
        let after = counts([1, 5, 4], start: [9, 1, 0], failures: 3)
        let difference = after.since(before)
        #expect(difference == counts([0, 3, 1], start: [3, 1, 0], failures: 2))
        #expect(after.since(nil) == after)
        #expect(after.since(after) == nil)
        #expect(InvocationCounts().since(nil) == nil)
    }

    @Test func `counts that went back are those of another function of that name`() {
        #expect(counts([1, 1]).since(counts([4, 4])) == counts([1, 1]))
    }

    @Test func `counts add up, kind by kind`() {
        var sum = InvocationCounts()
        sum += counts([1, 2], start: [3, 0], failures: 1)
        var fresh = InvocationCounts()
        fresh.durations[.fresh] = .init(start: [1, 0], total: [0, 1])
        sum += fresh
        sum += counts([1, 0], start: [0, 1])
        #expect(sum.count == 5)
        #expect(sum.count(.pooled) == 4)
        #expect(sum.count(.fresh) == 1)
        #expect(sum.count(.compiled) == 0)
        #expect(sum.total == [2, 3])
        #expect(sum.failures == 1)
    }

    /// The buckets end at 1, 2, 5, 10, … microseconds.
    @Test func `quantiles lie in their buckets`() throws {
        #expect(DurationDistribution(counts: []).quantile(0.5) == nil)
        #expect(DurationDistribution(counts: [0, 0]).quantile(0.5) == nil)
        #expect(DurationDistribution(counts: [4]).quantile(0.5) == 0.5)
        #expect(DurationDistribution(counts: [0, 10]).quantile(0.5) == 1.5)
        #expect(DurationDistribution(counts: [98, 0, 2]).quantile(0.99) == 3.5)
        let last = Array(repeating: UInt64(0), count: 24) + [1]
        #expect(DurationDistribution(counts: last).quantile(0.5) == 60_000_000)
        #expect(DurationDistribution.range(of: 24).upTo == nil)
    }
}
