import Foundation
import HTTP
import Logging
import Platform
import Store

/// Tokens: who may use the control plane and guarded functions, and for what.
extension ControlAPI {
    /// Answers `GET /v1/tokens`: never their secrets.
    func listTokens(_ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let owner: JSONValue = [
            "name": JSONValue(TokenTable.folderTokenName), "scopes": .array(["admin"]),
            "functions": .array(["*"]), "createdAt": .null, "createdBy": .null, "expiresAt": .null,
            "expired": false, "builtIn": true,
        ]
        return json(["tokens": .array([owner] + (try deployments.tokens().map(document)))])
    }

    /// Answers `POST /v1/tokens`: the only answer that has the secret.
    func createToken(_ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let secret = TokenSecret.make()
        let record = try tokenRecord(try request.json(), request.caller, secret: secret)
        let scopes = record.scopes.map { JSONValue($0) }
        let functions = record.functions.map { JSONValue($0) }
        let entry = request.auditEntry([
            "token": JSONValue(record.name), "scopes": .array(scopes),
            "functions": .array(functions), "expiresAt": JSONValue(record.expiresAt?.description),
        ])
        let countMax = configuration.access.tokensMax
        let addition = try executor.change {
            let addition = try deployments.addToken(record, countMax: countMax, audit: entry)
            access.replaceTokens(try deployments.tokens())
            return addition
        }
        switch addition {
        case .nameTaken: throw Self.conflict("there is a token '\(record.name)' already")
        case .full: throw Self.conflict("there are \(countMax) tokens already, which is the limit")
        case .added: break
        }
        logger.info("token created", metadata: ["token": "\(record.name)"])
        var members = document(record).members ?? [:]
        members["token"] = JSONValue(secret)
        return json(
            .object(members),
            status: .created,
            fields: ["Location": "/v1/tokens/\(record.name)", "Cache-Control": "no-store"]
        )
    }

    /// Answers `DELETE /v1/tokens/{name}`: when it has, the token is worth nothing.
    func revokeToken(_ name: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        guard name != TokenTable.folderTokenName else {
            throw Self.conflict(
                "'\(name)' is the data folder's token: to replace it, remove the file 'token' and "
                    + "restart the daemon"
            )
        }
        let entry = request.auditEntry(["token": JSONValue(name)])
        let existed = try executor.change {
            let existed = try deployments.deleteToken(named: name, audit: entry)
            access.replaceTokens(try deployments.tokens())
            return existed
        }
        guard existed else { throw Problem.notFound("there is no token '\(name)'") }
        logger.info("token revoked", metadata: ["token": "\(name)"])
        return Response(status: .noContent)
    }

    private static func conflict(_ detail: String) -> Problem {
        Problem(status: .conflict, kind: "conflict", title: "Conflict", detail: detail)
    }

    // MARK: - JSON

    private func document(_ token: TokenRecord) -> JSONValue {
        [
            "name": JSONValue(token.name),
            "scopes": .array(token.scopes.map { JSONValue($0) }),
            "functions": .array(token.functions.map { JSONValue($0) }),
            "createdAt": JSONValue(token.createdAt.description),
            "createdBy": JSONValue(token.createdBy),
            "expiresAt": JSONValue(token.expiresAt?.description),
            "expired": JSONValue(token.expiresAt.map { $0 <= access.time } ?? false),
            "builtIn": false,
        ]
    }

    /// Reads `{"name", "scopes", "functions", "expiresAt" or "expiresInSeconds"}`.
    private func tokenRecord(
        _ json: JSONValue,
        _ caller: Caller,
        secret: String
    ) throws(ConfigurationError) -> TokenRecord {
        var reader = try ObjectReader(json, at: "")
        let others = ["scopes", "functions", "expiresAt", "expiresInSeconds"]
        guard let name = try reader.string("name") else {
            throw reader.missing("name", besides: others)
        }
        // The names of functions are as good for tokens.
        guard FunctionName(name) != nil, name != TokenTable.folderTokenName else {
            throw ConfigurationError(
                key: "name",
                reason: "is '\(name)' when it should be 1 to \(FunctionName.byteCountMax) of a-z, "
                    + "0-9 and '-', with no '-' at either end, and not "
                    + "'\(TokenTable.folderTokenName)'"
            )
        }
        guard let scopes = try reader.texts("scopes") else {
            throw reader.missing(
                "scopes",
                "should be at least one of \(Scopes.allNames)",
                besides: others
            )
        }
        for (index, scope) in scopes.enumerated() where Scopes.named(scope) == nil {
            throw ConfigurationError(
                key: "scopes[\(index)]",
                reason: "is '\(scope)' when it should be one of \(Scopes.allNames)"
            )
        }
        guard !scopes.isEmpty else {
            throw ConfigurationError(
                key: "scopes",
                reason: "should be at least one of \(Scopes.allNames)"
            )
        }
        let patterns = try reader.texts("functions") ?? FunctionPatterns.all.texts
        let functions = try FunctionPatterns(patterns, key: "functions")
        let expiresAt = try expiry(&reader)
        try reader.finish()
        return TokenRecord(
            name: name,
            digest: TokenSecret.digest(of: secret),
            scopes: Scopes(scopes.compactMap(Scopes.named)).names,
            functions: functions.texts,
            createdAt: access.time,
            createdBy: caller.name,
            expiresAt: expiresAt
        )
    }

    private func expiry(_ reader: inout ObjectReader) throws(ConfigurationError) -> Timestamp? {
        let text = try reader.string("expiresAt")
        let seconds = try reader.optionalInteger("expiresInSeconds")
        let now = access.time
        if let text {
            guard seconds == nil, let moment = Timestamp(rfc3339: text), moment > now else {
                throw ConfigurationError(
                    key: "expiresAt",
                    reason: "is '\(text)' when it should be a moment to come as RFC 3339 has it, "
                        + "without 'expiresInSeconds' beside it"
                )
            }
            return moment
        }
        guard let seconds else { return nil }
        guard (1...Int(Int32.max)).contains(seconds) else {
            throw ConfigurationError(
                key: "expiresInSeconds",
                reason: "is \(seconds) when it should be 1 to \(Int32.max)"
            )
        }
        return Timestamp(microseconds: now.microseconds + Int64(seconds) * 1_000_000)
    }
}
