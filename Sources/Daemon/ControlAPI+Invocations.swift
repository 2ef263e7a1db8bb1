import Foundation
import HTTP
import Linux
import Platform
import Store

/// Invocation records and measurements.
extension ControlAPI {
    /// Answers `GET /v1/invocations`.
    func listInvocations(_ request: ControlRequest) throws -> Response {
        try request.allowQuery(
            "function",
            "version",
            "outcome",
            "status",
            "start",
            "since",
            "until",
            "minMs",
            "q",
            "limit",
            "cursor"
        )
        var filter = try filter(request)
        let functions = request.caller.functions
        if !functions.coverAll { filter.functionPatterns = functions.texts }
        filter.function = request.query["function"]
        filter.until = try timestamp("until", request)
        filter.text = request.query["q"]
        let page = try invocations.invocations(
            filter,
            limit: try request.integer("limit", in: 1...1_000) ?? 50,
            cursor: request.query["cursor"]
        )
        return json([
            "invocations": .array(page.records.map { Self.document($0) }),
            "nextCursor": JSONValue(page.nextCursor),
            "searchedTo": JSONValue(page.searchedTo?.description),
            "gaps": .array(page.gaps.map(Self.document)),
        ])
    }

    /// What lists of records and logs can be filtered by.
    func filter(_ request: ControlRequest) throws -> InvocationStore.Filter {
        var filter = InvocationStore.Filter()
        filter.version = try request.integer("version", in: 1...Int(Int32.max))
        filter.outcome = try choice("outcome", request, InvocationOutcome.init(rawValue:))
        filter.status = try request.integer("status", in: 0...599)
        filter.start = try choice("start", request, InvocationStart.init(rawValue:))
        filter.since = try timestamp("since", request)
        filter.minimumMicroseconds = try minimumMicroseconds(request)
        return filter
    }

    static func document(_ gap: InvocationStore.Gap) -> JSONValue {
        [
            "since": JSONValue(gap.since.description), "at": JSONValue(gap.at.description),
            "dropped": JSONValue(gap.dropped),
        ]
    }

    /// Answers `GET /v1/invocations/{id}`: with its log lines and trap report.
    func invocation(_ identifier: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let isSeen = request.caller.functions.cover
        let call = try deployments.asyncCall(id: identifier).flatMap {
            isSeen($0.function) ? $0 : nil
        }
        let stored = try invocations.invocation(id: identifier)
        guard let record = stored, isSeen(record.function) else {
            guard let call else {
                throw Problem.notFound("there is no record of invocation '\(identifier)' (yet)")
            }
            return json([
                "id": JSONValue(call.id), "function": JSONValue(call.function),
                "trigger": JSONValue(InvocationTrigger.async.rawValue), "outcome": .null,
                "async": Self.document(call),
            ])
        }
        var document = Self.document(record).members ?? [:]
        if let call { document["async"] = Self.document(call) }
        document["lines"] = .array(
            record.lines.map { line in
                [
                    "seq": JSONValue(Int(line.sequence)),
                    "atUs": .integer(line.atMicroseconds),
                    "stream": JSONValue(line.stream.rawValue),
                    "text": JSONValue(line.text),
                ]
            }
        )
        document["linesTruncated"] = JSONValue(record.linesTruncated)
        document["trap"] = record.trapReport.flatMap { try? JSONValue(parsing: $0.utf8) } ?? .null
        return json(.object(document))
    }

    private static func document(_ record: InvocationRecord) -> JSONValue {
        [
            "id": JSONValue(record.id),
            "function": JSONValue(record.function),
            "version": JSONValue(record.version),
            "alias": JSONValue(record.alias),
            "trigger": JSONValue(record.trigger.rawValue),
            "method": JSONValue(record.method),
            "path": JSONValue(record.path),
            "status": JSONValue(record.status),
            "outcome": JSONValue(record.outcome.rawValue),
            "start": JSONValue(record.start?.rawValue),
            "startedAt": JSONValue(record.startedAt.description),
            "queueUs": .integer(record.queueMicroseconds),
            "startUs": .integer(record.startMicroseconds),
            "guestUs": .integer(record.guestMicroseconds),
            "totalUs": .integer(record.totalMicroseconds),
            "fuel": .integer(record.fuel),
            "memoryPeakBytes": .integer(record.memoryPeakBytes),
            "bytesIn": .integer(record.bytesIn),
            "bytesOut": .integer(record.bytesOut),
            "traceId": JSONValue(record.traceId),
            "error": JSONValue(record.error),
        ]
    }

    private func minimumMicroseconds(_ request: ControlRequest) throws(Problem) -> Int64? {
        guard let text = request.query["minMs"] else { return nil }
        guard let milliseconds = Double(text), (0...1e12).contains(milliseconds) else {
            throw .badRequest("'minMs' is '\(text)' when it should be a number of milliseconds")
        }
        return Int64(milliseconds * 1_000)
    }

    func choice<Value: CaseIterable & RawRepresentable<String>>(
        _ name: String,
        _ request: ControlRequest,
        _ make: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = request.query[name] else { return nil }
        guard let value = make(text) else {
            let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("'\(name)' is '\(text)' when it should be one of \(all)")
        }
        return value
    }

    private func timestamp(_ name: String, _ request: ControlRequest) throws(Problem) -> Timestamp?
    {
        guard let text = request.query[name] else { return nil }
        guard let timestamp = Timestamp(rfc3339: text) else {
            throw .badRequest("'\(name)' is '\(text)', which is not an RFC 3339 time")
        }
        return timestamp
    }

    // MARK: - Measurements

    /// How long a measurement may take in all.
    private static let benchSecondsMax: UInt64 = 60

    /// Answers `POST /v1/functions/{name}/bench`.
    func bench(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("version")
        let function = try function(name)
        let number =
            try request.integer("version", in: 1...Int(Int32.max)) ?? function.liveVersion
            ?? function.latestVersion
        _ = try versionRecord(number, of: name)
        let count = try benchCount(request)
        _ = platform.awaken(name)
        guard let version = platform.table[name.description]?.version(number) else {
            throw Problem.internalError("version \(number) of '\(name)' is not there")
        }
        let deadline = Monotonic.now() + Self.benchSecondsMax * 1_000_000_000
        let secrets = try vault.open(name, version: number)
        let bench = try Bench(version, of: platform, secrets: secrets)
        let results = try bench.run(count: count, deadline: deadline) { kind, done, count in
            request.progress?.report([
                "phase": JSONValue(kind.rawValue), "done": JSONValue(done),
                "of": JSONValue(count),
            ])
        }
        var document: [String: JSONValue] = [
            "function": JSONValue(name.description), "version": JSONValue(number),
            "unit": "us",
        ]
        var kinds: [String: JSONValue] = [:]
        for result in results { kinds[result.kind.rawValue] = Self.document(result) }
        document["kinds"] = .object(kinds)
        // What most requests meet, for readers that want one table only.
        document["phases"] = kinds[StartKind.pooled.rawValue]?["phases"]
        let result = JSONValue.object(document)
        try deployments.saveBenchmark(
            function: name.description,
            version: number,
            result: Data(result.encoded())
        )
        return json(result)
    }

    private func benchCount(_ request: ControlRequest) throws -> Int {
        guard !request.body.isEmpty else { return 1_000 }
        let json = try request.json()
        guard let members = json.members, members.keys.allSatisfy({ $0 == "count" }) else {
            throw Problem.badRequest("the body should be {\"count\": N}")
        }
        guard let value = members["count"] else { return 1_000 }
        guard let count = value.integer, (1...Int64(Bench.countMax)).contains(count) else {
            throw Problem.badRequest("'count' should be an integer from 1 to \(Bench.countMax)")
        }
        return Int(count)
    }

    private static func document(_ result: Bench.KindResult) -> JSONValue {
        let phases = result.phases.map { phase, distribution in
            let value: JSONValue = [
                "p50": .number(distribution.p50), "p95": .number(distribution.p95),
                "p99": .number(distribution.p99), "p999": .number(distribution.p999),
                "max": .number(distribution.max),
                "histogram": .array(
                    distribution.histogram.map {
                        ["upTo": .number($0.upTo), "count": JSONValue($0.count)]
                    }
                ),
            ]
            return (phase, value)
        }
        return [
            "count": JSONValue(result.count),
            "failures": JSONValue(result.failureCount),
            "fuel": .integer(Int64(clamping: result.fuel)),
            "phases": .object(Dictionary(phases) { $1 }),
        ]
    }
}
