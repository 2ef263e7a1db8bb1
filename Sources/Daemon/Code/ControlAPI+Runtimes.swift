import HTTP
import Logging
import Platform
import Store

/// Language runtimes.
extension ControlAPI {
    /// Answers `GET /v1/runtimes`.
    func listRuntimes(_ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        return json(["runtimes": .array(try deployments.runtimes().map(Self.document))])
    }

    /// Answers `GET /v1/runtimes/{name}`.
    func runtime(_ name: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        guard let record = try deployments.runtime(named: name) else {
            throw Problem.notFound("there is no runtime '\(name)'")
        }
        return json(try Self.document(record))
    }

    /// Answers `PUT /v1/runtimes/{name}`: a module, or a tar archive of one and its files.
    func putRuntime(_ name: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery("language")
        guard FunctionName(name) != nil else { throw Problem.badName(name) }
        let whole = try upload(request)
        let signature = try ModuleSignature(of: whole.body, request.fields, configuration.access)
        let upload = try codeUpload(whole, hasRuntime: false)
        let (module, files, document) = try runtimeParts(upload)
        let settings = try RuntimeSettings(
            document,
            language: try Self.language(request.query["language"], runtime: name)
        )
        let stored = settings.json.encoded()
        let build = RuntimeBuild(
            name: name,
            digest: DeploymentStore.buildDigest(
                name: name,
                module: ModuleDigest(of: module),
                bundle: DeploymentStore.bundleDigest(of: files),
                settings: stored
            ),
            module: ModuleDigest(of: module),
            files: DeploymentStore.bundleDigest(of: files),
            language: settings.language,
            arguments: settings.arguments
        )
        let before = try deployments.runtime(named: name)
        try platform.prepareRuntime(build, module: module, files: files)
        let record = try executor.change {
            let record = try deployments.putRuntime(
                name: name,
                module: module,
                files: files,
                settings: stored,
                audit: request.auditEntry(["signedBy": signature.map { JSONValue($0.keyName) }])
            )
            try republishFaulty([build.module] + (build.files.map { [$0] } ?? []))
            return record
        }
        logger.info(
            "runtime added",
            metadata: ["runtime": "\(name)", "digest": "\(record.build.digest)"]
        )
        return json(
            try Self.document(record),
            status: before == nil ? .created : .ok,
            fields: ["Location": "/v1/runtimes/\(name)"]
        )
    }

    /// Shows requests anew what could not serve, because contents may be there again that it needs.
    private func republishFaulty(_ contents: [ModuleDigest]) throws {
        let functions = Set(faults.all.map(\.function))
        faults.forget(contents)
        for name in functions {
            if let record = try deployments.function(named: name) { try publish(record) }
        }
    }

    /// Answers `DELETE /v1/runtimes/{name}`.
    func deleteRuntime(_ name: String, _ request: ControlRequest) throws -> Response {
        try request.allowQuery()
        let existed = try executor.change {
            try deployments.deleteRuntime(name: name, audit: request.auditEntry())
        }
        guard existed else { throw Problem.notFound("there is no runtime '\(name)'") }
        logger.info("runtime deleted", metadata: ["runtime": "\(name)"])
        return Response(status: .noContent)
    }

    /// The module of an upload, its files, and what its `roost.json` says.
    private func runtimeParts(
        _ upload: CodeUpload
    ) throws -> (module: [UInt8], files: [StoredFile], settings: JSONValue?) {
        switch upload {
        case .module(let bytes, let format):
            return (try check(bytes, format), [], nil)
        case .script:
            throw Problem.notWasm("a runtime is a module, or a tar archive of one and its files")
        case .archive(let archive):
            guard archive.isModule, archive.runtime == nil else {
                throw Problem.badArchive("a runtime is a module, and '\(archive.main)' is none")
            }
            let format: ModuleCheck.Format = archive.main.hasSuffix(".wat") ? .text : .binary
            let bytes = try Self.module(archive.mainBytes, format)
            return (try check(bytes, format), archive.files, archive.settings)
        }
    }

    /// The language that a request names, or that a runtime is called by.
    private static func language(
        _ text: String?,
        runtime name: String
    ) throws(Problem) -> ScriptLanguage? {
        guard let text else { return ScriptLanguage(runtimeName: name) }
        if text == "none" { return nil }
        guard let language = ScriptLanguage(rawValue: text) else {
            let names = ScriptLanguage.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("'language' is '\(text)' when it should be one of \(names), none")
        }
        return language
    }

    private static func document(_ record: RuntimeRecord) throws -> JSONValue {
        let settings = try RuntimeSettings(stored: record.build.settings)
        return [
            "name": JSONValue(record.name),
            "digest": JSONValue(record.build.digest.description),
            "moduleDigest": JSONValue(record.build.module.description),
            "sizeBytes": JSONValue(record.build.moduleBytes),
            "filesDigest": JSONValue(record.build.bundle?.description),
            "language": JSONValue(settings.language?.rawValue),
            "functions": JSONValue(record.functionCount),
            "createdAt": JSONValue(record.createdAt.description),
            "updatedAt": JSONValue(record.updatedAt.description),
        ]
    }
}

/// How a runtime's interpreter is started: what is stored with a build.
struct RuntimeSettings: Equatable {
    /// Whose adapter it runs; nil for a module that speaks the protocol by itself.
    var language: ScriptLanguage?
    /// Arguments in place of the adapter's; the first is the program's name.
    var arguments: [String]?

    /// Reads `roost.json` of a runtime: `language` and `arguments`, both optional.
    init(_ document: JSONValue?, language: ScriptLanguage?) throws(ConfigurationError) {
        self.language = language
        guard let document else { return }
        var reader = try ObjectReader(document, at: "")
        if let text = try reader.string("language") {
            self.language = try Self.language(text)
        }
        arguments = try reader.texts("arguments")
        if let arguments, arguments.isEmpty {
            throw ConfigurationError(key: "arguments", reason: "should have a program's name")
        }
        try reader.finish()
    }

    /// Reads what was stored.
    init(stored bytes: [UInt8]) throws {
        try self.init(JSONValue(parsing: bytes), language: nil)
    }

    private static func language(_ text: String) throws(ConfigurationError) -> ScriptLanguage {
        guard let language = ScriptLanguage(rawValue: text) else {
            let names = ScriptLanguage.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
            throw ConfigurationError(
                key: "language",
                reason: "is '\(text)' when it should be \(names)"
            )
        }
        return language
    }

    /// What is stored.
    var json: JSONValue {
        var members: [String: JSONValue] = [:]
        if let language { members["language"] = JSONValue(language.rawValue) }
        if let arguments { members["arguments"] = .array(arguments.map { .string($0) }) }
        return .object(members)
    }
}

extension RuntimeBuild {
    /// A stored build.
    init(_ record: RuntimeBuildRecord) throws {
        let settings = try RuntimeSettings(stored: record.settings)
        self.init(
            name: record.runtime,
            digest: record.digest,
            module: record.module,
            files: record.bundle,
            language: settings.language,
            arguments: settings.arguments
        )
    }
}
