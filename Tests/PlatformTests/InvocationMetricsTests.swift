import Linux
import Store
import Testing

@testable import Platform

struct InvocationMetricsTests {
    private let phases = InvocationReport.Phases(
        queue: 1_500,
        start: 2_500,
        guest: 4_000,
        total: 9_000
    )

    private func record(
        _ start: InvocationStart?,
        _ outcome: InvocationOutcome = .ok
    ) -> InvocationRecord {
        InvocationRecord(
            id: "a",
            function: "f",
            version: 1,
            startedAt: Timestamp(microseconds: 0),
            outcome: outcome,
            start: start,
            fuel: 100,
            bytesIn: 3,
            bytesOut: 5
        )
    }

    @Test func `invocations are counted by start and outcome, over all lanes`() throws {
        let metrics = InvocationMetrics(functionsMax: 2)
        let function = metrics.function("f")
        for shard in [0, 1, 16, 40] {
            function.count(record(.pooled), phases, shard: shard)
        }
        function.count(record(.compiled, .trap), phases, shard: 0)
        function.count(record(nil, .overloaded), phases, shard: 0)
        let report = try #require(metrics.report { _ in true }.first)
        #expect(report.name == "f")
        #expect(report.outcomes == [.ok: 4, .trap: 1, .overloaded: 1])
        #expect((report.bytesIn, report.bytesOut, report.fuel) == (18, 30, 600))
        #expect(report.starts.map(\.start) == [nil, .pooled, .compiled])
        #expect(report.starts.map(\.total.count) == [1, 4, 1])
        // What came to no instance has no such phases.
        #expect(report.starts.map(\.guest.count) == [0, 4, 1])
        #expect(report.starts[1].queue.sumNanoseconds == 6_000)
    }

    @Test func `functions beyond the limit share a label, until others are gone`() {
        let metrics = InvocationMetrics(functionsMax: 2)
        for name in ["a", "b", "c", "d", "a"] {
            metrics.function(name).count(record(.pooled), phases, shard: 0)
        }
        func counts(_ deployed: Set<String>) -> [String?: Int] {
            Dictionary(
                metrics.report { deployed.contains($0) }.map { ($0.name, $0.outcomes[.ok] ?? 0) }
            ) { $0 + $1 }
        }
        #expect(counts(["a", "b", "c", "d"]) == ["a": 2, "b": 1, nil: 2])
        metrics.forget("a")
        #expect(counts(["b", "c", "d"]) == ["b": 1, nil: 2])
        // A late invocation brings a function back: it goes with the next report.
        _ = metrics.function("a")
        #expect(counts(["b", "c", "d"]) == ["b": 1, nil: 2])
        metrics.function("c").count(record(.fresh), phases, shard: 3)
        #expect(counts(["b", "c", "d"]) == ["b": 1, "c": 1, nil: 2])
    }

    @Test func `hammer: no invocation is lost between threads and lanes`() throws {
        let metrics = InvocationMetrics(functionsMax: 4)
        let group = ThreadGroup()
        let (record, phases) = (record(.pooled), phases)
        for shard in 0..<4 {
            try group.spawn(name: "hammer") {
                for round in 0..<5_000 {
                    metrics.function("f\(round % 8)").count(record, phases, shard: shard)
                }
            }
        }
        group.joinAll()
        let reports = metrics.report { _ in true }
        #expect(reports.count == 5)
        #expect(reports.reduce(0) { $0 + ($1.outcomes[.ok] ?? 0) } == 20_000)
        #expect(reports.flatMap(\.starts).reduce(0) { $0 + $1.total.count } == 20_000)
    }
}
