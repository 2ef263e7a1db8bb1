import HTTP
import Platform
import Store

/// What functions have logged.
extension ControlAPI {
    /// What a caller wants to see of a log, and how.
    struct LogQuery: Sendable {
        let filter: InvocationStore.Filter
        let tail: Int
        let follows: Bool
        let asEvents: Bool
    }

    /// Reads a request for the log of a function, or of all those that the caller may see.
    func logQuery(_ name: FunctionName?, _ request: ControlRequest) throws -> LogQuery {
        try request.allowQuery(
            "tail",
            "since",
            "follow",
            "version",
            "outcome",
            "status",
            "start",
            "minMs"
        )
        var filter = try filter(request)
        if let name {
            _ = try function(name)
            filter.function = name.description
        } else if !request.caller.functions.coverAll {
            filter.functionPatterns = request.caller.functions.texts
        }
        let accept = request.fields["accept"] ?? ""
        return LogQuery(
            filter: filter,
            tail: try request.integer("tail", in: 0...10_000) ?? 100,
            follows: try request.boolean("follow") ?? false,
            asEvents: accept.contains("text/event-stream")
        )
    }

    /// Answers `GET /v1/functions/{name}/logs`, and `GET /v1/logs` when no function is named, without following.
    func logs(of name: FunctionName?, _ request: ControlRequest) throws -> Response {
        let query = try logQuery(name, request)
        let page = try invocations.logs(query.filter, tail: query.tail)
        return Self.logResponse(query, Self.lines(page.items, query))
    }

    static func logResponse(_ query: LogQuery, _ body: [UInt8]) -> Response {
        Response(
            status: .ok,
            fields: [
                "Content-Type": query.asEvents ? "text/event-stream" : "application/x-ndjson",
                "Cache-Control": "no-store",
            ],
            body: body
        )
    }

    /// One line or event for each item.
    static func lines(_ items: [InvocationStore.LogPage.Item], _ query: LogQuery) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            if query.asEvents { bytes += "data: ".utf8 }
            switch item {
            case .line(let entry): bytes += document(entry).encoded()
            case .gap(let gap): bytes += JSONValue.object(["gap": document(gap)]).encoded()
            }
            bytes += (query.asEvents ? "\n\n" : "\n").utf8
        }
        return bytes
    }

    private static func document(_ entry: InvocationStore.LogEntry) -> JSONValue {
        [
            "id": JSONValue(entry.invocation),
            "function": JSONValue(entry.function),
            "version": JSONValue(entry.version),
            "outcome": JSONValue(entry.outcome.rawValue),
            "status": JSONValue(entry.status),
            "at": JSONValue(entry.at.description),
            "seq": JSONValue(Int(entry.line.sequence)),
            "stream": JSONValue(entry.line.stream.rawValue),
            "text": JSONValue(entry.line.text),
        ]
    }
}
