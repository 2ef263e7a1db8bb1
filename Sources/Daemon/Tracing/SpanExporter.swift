import Foundation
import Linux
import Platform
import Synchronization

/// Sends spans to a collector (OTLP over HTTP, in JSON) from a thread of its own.
///
/// Who hands a span over never waits: what does not fit in the queue is dropped and counted. A batch is sent again when
/// the collector asks for that or cannot be reached.
final class SpanExporter: SpanSink {
    /// What became of spans; each counts for the invocation that it is of.
    struct Figures: Equatable, Sendable {
        /// Not sent yet.
        var waiting = 0
        /// Taken by the collector.
        var exported = 0
        /// Found no room in the queue.
        var dropped = 0
        /// Sent, and refused by the collector.
        var rejected = 0
        /// Given up after so many attempts, or at the daemon's end.
        var failed = 0
    }

    private struct State {
        var spans: [InvocationSpan] = []
        /// Spans that are being sent.
        var sentCount = 0
        /// What became of the others.
        var figures = Figures()
        /// When the thread has to end, on the monotonic clock; nil: not yet.
        var stopsAt: UInt64?
    }

    private let configuration: TracingConfiguration
    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Starts the thread; `report` is called on it when spans are lost, at most once in ten seconds.
    init(
        _ configuration: TracingConfiguration,
        report: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        let monitor = monitor
        try threads.spawn(name: "traces") {
            var worker = Worker(configuration, monitor, report)
            worker.run()
        }
    }

    deinit { stop() }

    func append(_ span: consuming InvocationSpan) {
        var slot: InvocationSpan? = span
        let mustWake = monitor.withLock { state in
            guard state.spans.count < configuration.queueMax, state.stopsAt == nil,
                let span = slot.take()
            else {
                state.figures.dropped += 1
                return false
            }
            state.spans.append(span)
            // The thread sleeps until there is one, and then until there are many.
            return state.spans.count == 1 || state.spans.count == configuration.batchMax
        }
        if mustWake { monitor.broadcast() }
    }

    /// The figures of this moment.
    var figures: Figures {
        monitor.withLock { state in
            var figures = state.figures
            figures.waiting = state.spans.count + state.sentCount
            return figures
        }
    }

    /// Sends what waits, for as long as `flushMs` allows, and ends the thread.
    ///
    /// What is appended later is dropped.
    func stop() {
        let end = Monotonic.now() &+ UInt64(configuration.flushMilliseconds) &* 1_000_000
        monitor.withLock { state in
            if state.stopsAt == nil { state.stopsAt = end }
        }
        monitor.broadcast()
        threads.joinAll()
    }

    // MARK: - The thread

    private struct Worker {
        let configuration: TracingConfiguration
        let monitor: Monitor<State>
        let report: @Sendable (String) -> Void
        let transport: SpanTransport
        let resource: SpanDocument.Resource
        var reportsFrom: UInt64 = 0

        init(
            _ configuration: TracingConfiguration,
            _ monitor: Monitor<State>,
            _ report: @escaping @Sendable (String) -> Void
        ) {
            self.configuration = configuration
            self.monitor = monitor
            self.report = report
            transport = SpanTransport(configuration)
            let host = try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)
            resource = SpanDocument.Resource(
                instance: UUID().uuidString.lowercased(),
                host: (host ?? "").trimmingCharacters(in: .whitespacesAndNewlines),
                process: Int(ProcessInfo.processInfo.processIdentifier)
            )
        }

        mutating func run() {
            while let batch = next() { deliver(batch) }
            transport.close()
        }

        /// Waits for spans; nil when no more will come.
        private func next() -> [InvocationSpan]? {
            let period = UInt64(configuration.batchMilliseconds) &* 1_000_000
            var due: UInt64?
            return monitor.wait { state in
                let isStopping = state.stopsAt != nil
                guard !state.spans.isEmpty else { return isStopping ? .found(nil) : .nothing }
                let moment = due ?? Monotonic.now() &+ period
                due = moment
                guard
                    isStopping || state.spans.count >= configuration.batchMax
                        || Monotonic.now() >= moment
                else { return .nothingUntil(moment) }
                let batch = Array(state.spans.prefix(configuration.batchMax))
                state.spans.removeFirst(batch.count)
                state.sentCount = batch.count
                return .found(batch)
            }
        }

        /// Sends a batch until it is taken, refused or given up.
        private mutating func deliver(_ batch: [InvocationSpan]) {
            let body = SpanDocument.encode(batch, resource)
            var reason = ""
            for attempt in 1...configuration.attemptsMax {
                switch transport.send(body, until: { stopsAt }) {
                case .taken(let rejected):
                    let rejected = min(max(0, rejected), batch.count)
                    count { figures in
                        figures.exported += batch.count - rejected
                        figures.rejected += rejected
                    }
                    if rejected > 0 { lose("the collector rejected \(rejected) spans") }
                    return
                case .refused(let why):
                    count { $0.rejected += batch.count }
                    return lose(why)
                case .failed(let why, let retryAfter):
                    reason = why
                    let isLast = attempt == configuration.attemptsMax
                    guard !isLast, pause(attempt, retryAfter) else {
                        count { $0.failed += batch.count }
                        return lose("given up after \(attempt) attempts: \(reason)")
                    }
                }
            }
        }

        private var stopsAt: UInt64? { monitor.withLock { $0.stopsAt } }

        /// Waits before the next attempt; false when the daemon stops before that.
        private func pause(_ attempt: Int, _ retryAfter: Double?) -> Bool {
            let longest =
                Double(configuration.retryMilliseconds) / 1_000 * Double(1 << min(attempt - 1, 10))
            let backoff = Double.random(in: longest / 2...longest)
            let seconds = min(max(backoff, retryAfter ?? 0), Self.pauseSecondsMax)
            let moment = Monotonic.now() &+ UInt64(seconds * 1e9)
            return monitor.wait { state in
                if let end = state.stopsAt, moment >= end { return .found(false) }
                return Monotonic.now() >= moment ? .found(true) : .nothingUntil(moment)
            }
        }

        /// The longest time between two attempts, whatever the collector asks for.
        private static let pauseSecondsMax = 300.0

        private func count(_ body: (inout Figures) -> Void) {
            monitor.withLock { state in
                state.sentCount = 0
                body(&state.figures)
            }
        }

        private mutating func lose(_ reason: String) {
            let now = Monotonic.now()
            guard now >= reportsFrom else { return }
            reportsFrom = now &+ 10_000_000_000
            report("spans are lost: \(reason)")
        }
    }
}
