import Linux
import Platform
import Store

/// What is counted by function, and what is kept of it.
extension Metrics {
    /// The name of all functions that have no label of their own; no function can have it.
    private static let others = "_other"

    mutating func addInvocations(_ platform: Platform) {
        let functions = platform.invocationReport.filter { $0.name != nil || !$0.starts.isEmpty }
        text.gauge(
            "roost_invocations_in_progress",
            "Invocations that run or wait.",
            platform.invocationCount
        )
        text.family(
            "roost_invocations_total",
            .counter,
            "Invocations that have ended, by how."
        )
        for function in functions {
            for outcome in InvocationOutcome.allCases {
                guard let count = function.outcomes[outcome] else { continue }
                let labels = MetricsText.Labels(
                    ("function", function.name ?? Self.others),
                    ("outcome", outcome.rawValue)
                )
                text.sample(labels, count)
            }
        }
        add(
            "roost_invocation_duration_seconds",
            "From the request's arrival to the answer's end.",
            functions,
            \.total
        )
        add(
            "roost_invocation_queue_seconds",
            "Waiting for a place and a thread.",
            functions,
            \.queue
        )
        add(
            "roost_invocation_start_seconds",
            "Getting an instance ready.",
            functions,
            \.startTime
        )
        add("roost_invocation_guest_seconds", "Running the guest.", functions, \.guest)
        add(
            "roost_invocation_request_bytes_total",
            "Bodies of requests.",
            functions,
            \.bytesIn
        )
        add(
            "roost_invocation_response_bytes_total",
            "Bodies of answers.",
            functions,
            \.bytesOut
        )
        add(
            "roost_invocation_fuel_total",
            "Instructions that guests have executed.",
            functions,
            \.fuel
        )
    }

    private mutating func add(
        _ name: String,
        _ help: String,
        _ functions: [FunctionReport],
        _ path: KeyPath<FunctionReport.Phases, DurationHistogram.Snapshot>
    ) {
        text.family(name, .histogram, help)
        for function in functions {
            for phases in function.starts where phases[keyPath: path].count > 0 {
                let labels = MetricsText.Labels(
                    ("function", function.name ?? Self.others),
                    ("start", phases.start?.rawValue ?? "none")
                )
                text.histogram(labels, phases[keyPath: path])
            }
        }
    }

    private mutating func add(
        _ name: String,
        _ help: String,
        _ functions: [FunctionReport],
        _ path: KeyPath<FunctionReport, Int64>
    ) {
        text.family(name, .counter, help)
        for function in functions {
            text.sample(
                MetricsText.Labels(("function", function.name ?? Self.others)),
                Double(function[keyPath: path])
            )
        }
    }

    mutating func addLog(_ invocations: InvocationStore) {
        let pipeline = invocations.pipeline
        let records = invocations.statistics()
        text.family("roost_records_total", .counter, "Records of calls by what became of them.")
        for (result, count) in [
            ("stored", records.stored), ("dropped", records.dropped),
            ("sampled_out", records.sampledOut),
        ] {
            text.sample(MetricsText.Labels(("result", result)), count)
        }
        text.gauge(
            "roost_log_ring_records",
            "Records that wait to be stored.",
            pipeline.waiting
        )
        text.gauge(
            "roost_log_ring_capacity_records",
            "Records that there is room for.",
            pipeline.room
        )
        text.family(
            "roost_log_records_dropped_total",
            .counter,
            "Records that are missing, by why."
        )
        text.sample(MetricsText.Labels(("reason", "ring_full")), pipeline.ringDropped)
        text.sample(MetricsText.Labels(("reason", "database")), pipeline.databaseDropped)
        text.family("roost_log_commit_seconds", .histogram, "Storing a batch of records.")
        text.histogram(MetricsText.Labels(), pipeline.commits)
    }

    mutating func addTraces(_ figures: SpanExporter.Figures) {
        text.gauge(
            "roost_trace_waiting_spans",
            "Invocations whose spans wait to be exported.",
            figures.waiting
        )
        text.family(
            "roost_trace_spans_total",
            .counter,
            "Invocations that were traced, by what became of their spans."
        )
        for (result, count) in [
            ("exported", figures.exported), ("queue_full", figures.dropped),
            ("rejected", figures.rejected), ("failed", figures.failed),
        ] {
            text.sample(MetricsText.Labels(("result", result)), count)
        }
    }
}
