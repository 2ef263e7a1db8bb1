import Foundation
import Linux

/// What the daemon is, and takes of the machine.
extension Metrics {
    mutating func addBuild() {
        text.family("roost_build_info", .gauge, "The program that runs; always 1.")
        text.sample(MetricsText.Labels(("version", ProgramVersion.text)), 1)
    }

    /// By the names that Prometheus's client libraries use.
    mutating func addProcess() {
        let status = ProcessStatus.read()
        text.counter(
            "process_cpu_seconds_total",
            "Processor time of all threads.",
            status.processorSeconds
        )
        text.gauge(
            "process_start_time_seconds",
            "When the process began, in seconds since 1970.",
            status.startSeconds
        )
        text.gauge(
            "process_resident_memory_bytes",
            "Resident memory of the process.",
            status.residentBytes
        )
        text.gauge(
            "process_virtual_memory_bytes",
            "All memory that is mapped, most of it reserved only.",
            status.virtualBytes
        )
        text.gauge("process_threads", "Threads.", status.threadCount)
        text.gauge("process_open_fds", "Open descriptors.", status.descriptorCount)
        text.gauge(
            "process_max_fds",
            "Descriptors that may be open.",
            status.descriptorCountMax
        )
    }

    /// The files of the databases, with what is not merged into them yet.
    mutating func addDatabases(_ folder: String) {
        func byteCount(_ name: String) -> Int {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return (attributes?[.size] as? NSNumber)?.intValue ?? 0
        }
        text.family("roost_database_bytes", .gauge, "Files of the databases, by database.")
        for name in ["control", "log"] {
            text.sample(
                MetricsText.Labels(("database", name)),
                byteCount("\(name).db") + byteCount("\(name).db-wal")
            )
        }
    }
}
