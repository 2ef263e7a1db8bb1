import Testing

@testable import Linux

struct DurationHistogramTests {
    @Test func `each duration is in the first bucket whose bound it does not exceed`() {
        let bounds = DurationHistogram.bounds
        #expect(bounds.first == 1_000)
        #expect(bounds.last == 60_000_000_000)
        #expect(bounds == bounds.sorted() && Set(bounds).count == bounds.count)
        var durations: [UInt64] = [0, 1, .max]
        for bound in bounds { durations += [bound - 1, bound, bound + 1] }
        for bit: UInt64 in 0..<64 { durations += [1 << bit, (1 << bit) - 1] }
        for duration in durations {
            let expected = bounds.firstIndex { duration <= $0 } ?? bounds.count
            #expect(DurationHistogram.bucket(of: duration) == expected, "\(duration)")
        }
    }

    @Test func `what several have counted adds up`() {
        let (one, other) = (DurationHistogram(), DurationHistogram())
        one.record(5)
        one.record(70_000_000_000)
        other.record(6)
        var sum = one.snapshot
        sum += other.snapshot
        #expect(sum.count == 3)
        #expect(sum.counts.first == 2 && sum.counts.last == 1)
        #expect(sum.sumNanoseconds == 70_000_000_011)
    }

    @Test func `hammer: no duration is lost between threads`() throws {
        let histogram = DurationHistogram()
        let group = ThreadGroup()
        for thread: UInt64 in 0..<4 {
            try group.spawn(name: "hammer") {
                for round: UInt64 in 0..<20_000 { histogram.record(round * (thread + 1)) }
            }
        }
        group.joinAll()
        #expect(histogram.snapshot.count == 80_000)
        #expect(histogram.snapshot.sumNanoseconds == (0..<20_000).reduce(0, +) * 10)
    }
}

struct ProcessStatusTests {
    @Test func `the kernel knows this process`() {
        let status = ProcessStatus.read()
        #expect(status.processorSeconds > 0)
        #expect(status.startSeconds > 1_000_000_000)
        #expect(status.startSeconds <= Double(Monotonic.realtime()) / 1e9 + 1)
        #expect(status.residentBytes > 1 << 20)
        #expect(status.virtualBytes > status.residentBytes)
        #expect(status.threadCount >= 1)
        #expect(status.descriptorCount >= 3)
        #expect(status.descriptorCountMax >= status.descriptorCount)
    }
}
