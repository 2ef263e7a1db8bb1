import Foundation
import HTTP
import HTTPServer
import Linux
import Synchronization
import TestSupport

/// A collector of spans: takes OTLP over HTTP in JSON, keeps what comes, and answers as it is told.
final class Collector {
    /// One request.
    struct Message: Sendable {
        let path: String
        let fields: Fields
        let body: [UInt8]
    }

    private struct State {
        var messages: [Message] = []
        var answers: [Response] = []
    }

    private final class Handler: RequestHandler {
        private let state: SharedState

        init(_ state: SharedState) { self.state = state }

        func admit(_ head: RequestHead, from peer: SocketAddress) -> Admission {
            .accept(bodyBytesMax: 64 << 20)
        }

        func handle(_ request: Request, context: AdmissionContext?, exchange: Exchange) {
            exchange.respond(state.take(request))
        }
    }

    private final class SharedState: Sendable {
        private let state = Mutex(State())
        private let signal: TestSignal

        init() throws { signal = try TestSignal() }

        func take(_ request: Request) -> Response {
            defer { signal.raise() }
            return state.withLock { state in
                state.messages.append(
                    Message(
                        path: request.head.path,
                        fields: request.head.fields,
                        body: request.body
                    )
                )
                return state.answers.isEmpty
                    ? Response(status: .ok, contentType: "application/json", text: "{}")
                    : state.answers.removeFirst()
            }
        }

        func script(_ answers: [Response]) { state.withLock { $0.answers = answers } }

        var messages: [Message] { state.withLock(\.messages) }

        func wait(_ condition: () throws -> Bool) throws -> Bool {
            try signal.wait(timeoutMilliseconds: 30_000, until: condition)
        }
    }

    private let shared: SharedState
    private let server: Server

    /// Starts one; it answers as `answers` say, and then that all is well.
    init(answers: [Response] = []) throws {
        let shared = try SharedState()
        shared.script(answers)
        self.shared = shared
        guard let address = SocketAddress(host: "127.0.0.1", port: 0) else {
            preconditionFailure("a constant address must be valid")
        }
        server = try Server.start(Configuration(addresses: [address], loopCount: 1)) { _ in
            Handler(shared)
        }
    }

    deinit { server.stop(drainMilliseconds: 0) }

    /// Where it takes spans.
    var endpoint: String { "http://\(server.addresses[0])/v1/traces" }

    /// What has come so far.
    var messages: [Message] { shared.messages }

    /// Waits for so many requests.
    func waitForMessages(_ count: Int) throws -> Bool {
        try shared.wait { shared.messages.count >= count }
    }

    /// Waits until something holds; it is looked at now and then.
    func wait(until condition: () throws -> Bool) throws -> Bool { try shared.wait(condition) }

    /// All spans that have come, checked.
    func spans() throws -> [OTLPSpan] { try messages.flatMap { try OTLPSpan.parse($0.body) } }

    /// Waits for so many spans of invocations.
    func waitForServerSpans(_ count: Int) throws -> [OTLPSpan] {
        var spans: [OTLPSpan] = []
        _ = try shared.wait {
            spans = try self.spans().filter { $0.kind == 2 }
            return spans.count >= count
        }
        return spans
    }
}

/// A span as a collector reads it: the JSON encoding of OTLP, demanded to the letter.
struct OTLPSpan {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let trace: String
    let id: String
    let parent: String?
    let state: String?
    let name: String
    let kind: Int
    let flags: Int
    let start: UInt64
    let end: UInt64
    let attributes: [String: String]
    let statusCode: Int
    let statusMessage: String?
    let events: [(name: String, time: UInt64, attributes: [String: String])]

    /// Reads an `ExportTraceServiceRequest`.
    static func parse(_ body: [UInt8]) throws -> [OTLPSpan] {
        let document = try object(JSONSerialization.jsonObject(with: Data(body)))
        var spans: [OTLPSpan] = []
        for entry in try list(document, "resourceSpans") {
            let resource = try attributes(object(entry["resource"]))
            guard resource["service.name"] == "roost", resource["service.version"] != nil,
                resource["service.instance.id"]?.isEmpty == false
            else { throw Failure(description: "the resource is \(resource)") }
            for scope in try list(entry, "scopeSpans") {
                _ = try object(scope["scope"])
                spans += try list(scope, "spans").map { try OTLPSpan($0) }
            }
        }
        return spans
    }

    private init(_ json: [String: Any]) throws {
        let known: Set<String> = [
            "traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind",
            "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "status",
        ]
        guard Set(json.keys).isSubset(of: known) else {
            throw Failure(description: "unknown members: \(json.keys.sorted())")
        }
        trace = try Self.identifier(json["traceId"], digits: 32)
        id = try Self.identifier(json["spanId"], digits: 16)
        parent = try json["parentSpanId"].map { try Self.identifier($0, digits: 16) }
        state = json["traceState"] as? String
        guard let name = json["name"] as? String, !name.isEmpty, let kind = json["kind"] as? Int,
            (1...5).contains(kind), let flags = json["flags"] as? Int
        else { throw Failure(description: "no name, kind or flags: \(json)") }
        (self.name, self.kind, self.flags) = (name, kind, flags)
        start = try Self.time(json["startTimeUnixNano"])
        end = try Self.time(json["endTimeUnixNano"])
        guard start <= end else { throw Failure(description: "\(name) ends before it begins") }
        attributes = try Self.attributes(json)
        let status = json["status"] as? [String: Any] ?? [:]
        statusCode = status["code"] as? Int ?? 0
        statusMessage = status["message"] as? String
        events = try (json["events"] as? [[String: Any]] ?? []).map { event in
            (
                try Self.text(event["name"]), try Self.time(event["timeUnixNano"]),
                try Self.attributes(event)
            )
        }
    }

    private static func object(_ value: Any?) throws -> [String: Any] {
        guard let object = value as? [String: Any] else {
            throw Failure(description: "not an object: \(String(describing: value))")
        }
        return object
    }

    private static func list(_ json: [String: Any], _ name: String) throws -> [[String: Any]] {
        guard let list = json[name] as? [[String: Any]], !list.isEmpty else {
            throw Failure(description: "no list \(name)")
        }
        return list
    }

    private static func text(_ value: Any?) throws -> String {
        guard let text = value as? String else {
            throw Failure(description: "not a string: \(String(describing: value))")
        }
        return text
    }

    private static func identifier(_ value: Any?, digits: Int) throws -> String {
        let text = try text(value)
        guard text.count == digits, text.contains(where: { $0 != "0" }),
            text.allSatisfy({ "0123456789abcdef".contains($0) })
        else { throw Failure(description: "not an id: \(text)") }
        return text
    }

    /// Nanoseconds since 1970, in a string: 64 bits do not fit a number.
    private static func time(_ value: Any?) throws -> UInt64 {
        guard let time = UInt64(try text(value)), time > 1_600_000_000_000_000_000 else {
            throw Failure(description: "not a time: \(String(describing: value))")
        }
        return time
    }

    private static func attributes(_ json: [String: Any]) throws -> [String: String] {
        var attributes: [String: String] = [:]
        for entry in json["attributes"] as? [[String: Any]] ?? [] {
            let value = try object(entry["value"])
            let text: String? =
                switch value.first?.key {
                case "stringValue": value["stringValue"] as? String
                case "intValue":
                    (value["intValue"] as? String).flatMap { Int64($0) }.map(String.init)
                case "boolValue": (value["boolValue"] as? Bool).map { $0 ? "true" : "false" }
                default: nil
                }
            let key = try self.text(entry["key"])
            guard value.count == 1, let text, attributes.updateValue(text, forKey: key) == nil
            else {
                throw Failure(description: "the attribute \(entry)")
            }
        }
        return attributes
    }
}
