import HTTP
import HTTPServer
import Linux
import Store

/// What the access log tells of a request.
struct AccessLogEntry {
    /// When its first octet was read, in nanoseconds since 1970.
    var startedAt: UInt64
    /// Until its response was complete.
    var durationNanoseconds: UInt64
    /// The client's address, or what a proxy gives in its place.
    var client: String
    var requestIdentifier: String?
    /// The function that was called, if one was.
    var function: String?
    var method: String?
    var target: String?
    var version: String?
    /// Nil when the connection ended before there was a response.
    var status: Int?
    /// Of the bodies, without framing.
    var bytesIn = 0
    var bytesOut = 0
    /// Whether the response is complete.
    var isComplete = true
    var userAgent: String?
    var referer: String?
}

extension AccessLogEntry {
    /// Takes over what the server has noted.
    init(
        _ summary: AnswerSummary,
        client: String,
        requestIdentifier: String?,
        function: String?
    ) {
        let duration = summary.endedAt &- min(summary.firstByteAt, summary.endedAt)
        self.init(
            startedAt: Monotonic.realtime() &- duration,
            durationNanoseconds: duration,
            client: client,
            requestIdentifier: requestIdentifier ?? summary.fields["x-request-id"],
            function: function
        )
        status = summary.status?.code
        bytesIn = summary.bytesIn
        bytesOut = summary.bytesOut
        isComplete = summary.isComplete
        guard let head = summary.head else { return }
        method = head.method.rawValue
        target = head.target
        version = head.version == .http10 ? "HTTP/1.0" : "HTTP/1.1"
        userAgent = head.fields["user-agent"]
        referer = head.fields["referer"]
    }
}

/// Writes entries as lines of JSON: one object each, always with the same members.
struct AccessLogFormatter {
    private var second = UInt64.max
    /// The time up to the second: `2026-01-31T10:20:30.`.
    private var secondText = ""

    /// The line, with its end.
    ///
    /// Members of which nothing is known are null. `aborted` is only there when the response is not
    /// complete.
    mutating func line(_ entry: AccessLogEntry) -> [UInt8] {
        var line = JSONLine()
        line.add("time", time(entry.startedAt))
        line.add("client", entry.client)
        line.add("method", entry.method)
        line.add("target", entry.target)
        line.add("version", entry.version)
        line.add("status", entry.status)
        line.add("bytesIn", entry.bytesIn)
        line.add("bytesOut", entry.bytesOut)
        line.add("durationUs", Int(clamping: entry.durationNanoseconds / 1_000))
        line.add("requestId", entry.requestIdentifier)
        line.add("function", entry.function)
        line.add("userAgent", entry.userAgent)
        line.add("referer", entry.referer)
        if !entry.isComplete { line.add("aborted", true) }
        return line.finished()
    }

    /// RFC 3339, in UTC, with milliseconds.
    private mutating func time(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds / 1_000 != second {
            second = milliseconds / 1_000
            let start = Timestamp(microseconds: Int64(clamping: second) * 1_000_000)
            secondText = String(start.description.dropLast("000000Z".count))
        }
        let fraction = String(milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
        return secondText + zeros + fraction + "Z"
    }
}

/// A JSON object on one line, written member by member. RFC 8259
private struct JSONLine {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(512)
        bytes.append(UInt8(ascii: "{"))
    }

    /// The line, with its end.
    consuming func finished() -> [UInt8] {
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    mutating func add(_ name: String, _ value: String?) {
        key(name)
        if let value { append(quoting: value) } else { append("null") }
    }

    mutating func add(_ name: String, _ value: Int?) {
        key(name)
        append(value.map { String($0) } ?? "null")
    }

    mutating func add(_ name: String, _ value: Bool) {
        key(name)
        append(value ? "true" : "false")
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { append(",") }
        append(quoting: name)
        append(":")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Control characters are escaped, also those that JSON lets pass: a log is shown in terminals.
    private mutating func append(quoting text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
                append(scalar.value < 0x10 ? "\\u000" : "\\u00")
                append(String(scalar.value, radix: 16))
            default: bytes.append(contentsOf: scalar.utf8)
            }
        }
        append("\"")
    }
}
