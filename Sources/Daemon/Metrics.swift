import HTTP
import HTTPServer
import Platform
import Store

/// The daemon's figures in Prometheus's text format, version 0.0.4.
struct Metrics {
    private var text = ""

    /// Writes the figures of the pools and of the log of accesses.
    init(_ report: PoolReport, accessLogDropped: Int) {
        let total = report.total
        let memory: [(String, Int)] = [
            ("module", total.moduleBytes), ("code", total.codeBytes), ("image", total.imageBytes),
            ("private", total.privateBytes),
        ]
        gauge("roost_functions", "Functions that are deployed.", report.functionCount)
        gauge("roost_pool_versions", "Versions in memory.", report.versions.count)
        add("roost_pool_instances", "gauge", "Instances by state.", "state") {
            [("idle", total.idle), ("in_use", total.inUse)]
        }
        gauge("roost_pool_waiting_requests", "Requests that wait for their turn.", total.waiting)
        add(
            "roost_pool_takes_total",
            "counter",
            "Requests by whether an instance was ready.",
            "result"
        ) {
            [("hit", total.hits), ("miss", total.misses)]
        }
        counter("roost_pool_loads_total", "Versions brought into memory.", report.loadCount)
        counter("roost_pool_refills_total", "Instances made ahead of need.", total.refills)
        add("roost_pool_drops_total", "counter", "What was given up, and why.", "what") {
            [
                ("idle_instance", total.idleDrops), ("instance_for_memory", total.evictions),
                ("version_for_memory", report.evictedVersionCount),
            ]
        }
        counter("roost_pool_resets_total", "Instances reset.", total.resets)
        add(
            "roost_pool_reset_seconds_total",
            "counter",
            "Time spent on resets.",
            Double(total.resetNanoseconds) / 1e9
        )
        add("roost_pool_bytes", "gauge", "Memory of functions by kind.", "kind") { memory }
        gauge(
            "roost_pool_resident_bytes",
            "Memory of functions, as accounted.",
            report.residentBytes
        )
        gauge("roost_pool_resident_bytes_max", "The budget for it.", report.residentBytesMax)
        gauge(
            "process_resident_memory_bytes",
            "Resident memory of the process.",
            report.processBytes
        )
        counter(
            "roost_access_log_dropped_total",
            "Requests that are missing in the access log.",
            accessLogDropped
        )
    }

    /// Adds the figures of the servers, and of what was refused.
    mutating func add(
        _ loops: [EventLoop],
        _ platform: Platform,
        controlRefused: Int,
        asyncRefused: Int
    ) {
        let statistics = loops.map(\.statistics)
        func sum(_ path: KeyPath<LoopStatistics, Int>) -> Int {
            statistics.reduce(0) { $0 + $1[keyPath: path] }
        }
        gauge("roost_http_connections", "Connections that are open.", sum(\.connectionCount))
        counter("roost_http_accepted_total", "Connections accepted.", sum(\.acceptedCount))
        counter("roost_http_requests_total", "Requests handed out.", sum(\.requestCount))
        counter(
            "roost_http_refused_total",
            "Messages refused as malformed, too large or too slow.",
            sum(\.refusedCount)
        )
        var hits: [ServerLimit: Int] = [:]
        for loop in loops { hits.merge(loop.limitHits) { $0 + $1 } }
        let refusals = platform.refusals
        add("roost_limit_hits_total", "counter", "How often limits were hit.", "limit") {
            ServerLimit.allCases.map { ($0.rawValue, hits[$0] ?? 0) }
                + [
                    ("function_concurrency", refusals.functionFull),
                    ("platform_invocations", refusals.platformFull),
                    ("control_queue", controlRefused), ("async_waiting", asyncRefused),
                ]
        }
        gauge(
            "roost_invocations",
            "Invocations that run or wait.",
            platform.invocationCount
        )
    }

    /// Adds how often requests were refused for want of credentials.
    mutating func add(_ refusals: [AccessControl.Refusal: Int]) {
        add(
            "roost_access_refusals_total",
            "counter",
            "Requests refused for want of credentials or rights.",
            "reason"
        ) {
            AccessControl.Refusal.allCases.map { ($0.rawValue, refusals[$0] ?? 0) }
        }
    }

    /// Adds what became of the records of invocations.
    mutating func add(_ records: InvocationStore.Statistics) {
        add("roost_records_total", "counter", "Records of calls by what became of them.", "result")
        {
            [
                ("stored", records.stored), ("dropped", records.dropped),
                ("sampled_out", records.sampledOut),
            ]
        }
    }

    /// The answer to `GET /metrics`.
    var response: Response {
        Response(
            status: .ok,
            fields: [
                "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
                "Cache-Control": "no-store",
            ],
            body: Array(text.utf8)
        )
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        add(name, "gauge", help, Double(value))
    }

    private mutating func counter(_ name: String, _ help: String, _ value: Int) {
        add(name, "counter", help, Double(value))
    }

    private mutating func add(_ name: String, _ type: String, _ help: String, _ value: Double) {
        head(name, type, help)
        text += "\(name) \(value)\n"
    }

    private mutating func add(
        _ name: String,
        _ type: String,
        _ help: String,
        _ label: String,
        _ samples: () -> [(String, Int)]
    ) {
        head(name, type, help)
        for (value, sample) in samples() { text += "\(name){\(label)=\"\(value)\"} \(sample)\n" }
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }
}
