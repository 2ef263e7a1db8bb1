import Foundation
import HTTP
import Logging
import Platform
import Store

/// Versions, configuration and aliases.
extension ControlAPI {
    /// Answers `GET /v1/functions/{name}/versions`.
    func listVersions(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("limit", "cursor")
        let limit = try request.integer("limit", in: 1...1_000) ?? 100
        let before = try request.integer("cursor", in: 1...Int(Int32.max))
        let function = try function(name)
        let records = try deployments.versions(
            of: name.description,
            limit: limit + 1,
            before: before
        )
        let page = records.prefix(limit)
        let next = records.count > limit ? page.last.map { String($0.number) } : nil
        return json([
            "versions": .array(page.map { describe($0, of: function) }),
            "nextCursor": JSONValue(next),
        ])
    }

    /// Answers `GET /v1/functions/{name}/versions/{n}`.
    func version(
        _ number: Int,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        let function = try function(name)
        let version = try versionRecord(number, of: name)
        var document = describe(version, of: function).members ?? [:]
        document["secrets"] = try secretNames(of: version)
        let benchmarks = try deployments.benchmarks(
            function: name.description,
            version: number,
            limit: 20
        )
        document["benchmarks"] = .array(
            try benchmarks.map { record in
                [
                    "at": JSONValue(record.createdAt.description),
                    "result": try JSONValue(parsing: record.result),
                ]
            }
        )
        return json(.object(document))
    }

    // MARK: - Configuration

    /// Answers `GET /v1/functions/{name}/config`: of the live, else the latest, version, with defaults.
    func configuration(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("version")
        let function = try function(name)
        let version = try versionToConfigure(request, function, name)
        let settings = try Self.configuration(version.configuration, ceilings: .highest)
        return json(settings.json, fields: ["ETag": Self.tag(function)])
    }

    /// Answers `PATCH /v1/functions/{name}/config`: a merge patch (RFC 7396), which makes a version.
    func patchConfiguration(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("activate", "version")
        let patch = try request.json()
        guard let members = patch.members else {
            throw Problem.badRequest("the patch should be a JSON object")
        }
        try FunctionConfiguration.checkNames(ofPatch: patch)
        return try configure(name, request, keys: members.keys.sorted()) {
            try Self.storedConfiguration(of: $0).merging(patch)
        }
    }

    /// Answers `PUT /v1/functions/{name}/config`: the whole configuration, which makes a version.
    func putConfiguration(of name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("activate", "version")
        let whole = try request.json()
        let keys = whole.members?.keys.sorted() ?? []
        return try configure(name, request, keys: keys) { _ in whole }
    }

    private func configure(
        _ name: FunctionName,
        _ request: ControlRequest,
        keys: [String],
        _ change: (VersionRecord) throws -> JSONValue
    ) throws -> Response {
        try makeVersion(of: name, request) { base in
            guard let base else { throw StoreError.noSuchFunction(name.description) }
            let version = try versionToConfigure(request, base, name)
            return VersionPlan(
                kind: .configure,
                code: try draft(of: version),
                configuration: try change(version),
                secrets: try deployments.secrets(of: base.name, version: version.number),
                source: version.source,
                // Not the values: they may be nobody else's business.
                notes: ["keys": .array(keys.map { JSONValue($0) })]
            )
        }
    }

    /// The version that `?version=` names, else the live, else the latest one.
    func versionToConfigure(
        _ request: ControlRequest,
        _ function: FunctionRecord,
        _ name: FunctionName
    ) throws -> VersionRecord {
        let number =
            try request.integer("version", in: 1...Int(Int32.max)) ?? function.liveVersion
            ?? function.latestVersion
        return try versionRecord(number, of: name)
    }

    // MARK: - Aliases

    /// Answers `PUT /v1/functions/{name}/aliases/{alias}`.
    func putAlias(
        _ alias: String,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        guard Self.isAlias(alias) else {
            throw Problem.badRequest("'\(alias)' is not an alias: a-z, 0-9 and '-', not a number")
        }
        let precondition = try precondition(request)
        let document = try request.json()
        let goal: AliasGoal
        do throws(ConfigurationError) {
            goal = try AliasGoal(document)
        } catch {
            throw Problem.badRequest(error.description)
        }
        let shares = goal.weights.map { (String($0.key), JSONValue.number($0.value)) }
        let entry = request.auditEntry([
            "alias": JSONValue(alias),
            "weights": shares.isEmpty ? nil : .object(Dictionary(shares) { $1 }),
            "sticky": goal.sticky.map(Self.document),
        ])
        let record = try executor.change {
            let record = try deployments.setAlias(
                function: name.description,
                alias: alias,
                version: goal.version,
                weights: goal.weights,
                sticky: goal.sticky,
                precondition: precondition,
                origin: request.origin,
                audit: entry
            )
            try publish(record)
            return record
        }
        return aliasResponse(alias, record)
    }

    /// Answers `DELETE /v1/functions/{name}/aliases/{alias}`.
    func deleteAlias(
        _ alias: String,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        let precondition = try precondition(request)
        _ = try executor.change {
            let record = try deployments.deleteAlias(
                function: name.description,
                alias: alias,
                precondition: precondition,
                origin: request.origin,
                audit: request.auditEntry(["alias": JSONValue(alias)])
            )
            try publish(record)
            return record
        }
        return Response(status: .noContent)
    }

    /// Answers `POST /v1/functions/{name}/rollback`: `live` goes back to where it led before, or to the version that
    /// the body names.
    func rollBack(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let version = try request.body.isEmpty ? nil : Self.rollbackGoal(request.json())
        let precondition = try precondition(request)
        let record = try executor.change {
            let record = try deployments.rollBack(
                function: name.description,
                to: version,
                precondition: precondition,
                origin: request.origin,
                audit: request.auditEntry()
            )
            try publish(record)
            return record
        }
        return aliasResponse(AliasRecord.live, record)
    }

    /// Reads `{"version": 7}`.
    private static func rollbackGoal(_ json: JSONValue) throws(Problem) -> Int? {
        do throws(ConfigurationError) {
            var reader = try ObjectReader(json, at: "")
            let version = try reader.optionalInteger("version")
            try reader.finish()
            guard version.map({ $0 > 0 }) ?? true else {
                throw ConfigurationError(key: "version", reason: "should be a version's number")
            }
            return version
        } catch {
            throw .badRequest(error.description)
        }
    }

    private func aliasResponse(_ alias: String, _ record: FunctionRecord) -> Response {
        let value = record.aliases.first { $0.name == alias }.map(Self.alias)
        return json(value ?? .null, fields: ["ETag": Self.tag(record)])
    }
}
