import HTTP
import Platform
import Store

/// Who changed what of a function, and when.
extension ControlAPI {
    /// Answers `GET /v1/functions/{name}/history`, the newest change first.
    ///
    /// A function that was deleted has its history still.
    func history(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("limit", "cursor")
        let limit = try request.integer("limit", in: 1...1_000) ?? 50
        let before = try request.integer("cursor", in: 1...Int.max)
        let entries = try deployments.history(
            of: name.description,
            limit: limit + 1,
            before: before.map(Int64.init)
        )
        if entries.isEmpty, before == nil { _ = try function(name) }
        let page = entries.prefix(limit)
        let next = entries.count > limit ? page.last.map { String($0.id) } : nil
        return json([
            "history": .array(page.map(Self.document)),
            "nextCursor": JSONValue(next),
        ])
    }

    private static func document(_ entry: HistoryEntry) -> JSONValue {
        let detail = entry.detail
        var members: [String: JSONValue] = [
            "id": .integer(entry.id),
            "at": JSONValue(entry.at.description),
            "kind": JSONValue(entry.kind.rawValue),
            "by": JSONValue(entry.origin.actor),
            "requestId": JSONValue(entry.origin.requestIdentifier),
        ]
        if let version = detail.version { members["version"] = JSONValue(version) }
        if let secret = detail.secret { members["secret"] = JSONValue(secret) }
        if let alias = detail.alias {
            members["alias"] = JSONValue(alias)
            members["from"] = detail.from.map(document) ?? .null
            members["to"] = detail.to.map(document) ?? .null
        }
        if let versions = detail.versions {
            members["versions"] = .array(versions.map { JSONValue($0) })
            members["modules"] = JSONValue(detail.moduleCount)
        }
        return .object(members)
    }

    private static func document(_ target: HistoryEntry.Target) -> JSONValue {
        [
            "version": JSONValue(target.version),
            "weights": document(weights: target.weights),
            "sticky": document(target.sticky),
        ]
    }

    /// The JSON form of shares.
    static func document(weights: [Int: Double]) -> JSONValue {
        .object(Dictionary(weights.map { (String($0.key), .number($0.value)) }) { $1 })
    }

    /// The JSON form of what decides who gets which version.
    static func document(_ key: StickyKey?) -> JSONValue {
        switch key {
        case nil: .null
        case .header(let name): ["header": JSONValue(name)]
        case .cookie(let name): ["cookie": JSONValue(name)]
        }
    }
}
