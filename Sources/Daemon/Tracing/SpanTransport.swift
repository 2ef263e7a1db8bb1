import Foundation
import FoundationNetworking
import Linux

/// Sends documents to the collector and understands its answers.
struct SpanTransport {
    /// What became of a document.
    enum Result: Equatable {
        /// The collector has it, but for so many spans.
        case taken(rejected: Int)
        /// Sending it again is of no use.
        case refused(String)
        /// It may be sent again, after so many seconds if the collector says so.
        case failed(String, retryAfter: Double?)
    }

    private struct Answer {
        let status: Int?
        let retryAfter: String?
        let body: Data?
        let error: String?
    }

    private let session: URLSession
    private let template: URLRequest
    private let timeoutMilliseconds: Int

    /// Gets ready to send; nothing is connected yet.
    init(_ configuration: TracingConfiguration) {
        let settings = URLSessionConfiguration.ephemeral
        settings.httpShouldSetCookies = false
        settings.urlCache = nil
        session = URLSession(configuration: settings)
        timeoutMilliseconds = configuration.timeoutMilliseconds
        var template = URLRequest(
            url: configuration.endpoint,
            timeoutInterval: Double(configuration.timeoutMilliseconds) / 1_000
        )
        template.httpMethod = "POST"
        template.setValue("application/json", forHTTPHeaderField: "Content-Type")
        template.setValue("roost/\(ProgramVersion.text)", forHTTPHeaderField: "User-Agent")
        for header in configuration.headers {
            template.setValue(header.value, forHTTPHeaderField: header.name)
        }
        self.template = template
    }

    /// Sends a document and waits for the answer: until a moment that may be set meanwhile, and for the
    /// configured time at most.
    func send(_ body: [UInt8], until end: () -> UInt64?) -> Result {
        var request = template
        request.httpBody = Data(body)
        let answered = Monitor<Answer?>(nil)
        let task = session.dataTask(with: request) { data, response, error in
            let response = response as? HTTPURLResponse
            let answer = Answer(
                status: response?.statusCode,
                retryAfter: response?.value(forHTTPHeaderField: "Retry-After"),
                body: data,
                error: error.map { ($0 as NSError).localizedDescription }
            )
            answered.withLock { $0 = answer }
            answered.broadcast()
        }
        task.resume()
        let deadline = Monotonic.now() &+ UInt64(timeoutMilliseconds) &* 1_000_000
        let answer: Answer? = answered.wait { answer in
            if let answer { return .found(answer) }
            let now = Monotonic.now()
            let last = min(deadline, end() ?? .max)
            // Nobody signals here that the daemon stops: look from time to time.
            return now >= last ? .found(nil) : .nothingUntil(min(last, now &+ 50_000_000))
        }
        guard let answer else {
            task.cancel()
            return .failed("the collector did not answer in time", retryAfter: nil)
        }
        return Self.result(answer)
    }

    /// Closes all connections; nothing can be sent any more.
    func close() { session.invalidateAndCancel() }

    private static func result(_ answer: Answer) -> Result {
        guard let status = answer.status else {
            let error = answer.error ?? "the collector's answer is not HTTP"
            return .failed(error, retryAfter: nil)
        }
        switch status {
        case 200..<300:
            return .taken(rejected: rejectedSpanCount(answer.body))
        case 429, 502, 503, 504:
            return .failed(
                "the collector answered \(status)",
                retryAfter: answer.retryAfter.flatMap { retrySeconds($0, now: Date()) }
            )
        default:
            return .refused("the collector answered \(status)")
        }
    }

    /// How many spans a collector says it has not taken (`ExportTracePartialSuccess`).
    private static func rejectedSpanCount(_ body: Data?) -> Int {
        guard let body, let json = try? JSONValue(parsing: body),
            let count = json["partialSuccess"]?["rejectedSpans"]
        else { return 0 }
        // 64-bit numbers are strings in this encoding, but readers have to take numbers too.
        return Int(clamping: count.integer ?? count.string.flatMap { Int64($0) } ?? 0)
    }

    /// The seconds of a `Retry-After`: a number, or a date (RFC 9110 §10.2.3).
    static func retrySeconds(_ text: String, now: Date) -> Double? {
        if let seconds = UInt32(text) { return Double(seconds) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text).map { max(0, $0.timeIntervalSince(now)) }
    }
}
