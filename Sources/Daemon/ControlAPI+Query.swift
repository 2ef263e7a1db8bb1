import Foundation
import HTTP
import Store

/// SQL over the records.
extension ControlAPI {
    /// Answers `POST /v1/query`.
    func query(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("limit")
        let format = try QueryFormat(accept: request.fields["accept"])
        let limits = configuration.query
        var query = try Self.query(of: request, limits)
        query.rowLimit = try request.integer("limit", in: 1...limits.rowsMax) ?? query.rowLimit
        let answer: InvocationQuery.Answer
        do {
            answer = try invocations.query(query, limits: limits)
        } catch {
            throw Self.problem(of: error)
        }
        var fields: Fields = ["Content-Type": format.contentType, "Cache-Control": "no-store"]
        if answer.isTruncated { fields.set("X-Query-Truncated", "true") }
        return Response(status: .ok, fields: fields, body: format.encode(answer))
    }

    private static func query(
        of request: ControlRequest,
        _ limits: InvocationQuery.Limits
    ) throws(Problem) -> InvocationQuery {
        let type = (request.fields["content-type"] ?? "").prefix { $0 != ";" }
            .trimmingCharacters(in: .whitespaces).lowercased()
        switch type {
        case "application/sql":
            guard let sql = String(validating: request.body, as: UTF8.self) else {
                throw .badRequest("the statement is not UTF-8")
            }
            return InvocationQuery(sql: sql)
        case "application/json", "":
            return try query(try request.json(), limits)
        default:
            throw Problem(
                status: .unsupportedMediaType,
                kind: "not-sql",
                title: "Not SQL",
                detail: "the body is \(type) when it should be application/json or application/sql",
                fields: ["Accept": "application/json, application/sql"]
            )
        }
    }

    private static func query(
        _ json: JSONValue,
        _ limits: InvocationQuery.Limits
    ) throws(Problem) -> InvocationQuery {
        guard let members = json.members, let sql = members["sql"]?.string else {
            throw .badRequest("the body should be {\"sql\": \"SELECT …\"}")
        }
        let known: Set = ["sql", "parameters", "limit"]
        if let unknown = members.keys.filter({ !known.contains($0) }).min() {
            throw .badRequest("'\(unknown)' is not a key; there are sql, parameters, limit")
        }
        var query = InvocationQuery(sql: sql)
        switch members["parameters"] {
        case nil, .null: break
        case .array(let values):
            query.parameters = try values.map { value throws(Problem) in try parameter(value) }
        default: throw .badRequest("'parameters' should be an array")
        }
        if let limit = members["limit"], limit != .null {
            guard let count = limit.integer, (1...Int64(limits.rowsMax)).contains(count) else {
                throw .badRequest("'limit' should be an integer from 1 to \(limits.rowsMax)")
            }
            query.rowLimit = Int(count)
        }
        return query
    }

    private static func parameter(_ json: JSONValue) throws(Problem) -> InvocationQuery.Value {
        switch json {
        case .null: .null
        case .boolean(let value): .integer(value ? 1 : 0)
        case .integer(let value): .integer(value)
        case .number(let value): .real(value)
        case .string(let value): .text(value)
        case .array, .object:
            throw .badRequest("a parameter should be a string, a number, true, false or null")
        }
    }

    private static func problem(of error: QueryError) -> Problem {
        switch error.kind {
        case .invalid:
            var problem = Problem.badRequest(error.message)
            problem.members["offset"] = JSONValue(error.offset)
            return problem
        case .timeout:
            return Problem(
                status: .badRequest,
                kind: "query-timeout",
                title: "Query takes too long",
                detail: error.message
            )
        case .memory:
            return Problem(
                status: .badRequest,
                kind: "query-memory",
                title: "Query needs too much memory",
                detail: error.message
            )
        case .unavailable:
            return problem(of: StoreError.unavailable(error.message))
        }
    }
}
