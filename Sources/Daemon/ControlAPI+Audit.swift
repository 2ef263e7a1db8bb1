import Foundation
import HTTP
import Logging
import Store

/// The audit trail.
extension ControlAPI {
    /// Answers `GET /v1/audit`: the newest entries first.
    func listAudit(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("function", "limit", "cursor")
        let limit = try request.integer("limit", in: 1...1_000) ?? 100
        let records = try deployments.auditRecords(
            function: request.query["function"],
            before: try request.integer("cursor", in: 1...Int.max),
            limit: limit + 1
        )
        let page = records.prefix(limit)
        let next = records.count > limit ? page.last.map { String($0.id) } : nil
        return json([
            "entries": .array(page.map(Self.document)), "nextCursor": JSONValue(next),
        ])
    }

    private static func document(_ record: AuditRecord) -> JSONValue {
        let entry = record.entry
        return [
            "id": JSONValue(record.id),
            "at": JSONValue(record.at.description),
            "actor": JSONValue(entry.actor),
            "action": JSONValue(entry.action),
            "function": JSONValue(entry.function),
            "version": JSONValue(entry.version),
            "digest": JSONValue(entry.digest?.description),
            "detail": entry.detail.flatMap { try? JSONValue(parsing: $0) } ?? .null,
            "requestId": JSONValue(entry.requestIdentifier),
            "clientAddress": JSONValue(entry.clientAddress),
        ]
    }

    /// Notes a call that has succeeded, unless its own transaction did.
    func audit(
        _ request: ControlRequest,
        _ response: Response,
        _ detail: [String: JSONValue?] = [:]
    ) {
        guard case .afterwards = request.rule.audit, response.status.code < 300,
            request.method != .head
        else { return }
        do {
            try deployments.append(request.auditEntry(detail))
        } catch {
            // What was done stays done.
            logger.error(
                "change is not in the audit trail",
                metadata: ["requestId": "\(request.identifier)", "error": "\(error)"]
            )
        }
    }
}

extension ControlRequest {
    /// What is noted of the change that the request asks for, with those details that there are.
    func auditEntry(_ detail: [String: JSONValue?] = [:]) -> AuditEntry {
        let detail = rule.details(in: segments).merging(detail) { $1 }.compactMapValues { $0 }
        let action =
            switch rule.audit {
            case .never: method.rawValue
            case .withChange(let action), .afterwards(let action): action
            }
        return AuditEntry(
            actor: caller.name,
            action: action,
            function: rule.function(in: segments),
            detail: detail.isEmpty ? nil : Data(JSONValue.object(detail).encoded()),
            requestIdentifier: identifier,
            clientAddress: caller.clientAddress
        )
    }
}
