import Foundation
import HTTP
import Store

/// Calls that are made later: what has become of them.
extension ControlAPI {
    /// Answers `GET /v1/async-calls`.
    func listAsyncCalls(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("function", "state", "limit")
        let calls = try deployments.asyncCalls(
            function: request.query["function"],
            state: try choice("state", request, AsyncCall.State.init(rawValue:)),
            limit: try request.integer("limit", in: 1...1_000) ?? 50
        )
        return json([
            "asyncCalls": .array(
                calls.map { call in
                    var members = Self.document(call).members ?? [:]
                    members["id"] = JSONValue(call.id)
                    members["function"] = JSONValue(call.function)
                    members["result"] = call.result.map { ["status": JSONValue($0.status)] }
                    return .object(members)
                }
            )
        ])
    }

    /// Answers `POST /v1/async-calls/{id}/retry`.
    func retryAsyncCall(_ id: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        guard let call = try asyncCalls.retry(id) else { throw Self.noAsyncCall(id) }
        return json(Self.document(call))
    }

    /// Answers `DELETE /v1/async-calls/{id}`.
    func deleteAsyncCall(_ id: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        guard try deployments.deleteAsyncCall(id: id) else { throw Self.noAsyncCall(id) }
        return Response(status: .noContent)
    }

    /// Answers `GET /v1/invocations/{id}/result`: the body that the function answered with.
    func asyncResult(_ id: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        guard let call = try deployments.asyncCall(id: id), let result = call.result,
            request.caller.functions.cover(call.function)
        else {
            throw Problem.notFound("there is no result of a call '\(id)' (yet)")
        }
        var response = Response(status: .ok, body: Array(result.body))
        let fields = Fields(octetsOfHTTP: Array(result.fields))
        response.fields.append(
            "Content-Type",
            fields["content-type"] ?? "application/octet-stream"
        )
        response.fields.append("X-Function-Status", String(result.status))
        if let coding = fields["content-encoding"] {
            response.fields.append("Content-Encoding", coding)
        }
        if result.isTruncated { response.fields.append("X-Truncated", "true") }
        return response
    }

    private static func noAsyncCall(_ id: String) -> Problem {
        .notFound("there is no asynchronous call '\(id)'")
    }

    /// The `async` member of an invocation.
    static func document(_ call: AsyncCall) -> JSONValue {
        var result = JSONValue.null
        if let answer = call.result {
            var headers: [String: String] = [:]
            for (name, value) in Fields(octetsOfHTTP: Array(answer.fields)) {
                let others = headers[name.lowercased()].map { $0 + ", " } ?? ""
                headers[name.lowercased()] = others + value
            }
            var members: [String: JSONValue] = [
                "status": JSONValue(answer.status),
                "headers": .object(headers.mapValues { JSONValue($0) }),
                "truncated": JSONValue(answer.isTruncated),
            ]
            if let text = String(data: answer.body, encoding: .utf8) {
                members["body"] = JSONValue(text)
            } else {
                members["bodyBase64"] = JSONValue(answer.body.base64EncodedString())
            }
            result = .object(members)
        }
        return [
            "state": JSONValue(call.state.rawValue),
            "attempts": JSONValue(call.attempts),
            "createdAt": JSONValue(call.createdAt.description),
            "dueAt": call.state == .waiting ? JSONValue(call.dueAt.description) : .null,
            "endedAt": JSONValue(call.endedAt?.description),
            "error": JSONValue(call.error),
            "result": result,
        ]
    }
}
