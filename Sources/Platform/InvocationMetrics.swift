public import Linux
public import Store
import Synchronization

/// What is counted of invocations, by function.
///
/// Any thread counts, at the cost of a dozen relaxed additions to memory that its lane has nearly to itself: no
/// lock, no allocation but for a function's first invocation in a lane.
final class InvocationMetrics: Sendable {
    private let functionsMax: Int
    private let functions = Mutex<[String: FunctionMetrics]>([:])
    /// For functions that came when there were as many as may be.
    private let others = FunctionMetrics()
    private let laneCount = Atomic(0)

    /// `functionsMax` functions are counted by themselves.
    init(functionsMax: Int) { self.functionsMax = functionsMax }

    /// The shard of the next lane.
    func nextShard() -> Int { laneCount.add(1, ordering: .relaxed).oldValue }

    /// Where invocations of a function are counted from now on.
    func function(_ name: String) -> FunctionMetrics {
        functions.withLock { functions in
            if let known = functions[name] { return known }
            guard functions.count < functionsMax else { return others }
            let metrics = FunctionMetrics()
            functions[name] = metrics
            return metrics
        }
    }

    /// Gives up what was counted of a function that is no more.
    func forget(_ name: String) { _ = functions.withLock { $0.removeValue(forKey: name) } }

    /// What was counted, by name, and of the others.
    ///
    /// Gives up functions that are not deployed: a late invocation may have brought one back.
    func report(isDeployed: (String) -> Bool) -> [FunctionReport] {
        let functions = functions.withLock { functions in
            for name in functions.keys where !isDeployed(name) {
                functions.removeValue(forKey: name)
            }
            return functions
        }
        return functions.sorted { $0.key < $1.key }.map { $1.report(name: $0) }
            + [others.report(name: nil)]
    }
}

/// What is counted of the invocations of one function.
final class FunctionMetrics: Sendable {
    /// Lanes beyond so many share with others.
    private static let shardCount = 16

    /// One recorder for each kind of start and one for invocations that came to none; made when first used.
    private typealias Shard = InlineArray<4, Recorder?>

    private let shards = InlineArray<16, Mutex<Shard>> { _ in Mutex(Shard(repeating: nil)) }

    /// Counts an invocation that is over.
    func count(_ record: borrowing InvocationRecord, _ phases: InvocationReport.Phases, shard: Int)
    {
        let place = Self.index(of: record.start)
        let recorder = shards[shard % Self.shardCount].withLock { shard in
            if let known = shard[place] { return known }
            let made = Recorder()
            shard[place] = made
            return made
        }
        recorder.count(record, phases)
    }

    private static func index(of start: InvocationStart?) -> Int {
        switch start {
        case nil: 0
        case .pooled: 1
        case .fresh: 2
        case .compiled: 3
        }
    }

    /// What was counted; `name` is nil for functions without a label of their own.
    func report(name: String?) -> FunctionReport {
        var report = FunctionReport(name: name)
        for start in [nil] + InvocationStart.allCases {
            var phases = FunctionReport.Phases(start: start)
            for shard in 0..<Self.shardCount {
                let recorder = shards[shard].withLock { $0[Self.index(of: start)] }
                recorder?.add(to: &report, &phases)
            }
            if phases.total.count > 0 { report.starts.append(phases) }
        }
        return report
    }
}

/// The counters of one function, one lane and one kind of start.
private final class Recorder: Sendable {
    private let queue = DurationHistogram()
    private let start = DurationHistogram()
    private let guest = DurationHistogram()
    private let total = DurationHistogram()
    private let outcomes = InlineArray<8, Atomic<Int>> { _ in Atomic(0) }
    private let bytesIn = Atomic<Int64>(0)
    private let bytesOut = Atomic<Int64>(0)
    private let fuel = Atomic<Int64>(0)

    func count(_ record: borrowing InvocationRecord, _ phases: InvocationReport.Phases) {
        queue.record(phases.queue)
        // What has not begun has no duration.
        if record.start != nil {
            start.record(phases.start)
            guest.record(phases.guest)
        }
        total.record(phases.total)
        outcomes[Self.index(of: record.outcome)].add(1, ordering: .relaxed)
        if record.bytesIn > 0 { bytesIn.wrappingAdd(record.bytesIn, ordering: .relaxed) }
        bytesOut.wrappingAdd(record.bytesOut, ordering: .relaxed)
        fuel.wrappingAdd(record.fuel, ordering: .relaxed)
    }

    private static func index(of outcome: InvocationOutcome) -> Int {
        switch outcome {
        case .ok: 0
        case .trap: 1
        case .timeout: 2
        case .fuel: 3
        case .memory: 4
        case .badOutput: 5
        case .canceled: 6
        case .overloaded: 7
        }
    }

    func add(to report: inout FunctionReport, _ phases: inout FunctionReport.Phases) {
        for outcome in InvocationOutcome.allCases {
            let count = outcomes[Self.index(of: outcome)].load(ordering: .relaxed)
            if count > 0 { report.outcomes[outcome, default: 0] += count }
        }
        report.bytesIn += bytesIn.load(ordering: .relaxed)
        report.bytesOut += bytesOut.load(ordering: .relaxed)
        report.fuel += fuel.load(ordering: .relaxed)
        phases.queue += queue.snapshot
        phases.startTime += start.snapshot
        phases.guest += guest.snapshot
        phases.total += total.snapshot
    }
}

/// What was counted of a function's invocations since the daemon's start.
public struct FunctionReport: Sendable {
    /// How long invocations took that began in one way.
    public struct Phases: Sendable {
        /// Where they got their instances; nil for those that came to none.
        public let start: InvocationStart?
        public internal(set) var queue = DurationHistogram.Snapshot()
        public internal(set) var startTime = DurationHistogram.Snapshot()
        public internal(set) var guest = DurationHistogram.Snapshot()
        public internal(set) var total = DurationHistogram.Snapshot()
    }

    /// The function; nil stands for all that have no label of their own.
    public let name: String?
    public internal(set) var outcomes: [InvocationOutcome: Int] = [:]
    /// Octets of requests' and answers' bodies.
    public internal(set) var bytesIn: Int64 = 0
    public internal(set) var bytesOut: Int64 = 0
    /// Instructions.
    public internal(set) var fuel: Int64 = 0
    /// By the kind of start; kinds that did not occur are left out.
    public internal(set) var starts: [Phases] = []
}
