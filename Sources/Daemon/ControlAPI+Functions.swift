import Foundation
import Gzip
import HTTP
import Logging
import Platform
import Store
import Wasm

/// Deploying, describing and deleting functions.
extension ControlAPI {
    /// Answers `GET /v1/functions`.
    func listFunctions(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("limit", "cursor")
        let limit = try request.integer("limit", in: 1...1_000) ?? 100
        let records = try deployments.functions(
            limit: limit + 1,
            after: request.query["cursor"],
            matching: request.caller.functions.texts
        )
        let page = records.prefix(limit)
        let functions = try page.map { try summary($0) }
        let next = records.count > limit ? page.last?.name : nil
        return json(["functions": .array(functions), "nextCursor": JSONValue(next)])
    }

    /// Answers `GET /v1/functions/{name}`.
    func describe(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let record = try function(name)
        var document = try summary(record).members ?? [:]
        let secrets = try secrets(ofVersionAfter: record)
        document["secrets"] = .array(secrets.map { JSONValue($0.name) })
        document["problems"] = .array(secrets.compactMap(vault.problem).map { .string($0) })
        return json(.object(document), fields: ["ETag": Self.tag(record)])
    }

    /// Answers `DELETE /v1/functions/{name}`.
    func delete(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let precondition = try precondition(request)
        let existed = try executor.change {
            let existed = try deployments.delete(
                name: name.description,
                precondition: precondition,
                origin: request.origin,
                audit: request.auditEntry()
            )
            if existed {
                platform.withdraw(name.description)
                faults.forget(function: name.description)
            }
            return existed
        }
        guard existed else { throw Problem.notFound("there is no function '\(name)'") }
        logger.info("function deleted", metadata: ["function": "\(name)"])
        return Response(status: .noContent)
    }

    /// Answers `PUT /v1/functions/{name}`.
    func deploy(_ name: FunctionName, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("activate", "runtime")
        let upload = try upload(request)
        let runtime = request.query["runtime"]
        let code = try codeUpload(upload, hasRuntime: runtime != nil)
        let signature = try ModuleSignature(of: upload.body, request.fields, configuration.access)
        let draft = try draft(code, runtime: runtime)
        return try makeVersion(of: name, request) { base in
            let current = try base.map { try versionRecord($0.currentVersion, of: name) }
            return VersionPlan(
                kind: .deploy,
                code: draft,
                configuration: try upload.configuration {
                    try draft.settings ?? current.map(Self.storedConfiguration) ?? [:]
                },
                secrets: try secrets(ofVersionAfter: base),
                source: signature?.document,
                notes: ["signedBy": signature.map { JSONValue($0.keyName) }]
            )
        }
    }

    /// The response to a call that may have made a version of a module that was made ready.
    func versionResponse(
        _ outcome: DeploymentOutcome,
        _ prepared: PreparedModule,
        warnings: [String]
    ) throws -> Response {
        let version = outcome.version
        let path = "/v1/functions/\(version.function)/versions/\(version.number)"
        var document = describe(version, of: outcome.function).members ?? [:]
        let all = warnings + prepared.warnings + self.warnings(of: version)
        document["warnings"] = .array(all.map { .string($0) })
        document["secrets"] = try secretNames(of: version)
        document["capabilities"] = CapabilityReport.json(prepared.capabilities)
        return json(
            .object(document),
            status: outcome.kind == .created ? .created : .ok,
            fields: ["ETag": Self.tag(outcome.function), "Location": path]
        )
    }

    /// What is allowed, but seldom meant.
    private func warnings(of version: VersionRecord) -> [String] {
        let settings = try? Self.configuration(version.configuration, ceilings: .highest)
        guard let settings, settings.reuse > 1 else { return [] }
        return [
            "reuse is \(settings.reuse), but WASI commands are made to run once: those of most "
                + "toolchains trap at the second request"
        ]
    }

    /// Shows requests a function as it is stored.
    ///
    /// On the thread for changes.
    func publish(
        _ record: FunctionRecord,
        prepared: PreparedModule? = nil,
        as version: VersionRecord? = nil
    ) throws {
        let stored = try StoredFunction(record, of: deployments)
        faults.update(record.name, stored.versions, deployed: version)
        platform.publish(
            stored,
            prepared: version.flatMap { version in prepared?.version(version.number) }
        )
    }

    // MARK: - Uploads

    /// The module of an upload, unpacked; refuses what is none at a glance.
    static func module(
        _ bytes: [UInt8],
        _ format: ModuleCheck.Format
    ) throws(Problem) -> [UInt8] {
        guard !bytes.isEmpty else { throw .notWasm("the body is empty") }
        guard format == .binary else {
            guard bytes.count <= ModuleCheck.textBytesMax else {
                throw .tooLarge("the module's text", byteCountMax: ModuleCheck.textBytesMax)
            }
            return bytes
        }
        guard bytes.starts(with: [0x00, 0x61, 0x73, 0x6d]) else {
            throw .notWasm("the body does not begin with '\\0asm', as every module does")
        }
        guard bytes.count < 8 || bytes[4..<8].elementsEqual([1, 0, 0, 0]) else {
            if bytes[6..<8].elementsEqual([1, 0]) {
                throw .unprocessable(
                    "unsupported-interface",
                    "Unsupported",
                    "the body is a component; only core modules are supported yet"
                )
            }
            throw Self.invalidModule(ModuleError(.malformed, "unknown binary version", at: 4))
        }
        return bytes
    }

    /// The body without its coding, of at most so many bytes.
    func unpacked(_ request: ControlRequest, limit: Int) throws(Problem) -> [UInt8] {
        switch request.fields["content-encoding"]?.lowercased() {
        case nil, "identity":
            guard request.body.count <= limit else {
                throw .tooLarge("the body", byteCountMax: limit)
            }
            return request.body
        case "gzip", "x-gzip":
            do throws(GzipDecoder.Failure) {
                return try GzipDecoder.unpack(request.body, byteCountMax: limit)
            } catch {
                switch error {
                case .tooLarge: throw .tooLarge("the unpacked body", byteCountMax: limit)
                case .malformed: throw .badRequest("the body is not gzip, as it claims")
                case .outOfMemory: throw .internalError("no memory to unpack the body")
                }
            }
        case .some(let coding):
            throw .notWasm("Content-Encoding '\(coding)' is not supported: use gzip")
        }
    }

    /// The check in a process of its own; answers the module in the binary format.
    ///
    /// A module that is stored has passed it.
    func check(_ upload: [UInt8], _ format: ModuleCheck.Format) throws -> [UInt8] {
        if format == .binary,
            // One that has been altered is as good as none, and is replaced.
            (try? deployments.moduleBytes(digest: ModuleDigest(of: upload))) != nil
        {
            return upload
        }
        switch try check.run(upload, format: format) {
        case .valid(let module):
            return module
        case .refusedText(let error):
            throw Self.invalidText(error)
        case .refused(let error):
            throw Self.invalidModule(error)
        case .failed(let reason):
            throw Problem.unprocessable(
                "check-failed",
                "Module could not be checked",
                "the module could not be checked: \(reason)"
            )
        }
    }

    // MARK: - JSON

    /// Reads a stored configuration.
    static func configuration(
        _ data: Data,
        ceilings: FunctionConfiguration.Ceilings
    ) throws -> FunctionConfiguration {
        try FunctionConfiguration(json: JSONValue(parsing: data), ceilings: ceilings)
    }

    /// A version's configuration as it was given, for another version that takes it over.
    static func storedConfiguration(of version: VersionRecord) throws(Problem) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: version.configuration)
        } catch {
            throw .quarantined(
                "the configuration of version \(version.number) of function '\(version.function)', which "
                    + "the new version would take over, was lost: give a whole one with the module, or "
                    + "roll back"
            )
        }
    }

    /// A function in lists and by itself.
    private func summary(_ record: FunctionRecord) throws -> JSONValue {
        let number = record.liveVersion ?? record.latestVersion
        let version = try deployments.version(of: record.name, number: number)
        return [
            "name": JSONValue(record.name),
            "createdAt": JSONValue(record.createdAt.description),
            "updatedAt": JSONValue(record.updatedAt.description),
            "revision": JSONValue(record.revision),
            "liveVersion": JSONValue(record.liveVersion),
            "latestVersion": JSONValue(record.latestVersion),
            "aliases": .array(record.aliases.map(Self.alias)),
            "interface": JSONValue(version?.guestInterface),
            "sizeBytes": JSONValue(version?.moduleBytes),
            "digest": JSONValue(version?.digest.description),
            "url": JSONValue("/f/\(record.name)"),
            "faults": .array(
                faults.of(function: record.name).map { fault in
                    ["version": JSONValue(fault.version), "reason": JSONValue(fault.reason)]
                }
            ),
        ]
    }

    static func alias(_ alias: AliasRecord) -> JSONValue {
        [
            "alias": JSONValue(alias.name),
            "version": JSONValue(alias.version),
            "weights": document(weights: alias.weights),
            "sticky": document(alias.sticky),
            "updatedAt": JSONValue(alias.updatedAt.description),
        ]
    }

    /// The names of a version's secrets.
    func secretNames(of version: VersionRecord) throws -> JSONValue {
        let secrets = try deployments.secrets(of: version.function, version: version.number)
        return .array(secrets.map { JSONValue($0.name) })
    }

    /// A version, and whether it is the one that plain requests get.
    func describe(_ version: VersionRecord, of function: FunctionRecord) -> JSONValue {
        let isActive = function.liveVersion == version.number
        let url =
            isActive ? "/f/\(version.function)" : "/f/\(version.function)@\(version.number)"
        let members: [String: JSONValue] = [
            "function": JSONValue(version.function),
            "version": JSONValue(version.number),
            "digest": JSONValue(version.digest.description),
            "sizeBytes": JSONValue(version.moduleBytes),
            "createdAt": JSONValue(version.createdAt.description),
            "interface": JSONValue(version.guestInterface),
            "config": (try? JSONValue(parsing: version.configuration)) ?? .null,
            "active": JSONValue(isActive),
            "signedBy": JSONValue(ModuleSignature.keyName(of: version)),
            "url": JSONValue(url),
        ]
        return .object(members.merging(codeMembers(of: version)) { $1 })
    }
}
