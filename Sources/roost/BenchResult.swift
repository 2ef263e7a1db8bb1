import Daemon

/// What the daemon measured of a version's starts.
struct BenchResult {
    /// In the order in which they get slower.
    private static let kinds = ["pooled", "fresh", "compiled"]
    /// In the order in which a request goes through them.
    private static let phases = ["start", "guest", "reset", "total"]
    private static let figures = ["p50", "p95", "p99", "p999", "max"]

    private let document: JSONValue

    init(_ document: JSONValue) { self.document = document }

    private func phase(_ kind: String, _ phase: String) -> JSONValue? {
        document["kinds"]?[kind]?["phases"]?[phase]
    }

    private func figure(_ kind: String, _ phase: String, _ name: String) -> Double? {
        self.phase(kind, phase)?[name].flatMap { Double($0.text) }
    }

    /// A line for each kind of start and phase.
    var table: Table {
        var table = Table(
            [("START", .left), ("PHASE", .left)]
                + ["P50", "P95", "P99", "P99.9", "MAX"].map { ($0, .right) }
        )
        for kind in Self.kinds {
            for phase in Self.phases {
                guard let values = self.phase(kind, phase) else { continue }
                table.add([kind, phase] + Self.figures.map { values[$0]?.text ?? "" })
            }
        }
        return table
    }

    /// The same figures of two versions, and how many times as long the second takes.
    func table(comparedTo other: BenchResult, _ first: Int, _ second: Int) -> Table {
        var table = Table(
            [("START", .left), ("PHASE", .left)]
                + [
                    "P50 @\(first)", "P50 @\(second)", "RATIO", "P99 @\(first)", "P99 @\(second)",
                    "RATIO",
                ]
                .map { ($0, .right) }
        )
        for kind in Self.kinds {
            for phase in Self.phases {
                var row = [kind, phase]
                for name in ["p50", "p99"] {
                    guard let old = other.figure(kind, phase, name),
                        let new = figure(kind, phase, name)
                    else { continue }
                    let ratio = old > 0 ? "\((new / old * 100).rounded() / 100)" : ""
                    row += ["\(old)", "\(new)", ratio]
                }
                if row.count == 8 { table.add(row) }
            }
        }
        return table
    }

    /// How the times of one kind of start are spread.
    struct Spread {
        let kind: String
        /// Ranges of times, each twice as wide as the one before: their ends in microseconds, how many starts
        /// took that long, and what part of the most frequent range that is.
        let buckets: [(upTo: Double, count: Int, share: Double)]
    }

    var spreads: [Spread] {
        Self.kinds.compactMap { kind in
            guard case .array(let buckets)? = phase(kind, "start")?["histogram"] else { return nil }
            let counts = buckets.map { Double($0["count"]?.text ?? "") ?? 0 }
            guard let most = counts.max(), most > 0 else { return nil }
            return Spread(
                kind: kind,
                buckets: zip(buckets, counts).map { bucket, count in
                    (Double(bucket["upTo"]?.text ?? "") ?? 0, Int(count), count / most)
                }
            )
        }
    }

    /// The spreads as bars of text.
    var chart: [String] {
        spreads.flatMap { spread in
            ["", "\(spread.kind) starts, by microseconds"]
                + spread.buckets.map { bucket in
                    let bar = String(repeating: "█", count: Int((bucket.share * 50).rounded(.up)))
                    let limit = "≤ \(bucket.upTo)"
                    let blanks = String(repeating: " ", count: max(0, 14 - limit.count))
                    return "\(blanks)\(limit)  \(bar) \(bucket.count)"
                }
        }
    }
}
