import HTTP
import Histogram
import Linux
import Store
import WASI
import Wasm

/// Starts a version many times in each way there is, and measures the phases.
///
/// Blocks, runs the guest to its end on the calling thread, and touches neither the pool nor the
/// limits of the requests that the version serves at the same time.
public struct Bench {
    /// The times of one phase of one kind of start, in microseconds.
    public struct Distribution: Equatable, Sendable {
        public let p50: Double
        public let p95: Double
        public let p99: Double
        public let p999: Double
        public let max: Double
        /// From short to long; empty ranges are left out.
        public let histogram: [Bucket]
    }

    /// A range of times, each twice as wide as the one before: the first ends at an eighth of a
    /// microsecond.
    public struct Bucket: Equatable, Sendable {
        /// The longest time that belongs to it, in microseconds.
        public let upTo: Double
        /// How many runs took that long, and longer than the range before.
        public internal(set) var count: Int
    }

    /// What was measured of one kind of start.
    public struct KindResult: Sendable {
        public let kind: StartKind
        public let count: Int
        /// By phase: `start`, `guest`, `reset`, `total`.
        public let phases: [String: Distribution]
        /// How many runs did not end as they should.
        public let failureCount: Int
        /// Instructions of the last run.
        public let fuel: UInt64
    }

    /// The most starts of the slow kind: each reads and decodes the whole module, or loads the script.
    public static let compiledCountMax = 20
    /// The most starts of any kind.
    public static let countMax = 100_000

    private let version: FunctionVersion
    private let images: VersionImages
    private let secrets: [Secret]
    private let loaded: LoadedVersion
    private let stack: ValueStack
    private let environment: FixedEnvironment

    /// Gets ready to measure a version that has these secrets.
    public init(
        _ version: FunctionVersion,
        of platform: Platform,
        secrets: [Secret]
    ) throws(VersionError) {
        self.version = version
        self.secrets = secrets
        images = platform.images
        environment = FixedEnvironment(of: version, secrets: secrets, serverSoftware: "")
        let image = try images.makeImage(of: version, secrets: secrets)
        // Its instances come in addition to those that serve, and not for long.
        let account = MemoryAccount(byteCountMax: .max)
        loaded = try LoadedVersion(image, configuration: version.configuration, account: account)
        do throws(SystemError) {
            stack = try ValueStack(byteCount: VersionImage.stackBytes)
        } catch {
            throw .host(error)
        }
    }

    /// Measures all kinds, until a moment of `Monotonic.now()` at the latest.
    ///
    /// `progress` hears a few times a second which kind is measured, and how many of its starts are done.
    public func run(
        count: Int,
        deadline: UInt64,
        progress: (_ kind: StartKind, _ done: Int, _ count: Int) -> Void = { _, _, _ in }
    ) throws(VersionError) -> [KindResult] {
        var results: [KindResult] = []
        for kind in StartKind.allCases {
            let limit = kind == .compiled ? Self.compiledCountMax : Self.countMax
            let count = min(count, limit)
            var reportedAt: UInt64 = 0
            let result = try measure(kind, count: count, deadline: deadline) { done, now in
                guard now &- reportedAt >= Self.progressNanoseconds else { return }
                reportedAt = now
                progress(kind, done, count)
            }
            results.append(result)
            progress(kind, result.count, count)
        }
        return results
    }

    private static let progressNanoseconds: UInt64 = 100_000_000

    private func measure(
        _ kind: StartKind,
        count: Int,
        deadline: UInt64,
        _ progress: (_ done: Int, _ now: UInt64) -> Void
    ) throws(VersionError) -> KindResult {
        var recorder = PhaseRecorder()
        var failureCount = 0
        var fuel: UInt64 = 0
        var done = 0
        while done < count, done == 0 || Monotonic.now() < deadline {
            let begin = Monotonic.now()
            let (lease, image) = try start(kind)
            let started = Monotonic.now()
            let run = runGuest(lease.instance, of: image)
            let ended = Monotonic.now()
            // An instance of another image is not this pool's to keep.
            if kind != .compiled { loaded.pool.give(back: lease, isSound: false, now: ended) }
            let reset = Monotonic.now()
            if !run.isSound { failureCount += 1 }
            fuel = run.fuel
            recorder.record("start", from: begin, to: started)
            recorder.record("guest", from: started, to: ended)
            recorder.record("reset", from: ended, to: reset)
            recorder.record("total", from: begin, to: reset)
            done += 1
            progress(done, reset)
        }
        return KindResult(
            kind: kind,
            count: done,
            phases: recorder.distributions,
            failureCount: failureCount,
            fuel: fuel
        )
    }

    private func start(
        _ kind: StartKind
    ) throws(VersionError) -> (lease: InstanceLease, image: VersionImage) {
        var image = loaded.image
        switch kind {
        case .pooled: return (try loaded.pool.take(now: Monotonic.now()), image)
        case .fresh: break
        case .compiled: image = try images.makeImage(of: version, secrets: secrets)
        }
        return (InstanceLease(instance: try image.makeInstance(), kind: kind), image)
    }

    private func makeDialogue(_ image: VersionImage) -> (any GuestDialogue)? {
        let path = "/f/\(version.function)"
        let octets = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        guard let head = try? RequestHead(parsing: octets) else { return nil }
        return Invocation.makeDialogue(
            for: Request(head: head, body: [], firstByteAt: 0, receivedAt: 0),
            RouteMatch(
                version: version,
                alias: nil,
                isGuarded: false,
                prefixCount: path.utf8.count,
                pattern: RoutingTable.functionsPattern
            ),
            image,
            environment,
            identifier: "bench",
            trace: TraceContext(),
            origin: RequestOrigin(address: "")
        )
    }

    /// Runs the guest as for `GET /` without a body.
    private func runGuest(
        _ instance: Instance,
        of image: VersionImage
    ) -> (isSound: Bool, fuel: UInt64) {
        let limits = version.configuration.limits
        guard let dialogue = makeDialogue(image) else { return (false, 0) }
        guard let execution = try? dialogue.begin(instance, stack, fuelLimit: limits.fuel) else {
            return (false, 0)
        }
        dialogue.context.startedAt = Monotonic.now()
        dialogue.giveRequest()
        let deadline = Monotonic.now() &+ UInt64(limits.timeoutMilliseconds) &* 1_000_000
        let clock = Monitor(())
        while Monotonic.now() < deadline {
            switch execution.resume(budget: 1_000_000) {
            case .finished, .exited(0):
                return (true, execution.fuelUsed)
            case .outOfBudget:
                continue
            case .waiting(.deadline(let moment)):
                let end = min(moment, deadline)
                clock.wait { _ in Monotonic.now() >= end ? .found(()) : .nothingUntil(end) }
            case .waiting, .trapped, .exited:
                return (false, execution.fuelUsed)
            }
        }
        return (false, execution.fuelUsed)
    }
}

/// Collects durations by phase, with three significant digits.
private struct PhaseRecorder {
    private var histograms: [String: Histogram<UInt32>] = [:]

    mutating func record(_ phase: String, from start: UInt64, to end: UInt64) {
        histograms[
            phase,
            default: Histogram(
                lowestDiscernibleValue: 1,
                highestTrackableValue: 3_600_000_000_000,
                numberOfSignificantValueDigits: .three
            )
        ].record(end &- start)
    }

    var distributions: [String: Bench.Distribution] {
        histograms.mapValues { histogram in
            func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1_000 }
            return Bench.Distribution(
                p50: microseconds(histogram.valueAtPercentile(50)),
                p95: microseconds(histogram.valueAtPercentile(95)),
                p99: microseconds(histogram.valueAtPercentile(99)),
                p999: microseconds(histogram.valueAtPercentile(99.9)),
                max: microseconds(histogram.max),
                histogram: Self.buckets(of: histogram)
            )
        }
    }

    private static func buckets(of histogram: Histogram<UInt32>) -> [Bench.Bucket] {
        var buckets: [Bench.Bucket] = []
        var limit: UInt64 = 125
        for step in histogram.recordedValues() {
            while limit < step.value { limit &*= 2 }
            let upTo = Double(limit) / 1_000
            if buckets.last?.upTo != upTo { buckets.append(Bench.Bucket(upTo: upTo, count: 0)) }
            buckets[buckets.count - 1].count += Int(step.count)
        }
        return buckets
    }
}
