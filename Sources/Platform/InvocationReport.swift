import HTTP
import Linux
import Store
import WASI
import Wasm

/// What is known of an invocation so far: its times, its costs, and how it ended.
///
/// Makes the response's header fields and the stored record of it.
struct InvocationReport: ~Copyable {
    let identifier: RecordIdentifier
    let trace: TraceContext
    var start: StartKind?
    private(set) var endedAt: UInt64 = 0

    private let trigger: InvocationTrigger
    private let alias: String?
    private let method: Method
    private let path: String
    /// Where the page is from that asked; only when the function cares.
    private let origin: String?
    private var byteCountIn: Int
    private let receivedAt: UInt64
    private let startedAt: Timestamp

    // Moments on the monotonic clock; zero: not yet.
    private var startBeganAt: UInt64 = 0
    private var guestBeganAt: UInt64 = 0

    private var fuel: UInt64 = 0
    private var memoryBytesPeak = 0
    private var status = 0
    private var outcome = InvocationOutcome.ok
    private var error: String?
    private var trap: Trap?
    private var byteCountOut = 0

    init(
        _ request: Request,
        _ match: RouteMatch,
        identifier: RecordIdentifier,
        startedAt: Timestamp,
        trigger: InvocationTrigger,
        trace: TraceContext
    ) {
        self.identifier = identifier
        self.trigger = trigger
        self.trace = trace
        alias = match.alias
        method = request.head.method
        path = request.head.path
        origin = match.version.addsFields ? request.head.fields["origin"] : nil
        byteCountIn = request.body.count
        receivedAt = request.receivedAt
        self.startedAt = startedAt
    }

    // MARK: - Moments

    /// Loading the version is part of the start.
    mutating func startBegan(at now: UInt64) {
        if startBeganAt == 0 { startBeganAt = now }
    }

    mutating func guestBegan(at now: UInt64) { guestBeganAt = now }

    /// `fuel` is what it used, in instructions.
    mutating func guestEnded(fuel: UInt64, _ lease: InstanceLease?) {
        endedAt = Monotonic.now()
        self.fuel = fuel
        memoryBytesPeak = lease?.instance.memoryByteCount ?? 0
    }

    mutating func canceled() {
        outcome = .canceled
        error = "the client went away"
        if endedAt == 0 { endedAt = Monotonic.now() }
    }

    mutating func received(_ byteCount: Int) { byteCountIn = byteCount }

    /// The head was sent, and so much of the body with it.
    mutating func sent(_ status: Status, byteCount: Int) {
        self.status = status.code
        byteCountOut = byteCount
    }

    mutating func streamed(_ byteCount: Int) { byteCountOut += byteCount }

    /// Why the platform answered in the guest's place.
    mutating func failed(_ failure: InvocationFailure) {
        outcome = failure.outcome
        error = failure.detail
        trap = failure.trap
    }

    /// Why an answer that had begun was broken off.
    mutating func broken(by failure: InvocationFailure) {
        failed(failure)
        error = "the response was broken off: \(failure.detail)"
    }

    // MARK: - Responses

    /// The guest's answer; what is only known at its end is left out unless it `isComplete`.
    func response(
        _ head: consuming AnswerHead,
        body: [UInt8],
        _ version: FunctionVersion,
        _ options: PlatformOptions,
        isComplete: Bool
    ) -> Response {
        // Taken out, so that there is one owner, and appending copies nothing.
        var fields = Fields()
        swap(&fields, &head.fields)
        addFields(to: &fields, version, options, isComplete: isComplete)
        return Response(status: head.status, fields: fields, body: body)
    }

    /// The platform's answer in the guest's place.
    ///
    /// `log` is what the guest logged, if it ran.
    func response(
        _ failure: InvocationFailure,
        _ version: FunctionVersion,
        _ options: PlatformOptions,
        log context: WASIContext?
    ) -> Response {
        var fields: Fields = ["Content-Type": "application/problem+json"]
        if let name = failure.errorName { fields.append("X-Function-Error", name) }
        if let seconds = failure.retryAfterSeconds { fields.append("Retry-After", String(seconds)) }
        addFields(to: &fields, version, options, isComplete: true)
        let body = failure.problem(
            requestIdentifier: identifier.description,
            showing: version.configuration.debug ? figures(context) : nil
        )
        return Response(status: failure.status, fields: fields, body: body)
    }

    private func addFields(
        to fields: inout Fields,
        _ version: FunctionVersion,
        _ options: PlatformOptions,
        isComplete: Bool
    ) {
        if version.addsFields {
            version.configuration.addHeaders(to: &fields)
            version.configuration.cors?.apply(to: &fields, origin: origin)
        }
        let shown = options.responseFields
        var lines = FieldLines()
        if shown.contains(.requestIdentifier) {
            switch identifier {
            case .uuid(let high, let low):
                lines.begin(Texts.requestIdentifier)
                lines.appendUUID(high: high, low: low)
                lines.end()
            case .text(let text):
                fields.append("X-Request-Id", text)
            }
        }
        if shown.contains(.version) {
            lines.begin(Texts.version)
            lines.append(decimal: UInt64(version.number))
            lines.end()
        }
        if shown.contains(.start), let start {
            lines.begin(Texts.start)
            lines.append(Texts.name(of: start))
            lines.end()
        }
        if shown.contains(.fuel), isComplete {
            lines.begin(Texts.fuel)
            lines.append(decimal: fuel)
            lines.end()
        }
        if shown.contains(.serverTiming) { appendTiming(to: &lines, isComplete: isComplete) }
        fields.append(lines)
    }

    /// What the platform's fields consist of.
    private enum Texts {
        static let requestIdentifier = FieldLines.Text("X-Request-Id: ")
        static let version = FieldLines.Text("X-Function-Version: ")
        static let start = FieldLines.Text("X-Start: ")
        static let fuel = FieldLines.Text("X-Fuel-Used: ")
        static let queueTime = FieldLines.Text("Server-Timing: queue;dur=")
        static let startTime = FieldLines.Text(", start;dur=")
        static let guestTime = FieldLines.Text(", guest;dur=")
        static let totalTime = FieldLines.Text(", total;dur=")

        static func name(of start: StartKind) -> FieldLines.Text {
            switch start {
            case .pooled: pooled
            case .fresh: fresh
            case .compiled: compiled
            }
        }

        private static let pooled = FieldLines.Text(StartKind.pooled.rawValue)
        private static let fresh = FieldLines.Text(StartKind.fresh.rawValue)
        private static let compiled = FieldLines.Text(StartKind.compiled.rawValue)
    }

    /// The phases in milliseconds, with microseconds after the point.
    private func appendTiming(to lines: inout FieldLines, isComplete: Bool) {
        let now = isComplete && endedAt != 0 ? endedAt : Monotonic.now()
        let phases = phases(until: now)
        lines.begin(Texts.queueTime)
        lines.append(millisecondsOf: phases.queue / 1_000)
        lines.append(Texts.startTime)
        lines.append(millisecondsOf: phases.start / 1_000)
        if isComplete {
            lines.append(Texts.guestTime)
            lines.append(millisecondsOf: phases.guest / 1_000)
            lines.append(Texts.totalTime)
            lines.append(millisecondsOf: phases.total / 1_000)
        }
        lines.end()
    }

    // MARK: - Durations

    /// How long each phase took, in nanoseconds.
    struct Phases {
        var queue: UInt64
        var start: UInt64
        var guest: UInt64
        var total: UInt64
    }

    func phases(until now: UInt64) -> Phases {
        func duration(from start: UInt64, to end: UInt64) -> UInt64 {
            start != 0 && end > start ? end - start : 0
        }
        return Phases(
            queue: duration(from: receivedAt, to: startBeganAt == 0 ? now : startBeganAt),
            start: duration(from: startBeganAt, to: guestBeganAt == 0 ? now : guestBeganAt),
            guest: duration(from: guestBeganAt, to: endedAt),
            total: duration(from: receivedAt, to: now)
        )
    }

    private static func microseconds(from start: UInt64, to end: UInt64) -> Int64 {
        end > start ? microseconds(end - start) : 0
    }

    private static func microseconds(_ nanoseconds: UInt64) -> Int64 {
        Int64(clamping: nanoseconds / 1_000)
    }

    // MARK: - The record

    /// The stored record.
    ///
    /// `log` is what the guest logged, if it ran.
    func record(
        _ version: FunctionVersion,
        _ phases: Phases,
        log context: WASIContext?
    ) -> InvocationRecord {
        let (lines, linesTruncated) = logged(in: context)
        return InvocationRecord(
            id: identifier,
            function: version.function.description,
            version: version.number,
            startedAt: startedAt,
            alias: alias,
            trigger: trigger,
            method: method.rawValue,
            path: path,
            status: status,
            outcome: outcome,
            start: start?.recorded,
            queueMicroseconds: Self.microseconds(phases.queue),
            startMicroseconds: Self.microseconds(phases.start),
            guestMicroseconds: Self.microseconds(phases.guest),
            totalMicroseconds: Self.microseconds(phases.total),
            fuel: Int64(clamping: fuel),
            memoryPeakBytes: Int64(memoryBytesPeak),
            bytesIn: Int64(byteCountIn),
            bytesOut: Int64(byteCountOut),
            trace: .number(high: trace.high, low: trace.low),
            error: error,
            trapReport: trap.map { TrapReport.text($0, figures()) },
            lines: lines,
            linesTruncated: linesTruncated
        )
    }

    /// What the guest had used, and, with its context, what it had logged last.
    private func figures(_ context: WASIContext? = nil) -> GuestFigures {
        var figures = GuestFigures(fuel: fuel, memoryBytes: memoryBytesPeak)
        guard let context else { return figures }
        context.log.finish()
        let count = context.log.count
        figures.lastLines = (max(0, count - GuestFigures.lastLinesMax)..<count)
            .map { context.log[$0].text }
        return figures
    }

    private static func stream(_ stream: LogLines.Stream) -> LogStream {
        switch stream {
        case .stdout: .stdout
        case .stderr: .stderr
        case .log: .log
        }
    }

    /// What the guest logged, and whether that is not all.
    private func logged(in context: WASIContext?) -> (lines: [LogLine], isTruncated: Bool) {
        guard let context else { return ([], false) }
        context.log.finish()
        guard context.log.count > 0 || context.log.isTruncated else { return ([], false) }
        // The guest's clock begins with the guest, the record's with the request.
        let offset = Self.microseconds(from: receivedAt, to: guestBeganAt)
        let lines = context.log.lines.map { line in
            LogLine(
                sequence: Int32(clamping: line.sequence),
                atMicroseconds: offset + Int64(line.atMicroseconds),
                stream: Self.stream(line.stream),
                text: line.text
            )
        }
        return (lines, context.log.isTruncated)
    }
}

extension FieldLines {
    /// Appends a UUID as RFC 9562 §4 writes it, in lower case.
    mutating func appendUUID(high: UInt64, low: UInt64) {
        let hyphen = UInt64(UInt8(ascii: "-"))
        let middle = Hexadecimal.word(UInt32(truncatingIfNeeded: high))
        let last = Hexadecimal.word(UInt32(truncatingIfNeeded: low >> 32))
        append(Hexadecimal.word(UInt32(truncatingIfNeeded: high >> 32)), count: 8)
        append(hyphen | middle << 8, count: 5)
        append(hyphen | (middle >> 32) << 8, count: 5)
        append(hyphen | last << 8, count: 5)
        append(hyphen | (last >> 32) << 8, count: 5)
        append(Hexadecimal.word(UInt32(truncatingIfNeeded: low)), count: 8)
    }
}
