import Daemon
import Foundation
import Linux
import Synchronization

/// Prints a function's log lines as they come, on a thread of its own, for as long as the process lives.
final class LogFollower: Sendable {
    private let function: String
    private let client: DaemonClient
    private let bar: ProgressBar
    private let firstMoment: String?

    /// How long it waits for a daemon that is gone, in milliseconds.
    private static let retryMilliseconds: Int32 = 1_000

    /// Makes one for lines from a moment on, given as an HTTP date; without one, for those from now on.
    init(_ function: String, _ client: DaemonClient, bar: ProgressBar, since moment: String?) {
        self.function = function
        self.client = client
        self.bar = bar
        firstMoment = moment.flatMap(Self.timestamp)
    }

    /// Starts the thread.
    func start() {
        let thread = try? Linux.Thread.spawn(name: "log") { [self] in follow() }
        _ = consume thread
    }

    private func follow() {
        var since = firstMoment
        while true {
            // An error is a daemon that is gone, or a function that was deleted: it may come back.
            try? client.stream(request(since: since)) { [self] in print(line: $0) }
            since = nil
            if let pause = try? EventDescriptor() {
                pause.wait(timeoutMilliseconds: Self.retryMilliseconds)
            }
        }
    }

    private func request(since moment: String?) -> DaemonClient.Request {
        var query = [(name: "follow", value: "true")]
        if let moment {
            query.append((name: "since", value: moment))
        } else {
            query.append((name: "tail", value: "0"))
        }
        return DaemonClient.Request(
            path: "/v1/functions/\(DaemonClient.segment(function))/logs",
            query: query,
            headers: [(name: "Accept", value: "application/x-ndjson")]
        )
    }

    private func print(line: Data) {
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: line),
            let text = json["text"]?.text
        else { return }
        let time = Terminal.output.styled(Self.timeOfDay(json["at"]?.text ?? ""), .dim)
        let mark = Terminal.output.styled("@\(json["version"]?.text ?? "")", .cyan)
        bar.above { Output.write(Data("\(time)  \(mark)  \(printable(text))\n".utf8)) }
    }

    /// `12:30:05.123` of `2026-11-23T12:30:05.123456Z`.
    static func timeOfDay(_ timestamp: String) -> String {
        guard let start = timestamp.firstIndex(of: "T") else { return printable(timestamp) }
        return printable(String(timestamp[timestamp.index(after: start)...].prefix(12)))
    }

    /// RFC 3339 of an HTTP date (RFC 9110 §5.6.7).
    static func timestamp(_ date: String) -> String? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: date)?.formatted(.iso8601)
    }
}
