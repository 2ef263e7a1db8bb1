import Gzip
import HTTP
import HTTPServer
import Platform
import Store

/// The daemon's figures as `GET /metrics` gives them.
///
/// `docs/OBSERVABILITY.md` lists all of them; a test compares.
struct Metrics {
    var text = MetricsText()

    /// Reads all figures; takes each of their locks for a moment.
    init(_ parts: FrontHandler.Parts) {
        addBuild()
        addProcess()
        addInvocations(parts.platform)
        addScheduler(parts.platform.schedulerReport)
        addPool(parts.platform.poolReport)
        addServers(parts)
        addLog(parts.api.invocations)
        addDatabases(parts.api.configuration.data)
        text.counter(
            "roost_access_log_dropped_total",
            "Requests that are missing in the access log.",
            parts.accessLog.droppedCount
        )
        addTraces(parts.spans?.figures ?? SpanExporter.Figures())
    }

    /// The answer to `GET /metrics`, packed when the client takes that.
    func response(to head: RequestHead) -> Response {
        var response = Response(
            status: .ok,
            fields: [
                "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
                "Cache-Control": "no-store", "Vary": "Accept-Encoding",
            ],
            body: text.octets
        )
        let acceptsGzip = head.fields.values(of: "accept-encoding").contains { value in
            value.split(separator: ",").contains {
                $0.filter { $0 != " " && $0 != "\t" }.lowercased() == "gzip"
            }
        }
        if acceptsGzip, let encoder = GzipEncoder() {
            response.body = encoder.pack(response.body, isLast: true)
            response.fields.append("Content-Encoding", "gzip")
        }
        return response
    }

    /// Adds families of one kind whose samples differ by one label.
    private mutating func add(
        _ name: String,
        _ kind: MetricsText.Kind,
        _ help: String,
        _ label: StaticString,
        _ samples: [(value: String, figure: Int)]
    ) {
        text.family(name, kind, help)
        for (value, figure) in samples {
            text.sample(MetricsText.Labels((label, value)), figure)
        }
    }

    // MARK: - The machinery

    private mutating func addPool(_ report: PoolReport) {
        let total = report.total
        text.gauge("roost_functions", "Functions that are deployed.", report.functionCount)
        text.gauge(
            "roost_dormant_functions",
            "Functions that nobody calls, and of which nothing is in memory.",
            report.dormantFunctionCount
        )
        text.gauge("roost_pool_versions", "Versions in memory.", report.versions.count)
        add(
            "roost_pool_instances",
            .gauge,
            "Instances by state.",
            "state",
            [("idle", total.idle), ("in_use", total.inUse)]
        )
        text.gauge(
            "roost_pool_waiting_requests",
            "Requests that wait for their turn.",
            total.waiting
        )
        add(
            "roost_pool_takes_total",
            .counter,
            "Requests by whether an instance was ready.",
            "result",
            [("hit", total.hits), ("miss", total.misses)]
        )
        text.counter("roost_pool_loads_total", "Versions brought into memory.", report.loadCount)
        text.counter("roost_pool_refills_total", "Instances made ahead of need.", total.refills)
        add(
            "roost_pool_drops_total",
            .counter,
            "What was given up, and why.",
            "what",
            [
                ("idle_instance", total.idleDrops), ("instance_for_memory", total.evictions),
                ("version_for_memory", report.evictedVersionCount),
            ]
        )
        text.counter("roost_pool_resets_total", "Instances reset.", total.resets)
        text.counter(
            "roost_pool_reset_seconds_total",
            "Time spent on resets.",
            Double(total.resetNanoseconds) / 1e9
        )
        add(
            "roost_pool_bytes",
            .gauge,
            "Memory of functions by kind.",
            "kind",
            [
                ("module", total.moduleBytes), ("code", total.codeBytes),
                ("image", total.imageBytes), ("private", total.privateBytes),
            ]
        )
        text.gauge(
            "roost_pool_resident_bytes",
            "Memory of functions, as accounted.",
            report.residentBytes
        )
        text.gauge(
            "roost_pool_resident_bytes_max",
            "The budget for it.",
            report.residentBytesMax
        )
    }

    private mutating func addScheduler(_ report: SchedulerReport) {
        text.gauge(
            "roost_scheduler_ready_tasks",
            "Invocations that wait for a worker: the length of the run queue.",
            report.readyCount
        )
        text.gauge(
            "roost_scheduler_sleeping_tasks",
            "Invocations that wait for a moment, their client or their turn.",
            report.asleepCount
        )
        text.gauge("roost_scheduler_workers", "Threads that run slices.", report.workerCount)
        text.gauge(
            "roost_scheduler_busy_workers",
            "Workers that run a slice.",
            report.busyWorkerCount
        )
        add(
            "roost_scheduler_slices_total",
            .counter,
            "Slices after the first of an invocation, by who ran them.",
            "thread",
            [("worker", report.workerSliceCount), ("loop", report.loopSliceCount)]
        )
    }

    /// Responses by plane and by the class of their status.
    private mutating func addResponses(_ statistics: [LoopStatistics]) {
        text.family(
            "roost_http_responses_total",
            .counter,
            "Responses begun, by plane and by the class of their status."
        )
        let classes: [(String, KeyPath<ResponseCounts, Int>)] = [
            ("2xx", \.successCount), ("3xx", \.redirectionCount), ("4xx", \.clientErrorCount),
            ("5xx", \.serverErrorCount),
        ]
        for (name, count) in classes {
            let all = statistics.reduce(0) { $0 + $1.responses[keyPath: count] }
            let control = statistics.reduce(0) { $0 + $1.reservedResponses[keyPath: count] }
            text.sample(MetricsText.Labels(("plane", "control"), ("class", name)), control)
            text.sample(MetricsText.Labels(("plane", "data"), ("class", name)), all - control)
        }
    }

    private mutating func addServers(_ parts: FrontHandler.Parts) {
        let loops = parts.lifecycle.loops
        let statistics = loops.map(\.statistics)
        func sum(_ path: KeyPath<LoopStatistics, Int>) -> Int {
            statistics.reduce(0) { $0 + $1[keyPath: path] }
        }
        text.gauge("roost_http_connections", "Connections that are open.", sum(\.connectionCount))
        text.counter("roost_http_accepted_total", "Connections accepted.", sum(\.acceptedCount))
        text.counter("roost_http_requests_total", "Requests handed out.", sum(\.requestCount))
        addResponses(statistics)
        text.counter(
            "roost_http_refused_total",
            "Messages refused as malformed, too large or too slow.",
            sum(\.refusedCount)
        )
        var hits: [ServerLimit: Int] = [:]
        for loop in loops { hits.merge(loop.limitHits) { $0 + $1 } }
        let refusals = parts.platform.refusals
        add(
            "roost_limit_hits_total",
            .counter,
            "How often limits were hit.",
            "limit",
            ServerLimit.allCases.map { ($0.rawValue, hits[$0] ?? 0) }
                + [
                    ("function_concurrency", refusals.functionFull),
                    ("platform_invocations", refusals.platformFull),
                    (
                        "control_queue",
                        parts.executor.refusedCount + parts.recordReaders.refusedCount
                    ),
                    ("async_waiting", parts.api.asyncCalls.refusedCount),
                ]
        )
        let accessRefusals = parts.access.refusals
        add(
            "roost_access_refusals_total",
            .counter,
            "Requests refused for want of credentials or rights.",
            "reason",
            AccessControl.Refusal.allCases.map { ($0.rawValue, accessRefusals[$0] ?? 0) }
        )
    }
}
