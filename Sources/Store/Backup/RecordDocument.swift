internal import FoundationEssentials

/// A record of an invocation as a JSON document, in an export.
///
/// The log's own form of it is the log's affair. What a later version of the program adds is left out by this one.
struct RecordDocument: Codable {
    private struct Line: Codable {
        var sequence: Int32
        var atUs: Int64
        var stream: String
        var text: String
    }

    private var id: String
    private var function: String
    private var version: Int
    private var startedAt: Int64
    private var alias: String?
    private var trigger: String
    private var method: String
    private var path: String
    private var status: Int
    private var outcome: String
    private var start: String?
    private var queueUs: Int64
    private var startUs: Int64
    private var guestUs: Int64
    private var totalUs: Int64
    private var fuel: Int64
    private var memoryPeakBytes: Int64
    private var bytesIn: Int64
    private var bytesOut: Int64
    private var traceId: String?
    private var error: String?
    private var trapReport: String?
    private var lines: [Line]
    private var linesTruncated: Bool

    init(_ record: InvocationRecord) {
        id = record.id
        function = record.function
        version = record.version
        startedAt = record.startedAt.microseconds
        alias = record.alias
        trigger = record.trigger.rawValue
        method = record.method
        path = record.path
        status = record.status
        outcome = record.outcome.rawValue
        start = record.start?.rawValue
        queueUs = record.queueMicroseconds
        startUs = record.startMicroseconds
        guestUs = record.guestMicroseconds
        totalUs = record.totalMicroseconds
        fuel = record.fuel
        memoryPeakBytes = record.memoryPeakBytes
        bytesIn = record.bytesIn
        bytesOut = record.bytesOut
        traceId = record.traceId
        error = record.error
        trapReport = record.trapReport
        lines = record.lines.map {
            Line(
                sequence: $0.sequence,
                atUs: $0.atMicroseconds,
                stream: $0.stream.rawValue,
                text: $0.text
            )
        }
        linesTruncated = record.linesTruncated
    }

    /// The record; nil when a word in it is unknown, or its time has not come yet.
    func record(versionOffset: Int) -> InvocationRecord? {
        guard let outcome = InvocationOutcome(rawValue: outcome),
            let trigger = InvocationTrigger(rawValue: trigger),
            (0...Timestamp.now().microseconds).contains(startedAt),
            (1...1_000_000_000).contains(version)
        else { return nil }
        var lines: [LogLine] = []
        for (index, line) in self.lines.enumerated() {
            guard let stream = LogStream(rawValue: line.stream), line.sequence == index else {
                return nil
            }
            lines.append(
                LogLine(
                    sequence: line.sequence,
                    atMicroseconds: line.atUs,
                    stream: stream,
                    text: line.text
                )
            )
        }
        var record = InvocationRecord(
            id: RecordIdentifier(id),
            function: function,
            version: version + versionOffset,
            startedAt: Timestamp(microseconds: startedAt),
            alias: alias,
            trigger: trigger,
            method: method,
            path: path,
            status: status,
            outcome: outcome,
            start: start.flatMap(InvocationStart.init),
            queueMicroseconds: queueUs,
            startMicroseconds: startUs,
            guestMicroseconds: guestUs,
            totalMicroseconds: totalUs,
            fuel: fuel,
            memoryPeakBytes: memoryPeakBytes,
            bytesIn: bytesIn,
            bytesOut: bytesOut,
            trace: traceId.map { TraceIdentifier($0) },
            error: error,
            lines: lines,
            linesTruncated: linesTruncated
        )
        record.trapReport = trapReport
        return record
    }
}
