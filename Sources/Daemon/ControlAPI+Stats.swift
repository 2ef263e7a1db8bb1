import HTTP
import Platform
import Store

/// Figures of the last minutes.
extension ControlAPI {
    /// Answers `GET /v1/stats`: rates, failures, durations and starts of those functions that were called.
    func stats(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("window", "function", "series")
        let step = InvocationHistory.stepSeconds
        let longest = step * InvocationHistory.stepsMax
        let window = try request.integer("window", in: step...longest) ?? longest
        let withSeries = try request.boolean("series") ?? false
        let only = try request.query["function"].map { text in
            try request.caller.require(function: text)
            return try function(name(text)).name
        }
        let (steps, seconds) = invocationHistory.last((window + step - 1) / step)
        var sums: InvocationHistory.Counts = [:]
        var total = InvocationCounts()
        let visible = request.caller.functions
        for counted in steps {
            // Those without a name of their own are of any function.
            for (name, counts) in counted where name.map(visible.cover) ?? visible.coverAll {
                sums[name, default: InvocationCounts()] += counts
                total += counts
            }
        }
        let functions: [JSONValue] = sums.keys.compactMap(\.self).sorted()
            .filter { only == nil || $0 == only }
            .map { name in
                let counts = sums[name] ?? InvocationCounts()
                var members = Self.figures(counts, withPhases: only != nil)
                members["function"] = JSONValue(name)
                if withSeries {
                    let series = steps.map { $0[name] ?? InvocationCounts() }
                    members["series"] = .array(series.map { JSONValue($0.count) })
                    members["errorSeries"] = .array(series.map { JSONValue($0.failures) })
                }
                return .object(members)
            }
        return json(
            [
                "windowSeconds": .number((seconds * 1_000).rounded() / 1_000),
                "stepSeconds": JSONValue(step),
                "total": .object(Self.figures(total, withPhases: true)),
                "functions": .array(functions),
            ],
            fields: ["Cache-Control": "no-store"]
        )
    }

    private static func figures(
        _ counts: InvocationCounts,
        withPhases: Bool
    ) -> [String: JSONValue] {
        let durations = DurationDistribution(counts: counts.total)
        let starts = InvocationStart.allCases.map { ($0.rawValue, JSONValue(counts.count($0))) }
        var members: [String: JSONValue] = [
            "count": JSONValue(counts.count), "errors": JSONValue(counts.failures),
            "p50Us": quantile(durations, 0.5), "p99Us": quantile(durations, 0.99),
            "starts": .object(Dictionary(starts) { $1 }),
        ]
        guard withPhases else { return members }
        var phases: [String: JSONValue] = [:]
        for (start, durations) in counts.durations {
            guard let start else { continue }
            phases[start.rawValue] = [
                "start": document(DurationDistribution(counts: durations.start)),
                "total": document(DurationDistribution(counts: durations.total)),
            ]
        }
        members["phases"] = .object(phases)
        return members
    }

    private static func document(_ distribution: DurationDistribution) -> JSONValue {
        let bins = distribution.counts.enumerated().filter { $1 > 0 }.map { bucket, count in
            let (from, upTo) = DurationDistribution.range(of: bucket)
            let bin: JSONValue = [
                "from": .number(from), "upTo": upTo.map { .number($0) } ?? .null,
                "count": .integer(Int64(clamping: count)),
            ]
            return bin
        }
        return [
            "p50": quantile(distribution, 0.5), "p99": quantile(distribution, 0.99),
            "histogram": .array(bins),
        ]
    }

    /// In microseconds, of which a tenth is more than the buckets can tell.
    private static func quantile(_ distribution: DurationDistribution, _ share: Double) -> JSONValue
    {
        distribution.quantile(share).map { .number(($0 * 10).rounded() / 10) } ?? .null
    }
}
