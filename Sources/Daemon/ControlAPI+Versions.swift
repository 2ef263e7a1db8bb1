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

    /// Answers `GET /v1/functions/{name}/versions/{n}/module`.
    func module(
        _ number: Int,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        let version = try versionRecord(number, of: name)
        let tag = "\"\(version.digest)\""
        if request.fields["if-none-match"] == tag {
            return Response(status: .notModified, fields: ["ETag": tag])
        }
        guard let bytes = try deployments.moduleBytes(digest: version.digest) else {
            throw Problem.internalError("the module \(version.digest) is not in the store")
        }
        return Response(
            status: .ok,
            fields: ["Content-Type": "application/wasm", "ETag": tag],
            body: bytes
        )
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
        let activate = try request.boolean("activate") ?? true
        let patch = try request.json()
        guard let members = patch.members else {
            throw Problem.badRequest("the patch should be a JSON object")
        }
        let precondition = try precondition(request)
        let function = try function(name)
        let base = try versionToConfigure(request, function, name)
        let merged = try JSONValue(parsing: base.configuration).merging(patch)
        let settings = try FunctionConfiguration(json: merged, ceilings: configuration.ceilings)
        try request.caller.requireRights(
            toChange: try Self.configuration(base.configuration, ceilings: .highest),
            to: settings
        )
        guard let bytes = try deployments.moduleBytes(digest: base.digest) else {
            throw Problem.internalError("the module \(base.digest) is not in the store")
        }
        let prepared = try platform.prepare(bytes, configuration: settings)
        // Not the values: they may be nobody else's business.
        let entry = request.auditEntry([
            "keys": .array(members.keys.sorted().map { JSONValue($0) }),
            "activate": JSONValue(activate),
        ])
        let outcome = try executor.change {
            let outcome = try deployments.deploy(
                name: name.description,
                module: bytes,
                configuration: Data(merged.encoded()),
                guestInterface: base.guestInterface,
                source: base.source,
                activate: activate,
                // Nobody may have changed what this patch was made against.
                precondition: precondition == .none ? .revision(function.revision) : precondition,
                audit: entry
            )
            try publish(outcome.function, prepared: prepared, as: outcome.version)
            return outcome
        }
        logger.info(
            "function configured",
            metadata: ["function": "\(name)", "version": "\(outcome.version.number)"]
        )
        return versionResponse(outcome, warnings: prepared.warnings)
    }

    /// The version that `?version=` names, else the live, else the latest one.
    private func versionToConfigure(
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
        // An alias stands where a version's number can stand.
        guard FunctionName(alias) != nil, Int(alias) == nil else {
            throw Problem.badRequest("'\(alias)' is not an alias: a-z, 0-9 and '-', not a number")
        }
        let precondition = try precondition(request)
        let (version, weights) = try Self.aliasTarget(try request.json())
        let shares = weights.map { (String($0.key), JSONValue.number($0.value)) }
        let entry = request.auditEntry([
            "alias": JSONValue(alias),
            "weights": shares.isEmpty ? nil : .object(Dictionary(shares) { $1 }),
        ])
        let record = try executor.change {
            let record = try deployments.setAlias(
                function: name.description,
                alias: alias,
                version: version,
                weights: weights,
                precondition: precondition,
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
                audit: request.auditEntry(["alias": JSONValue(alias)])
            )
            try publish(record)
            return record
        }
        return Response(status: .noContent)
    }

    /// Answers `POST /v1/functions/{name}/rollback`: `live` goes to the newest version below its own.
    func rollBack(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let precondition = try precondition(request)
        let record = try executor.change {
            let function = try function(name)
            guard let live = function.liveVersion else {
                throw Problem.notFound("function '\(name)' has no live version")
            }
            let previous = try deployments.versions(
                of: name.description,
                limit: 1,
                before: live
            ).first
            guard let previous else {
                throw Problem(
                    status: .conflict,
                    kind: "no-earlier-version",
                    title: "No earlier version",
                    detail: "version \(live) of function '\(name)' has none before it"
                )
            }
            let record = try deployments.setAlias(
                function: name.description,
                alias: AliasRecord.live,
                version: previous.number,
                precondition: precondition,
                audit: request.auditEntry()
            )
            try publish(record)
            return record
        }
        return aliasResponse(AliasRecord.live, record)
    }

    private func aliasResponse(_ alias: String, _ record: FunctionRecord) -> Response {
        let value = record.aliases.first { $0.name == alias }.map(Self.alias)
        return json(value ?? .null, fields: ["ETag": Self.tag(record)])
    }

    private static func aliasTarget(
        _ json: JSONValue
    ) throws -> (version: Int, weights: [Int: Double]) {
        guard let members = json.members, let number = members["version"]?.integer else {
            throw Problem.badRequest("the body should be {\"version\": N, \"weights\": {…}}")
        }
        if let unknown = members.keys.first(where: { $0 != "version" && $0 != "weights" }) {
            throw Problem.badRequest("'\(unknown)' is not a known key")
        }
        var weights: [Int: Double] = [:]
        for (key, value) in members["weights"]?.members ?? [:] {
            let share: Double? =
                switch value {
                case .number(let number): number
                case .integer(let number): Double(number)
                default: nil
                }
            guard let version = Int(key), let share, (0...1).contains(share) else {
                throw Problem.badRequest("weights should be {\"VERSION\": a number from 0 to 1}")
            }
            weights[version] = share
        }
        guard weights.values.reduce(0, +) <= 1 else {
            throw Problem.badRequest("the weights add up to more than 1")
        }
        return (Int(clamping: number), weights)
    }
}
