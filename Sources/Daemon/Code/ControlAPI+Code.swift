import Foundation
import HTTP
import Platform
import Store

/// From an upload to what a version runs.
extension ControlAPI {
    /// What a version is going to run, checked, and not stored yet.
    struct CodeDraft {
        var code: StoredCode
        /// The build that runs the script; nil for a module.
        var build: RuntimeBuild?
        /// The configuration that came with the code.
        var settings: JSONValue?

        /// As the platform knows it.
        var versionCode: VersionCode {
            let bundle = code.bundle ?? code.files.flatMap(DeploymentStore.bundleDigest)
            let script = build.flatMap { build in
                code.main.map { VersionCode.Script(main: $0, runtime: build) }
            }
            return VersionCode(files: bundle, script: script)
        }
    }

    /// Checks an upload: a module in a process of its own, a script's text and runtime.
    func draft(_ upload: CodeUpload, runtime named: String?) throws -> CodeDraft {
        switch upload {
        case .module(let bytes, let format):
            if let named {
                throw Problem.badRequest("a module needs no runtime, and '\(named)' is given")
            }
            return CodeDraft(code: StoredCode(module: try check(bytes, format)))
        case .script(let bytes, let language):
            let runtime = named ?? language?.rawValue
            let spoken = try language ?? runtime.flatMap { try self.language(ofRuntime: $0) }
            let name = "main." + (spoken?.fileExtensions.first ?? "script")
            let files = [StoredFile(path: name, bytes: bytes)]
            return try draft(script: name, bytes, files, runtime: runtime)
        case .archive(let archive):
            guard archive.isModule else {
                let language = ScriptLanguage(fileName: archive.main)
                var draft = try draft(
                    script: archive.main,
                    archive.mainBytes,
                    archive.files,
                    runtime: named ?? archive.runtime ?? language?.rawValue
                )
                draft.settings = archive.settings
                return draft
            }
            if let runtime = named ?? archive.runtime {
                throw Problem.badArchive(
                    "'\(archive.main)' is a module, which needs no runtime, and '\(runtime)' is named"
                )
            }
            let format: ModuleCheck.Format = archive.main.hasSuffix(".wat") ? .text : .binary
            let bytes = try Self.module(archive.mainBytes, format)
            var code = StoredCode(module: try check(bytes, format))
            code.files = archive.files
            return CodeDraft(code: code, settings: archive.settings)
        }
    }

    private func draft(
        script: String,
        _ bytes: [UInt8],
        _ files: [StoredFile],
        runtime name: String?
    ) throws -> CodeDraft {
        guard let name else {
            throw Problem.badRequest("nothing says which runtime runs '\(script)': name one")
        }
        guard let record = try deployments.runtime(named: name) else {
            throw try unknownRuntime(name)
        }
        guard !bytes.isEmpty else {
            throw Problem.unprocessable("bad-script", "Bad script", "the script is empty")
        }
        if let offset = Self.firstMalformedByte(bytes) {
            throw Problem.unprocessable(
                "bad-script",
                "Bad script",
                "the script is not UTF-8 at byte \(offset)"
            )
        }
        var code = StoredCode(digest: record.build.module)
        code.files = files
        code.runtimeBuild = record.build.digest
        code.main = script
        return CodeDraft(code: code, build: try RuntimeBuild(record.build))
    }

    private func language(ofRuntime name: String) throws -> ScriptLanguage? {
        try deployments.runtime(named: name).flatMap { try RuntimeBuild($0.build).language }
    }

    private func unknownRuntime(_ name: String) throws -> Problem {
        let known = try deployments.runtimes().map(\.name)
        let advice: String
        if ScriptLanguage(rawValue: name) != nil {
            // A language's own runtime is not one that is spelled otherwise, but one that is not there yet.
            advice =
                ": add it with 'scripts/runtimes \(name)', or 'roost runtime add \(name) FILE'"
        } else if let nearest = NearestName.of(name, among: known) {
            advice = ", did you mean '\(nearest)'?"
        } else {
            advice = ": add it with 'roost runtime add \(name) FILE'"
        }
        var problem = Problem.unprocessable(
            "unknown-runtime",
            "Unknown runtime",
            "there is no runtime '\(name)'\(advice)"
        )
        problem.members["runtimes"] = .array(known.map { JSONValue($0) })
        return problem
    }

    /// Where a text ends to be UTF-8; nil when all of it is.
    private static func firstMalformedByte(_ bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }

    /// Refuses what a script's configuration cannot ask for.
    func checkScript(_ settings: FunctionConfiguration, _ draft: CodeDraft) throws {
        guard draft.build != nil else { return }
        if settings.reuse != 1 {
            throw ConfigurationError(
                key: "reuse",
                reason:
                    "must be 1 for scripts: each request begins from the script as it was loaded"
            )
        }
        if !settings.snapshot {
            throw ConfigurationError(key: "snapshot", reason: "must be true for scripts")
        }
    }

    /// What a stored version runs.
    func draft(of version: VersionRecord) throws -> CodeDraft {
        CodeDraft(
            code: StoredCode(of: version),
            build: try version.runtime.map { try RuntimeBuild($0) }
        )
    }

    /// Loads what a version is going to run, and fills its pool.
    func prepare(
        _ draft: CodeDraft,
        _ settings: FunctionConfiguration,
        secrets: [Secret]
    ) throws -> PreparedModule {
        try checkScript(settings, draft)
        return try platform.prepare(
            module: draft.code.digest,
            bytes: draft.code.module,
            code: draft.versionCode,
            files: draft.code.files,
            configuration: settings,
            secrets: secrets
        )
    }

    // MARK: - JSON

    /// What is known of a version's code beside its module.
    func codeMembers(of version: VersionRecord) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let bundle = version.bundle { members["filesDigest"] = JSONValue(bundle.description) }
        if let runtime = version.runtime {
            members["runtime"] = [
                "name": JSONValue(runtime.runtime),
                "digest": JSONValue(runtime.digest.description),
            ]
            members["script"] = JSONValue(version.main)
        }
        return members
    }

    /// Answers `GET /v1/functions/{name}/versions/{n}/files`.
    func files(
        _ number: Int,
        of name: FunctionName,
        _ request: ControlRequest
    ) throws -> Response {
        try request.allowQuery()
        let version = try versionRecord(number, of: name)
        let files = try version.bundle.map { try deployments.fileList(ofBundle: $0) } ?? []
        return json([
            "files": .array(
                files.map { ["path": JSONValue($0.path), "sizeBytes": JSONValue($0.byteCount)] }
            ),
            "filesDigest": JSONValue(version.bundle?.description),
        ])
    }
}

extension VersionCode {
    /// What a stored version runs beside its module.
    init(of version: VersionRecord) throws {
        self.init(files: version.bundle)
        guard let runtime = version.runtime, let main = version.main else { return }
        script = Script(main: main, runtime: try RuntimeBuild(runtime))
    }
}
