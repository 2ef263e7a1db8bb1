/// How an invocation ended.
public enum InvocationOutcome: String, CaseIterable, Sendable {
    case ok
    case trap
    case timeout
    case fuel
    case memory
    case badOutput = "bad-output"
    case canceled
    case overloaded
}

/// Where the instance came from.
public enum InvocationStart: String, CaseIterable, Sendable {
    /// A ready instance was taken.
    case pooled

    /// An instance was made from the snapshot.
    case fresh

    /// The module had to be compiled first.
    case compiled
}

/// What asked for an invocation.
public enum InvocationTrigger: String, CaseIterable, Sendable {
    case http
    case async
    case bench
}

/// Where a log line was written.
public enum LogStream: String, CaseIterable, Sendable {
    case stdout
    case stderr

    /// The guest interface's own logging call.
    case log

    /// Written by the platform, not by the guest.
    case platform
}

/// One line that an invocation logged.
public struct LogLine: Equatable, Sendable {
    /// Counts the invocation's lines from 0; unique among them.
    public var sequence: Int32

    /// Microseconds after the invocation's `startedAt`.
    public var atMicroseconds: Int64

    /// Where it was written.
    public var stream: LogStream

    /// The text without its line end.
    public var text: String

    /// Makes a line.
    public init(sequence: Int32, atMicroseconds: Int64, stream: LogStream, text: String) {
        self.sequence = sequence
        self.atMicroseconds = atMicroseconds
        self.stream = stream
        self.text = text
    }
}

/// One finished invocation.
///
/// Flat, so that handing it over is one move of a few hundred bytes.
public struct InvocationRecord: Equatable, Sendable {
    /// The request's identifier.
    public var identifier: RecordIdentifier

    /// The same as text.
    public var id: String {
        get { identifier.description }
        set { identifier = RecordIdentifier(newValue) }
    }

    /// The function's name.
    public var function: String

    /// The version that ran, or would have.
    public var version: Int

    /// When the request arrived.
    public var startedAt: Timestamp

    /// The alias by which the version was chosen.
    public var alias: String?

    /// What asked for the invocation.
    public var trigger: InvocationTrigger

    /// The request's method.
    public var method: String

    /// The request's path.
    public var path: String

    /// The response's status code; 0 when none was made.
    public var status: Int

    /// How it ended.
    public var outcome: InvocationOutcome

    /// Where the instance came from; `nil` when it came to none.
    public var start: InvocationStart?

    /// Time spent waiting.
    public var queueMicroseconds: Int64

    /// Time to get an instance ready.
    public var startMicroseconds: Int64

    /// Time in the guest.
    public var guestMicroseconds: Int64

    /// Time from the request's arrival to the response's end.
    public var totalMicroseconds: Int64

    /// Instructions executed.
    public var fuel: Int64

    /// The most linear memory that the guest held.
    public var memoryPeakBytes: Int64

    /// The request body's size.
    public var bytesIn: Int64

    /// The response body's size.
    public var bytesOut: Int64

    /// The trace that the request belongs to.
    public var trace: TraceIdentifier?

    /// The same as text.
    public var traceId: String? {
        get { trace?.description }
        set { trace = newValue.map { TraceIdentifier($0) } }
    }

    /// What went wrong, in one line.
    public var error: String?

    /// The trap as a JSON document.
    public var trapReport: String?

    /// What the guest logged, in order.
    public var lines: [LogLine]

    /// Whether lines were left out because of a limit.
    public var linesTruncated: Bool
}

extension InvocationRecord {
    // By the memberwise initialiser: a record that is filled in property by property is copied once more.
    /// Makes a record; what is not given is zero, empty or absent.
    public init(
        id: RecordIdentifier,
        function: String,
        version: Int,
        startedAt: Timestamp,
        alias: String? = nil,
        trigger: InvocationTrigger = .http,
        method: String = "",
        path: String = "",
        status: Int = 0,
        outcome: InvocationOutcome = .ok,
        start: InvocationStart? = nil,
        queueMicroseconds: Int64 = 0,
        startMicroseconds: Int64 = 0,
        guestMicroseconds: Int64 = 0,
        totalMicroseconds: Int64 = 0,
        fuel: Int64 = 0,
        memoryPeakBytes: Int64 = 0,
        bytesIn: Int64 = 0,
        bytesOut: Int64 = 0,
        trace: TraceIdentifier? = nil,
        error: String? = nil,
        trapReport: String? = nil,
        lines: [LogLine] = [],
        linesTruncated: Bool = false
    ) {
        self.init(
            identifier: id,
            function: function,
            version: version,
            startedAt: startedAt,
            alias: alias,
            trigger: trigger,
            method: method,
            path: path,
            status: status,
            outcome: outcome,
            start: start,
            queueMicroseconds: queueMicroseconds,
            startMicroseconds: startMicroseconds,
            guestMicroseconds: guestMicroseconds,
            totalMicroseconds: totalMicroseconds,
            fuel: fuel,
            memoryPeakBytes: memoryPeakBytes,
            bytesIn: bytesIn,
            bytesOut: bytesOut,
            trace: trace,
            error: error,
            trapReport: trapReport,
            lines: lines,
            linesTruncated: linesTruncated
        )
    }
}
