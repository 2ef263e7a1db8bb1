import HTTP
import HTTPServer
import Synchronization

/// Tells the client of a long call how far it is: one JSON object a line, until the result.
///
/// Only for clients that ask for `application/x-ndjson`. The lines are `{"progress":…}`, and at last
/// `{"result":…}` or `{"problem":…}`. A call that ends before its first report is answered as any other.
final class ProgressStream: Sendable {
    private let exchange: Exchange
    private let identifier: String
    private let hasBegun = Atomic(false)

    /// Makes a stream that has not begun; nil when the client did not ask for one.
    init?(_ request: Request, identifier: String, _ exchange: Exchange) {
        guard request.head.method == .post,
            request.head.fields["accept"]?.contains("application/x-ndjson") == true
        else { return nil }
        self.exchange = exchange
        self.identifier = identifier
    }

    /// Sends a line.
    ///
    /// One thread at a time, as for ``end(with:)``.
    func report(_ progress: JSONValue) {
        let line = Self.line("progress", progress.encoded())
        guard hasBegun.exchange(true, ordering: .relaxed) else {
            exchange.beginStream(
                Response(
                    status: .ok,
                    fields: [
                        "Content-Type": "application/x-ndjson", "Cache-Control": "no-store",
                        "X-Request-Id": identifier,
                    ],
                    body: line
                )
            )
            return
        }
        exchange.send(line)
    }

    /// Sends the answer.
    func end(with response: Response) {
        guard hasBegun.load(ordering: .relaxed) else { return exchange.respond(response) }
        let isProblem = response.status.code >= 400
        exchange.send(Self.line(isProblem ? "problem" : "result", response.body))
        exchange.endStream()
    }

    private static func line(_ member: String, _ document: [UInt8]) -> [UInt8] {
        var document = document
        while let last = document.last, last == UInt8(ascii: "\n") { document.removeLast() }
        return Array("{\"\(member)\":".utf8) + document + Array("}\n".utf8)
    }
}
