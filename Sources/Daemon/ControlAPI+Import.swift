import HTTP
import Logging
import Platform
import Store

/// Functions from a file: `POST /v1/import`.
extension ControlAPI {
    /// Answers `POST /v1/import`.
    ///
    /// The file comes from anywhere: nothing of it is taken over that a deployment of the same would not get past.
    func importFunctions(_ request: ControlRequest) throws -> Response {
        try request.allowQuery("dryRun", "existing")
        let isTrial = try request.boolean("dryRun") ?? false
        let existing = try existingFunctions(request)
        guard let path = request.upload else { throw Problem.badRequest("the body is missing") }
        let file = try ImportFile(path: path)
        let names = try file.functionNames()
        var interfaces: [ImportedCode: GuestInterface] = [:]
        for (index, name) in names.enumerated() {
            request.progress?.report([
                "phase": "checking", "done": JSONValue(index), "of": JSONValue(names.count),
            ])
            try checkFunction(name, of: file, &interfaces)
        }
        let imported = try executor.change {
            let imported = try deployments.importFunctions(
                names,
                from: file,
                existing: existing,
                isTrial: isTrial,
                origin: request.origin,
                audit: request.auditEntry([
                    "functions": JSONValue(names.count), "names": Self.auditNames(names),
                    "existing": JSONValue(request.query["existing"]),
                ])
            )
            if !isTrial { try publish(imported) }
            return imported
        }
        let recordCount =
            isTrial
            ? 0
            : try invocations.importRecords(
                of: imported,
                from: file,
                through: importRing
            )
        if !isTrial {
            logger.info(
                "functions imported",
                metadata: ["functions": "\(imported.count)", "records": "\(recordCount)"]
            )
        }
        return json([
            "dryRun": JSONValue(isTrial),
            "functions": .array(
                imported.map { function in
                    [
                        "name": JSONValue(function.name),
                        "outcome": JSONValue(function.outcome.rawValue),
                        "versionOffset": JSONValue(function.versionOffset),
                    ]
                }
            ),
            "records": JSONValue(recordCount),
        ])
    }

    private func existingFunctions(_ request: ControlRequest) throws(Problem) -> ExistingFunctions {
        switch request.query["existing"] {
        case nil, "refuse": .refuse
        case "skip": .skip
        case "replace": .replace
        case .some(let text):
            throw .badRequest("'existing' is '\(text)' when it should be refuse, skip or replace")
        }
    }

    /// Shows requests what was imported.
    private func publish(_ imported: [ImportedFunction]) throws {
        for function in imported
        where function.outcome == .created || function.outcome == .replaced {
            if let record = try deployments.function(named: function.name) { try publish(record) }
        }
    }

    // MARK: - Checks

    /// Whether a text can name an alias, which stands where a version's number can stand.
    static func isAlias(_ text: String) -> Bool { FunctionName(text) != nil && Int(text) == nil }

    private func checkFunction(
        _ text: String,
        of file: ImportFile,
        _ interfaces: inout [ImportedCode: GuestInterface]
    ) throws {
        guard FunctionName(text) != nil else {
            throw StoreError.invalidExport(Problem.badName(text).detail)
        }
        for alias in try file.function(named: text).aliases {
            guard Self.isAlias(alias.name) else {
                throw StoreError.invalidExport(
                    "function '\(text)': '\(alias.name)' is not an alias"
                )
            }
            guard alias.weights.values.allSatisfy({ (0...1).contains($0) }),
                alias.weights.values.reduce(0, +) <= 1
            else {
                throw StoreError.invalidExport(
                    "function '\(text)', alias '\(alias.name)': the weights are no shares of 1"
                )
            }
        }
        let versions = try file.versions(of: text)
        let numbers = Set(versions.map(\.number))
        for alias in try file.function(named: text).aliases
        where !numbers.isSuperset(of: alias.weights.keys) {
            throw StoreError.invalidExport(
                "function '\(text)', alias '\(alias.name)': a weight is for a version that is not there"
            )
        }
        for version in versions {
            do {
                try checkVersion(version, of: file, &interfaces)
            } catch {
                let cause = Self.problem(of: error)
                throw Problem(
                    status: cause.status,
                    kind: cause.kind,
                    title: cause.title,
                    detail: "function '\(text)', version \(version.number): \(cause.detail)",
                    members: cause.members,
                    fields: cause.fields
                )
            }
        }
    }

    private func checkVersion(
        _ version: VersionRecord,
        of file: ImportFile,
        _ interfaces: inout [ImportedCode: GuestInterface]
    ) throws {
        let settings = try Self.configuration(
            version.configuration,
            ceilings: configuration.ceilings
        )
        try ModuleSignature.check(imported: version, configuration.access)
        let code = ImportedCode(version)
        if interfaces[code] == nil {
            interfaces[code] = try interface(of: version, of: file, settings)
        }
        guard interfaces[code]?.rawValue == version.guestInterface else {
            throw StoreError.invalidExport(
                "the module's interface is not '\(version.guestInterface)'"
            )
        }
    }

    /// Checks what a version of a file runs, as an upload is checked, and starts it once.
    private func interface(
        of version: VersionRecord,
        of file: ImportFile,
        _ settings: FunctionConfiguration
    ) throws -> GuestInterface {
        guard version.moduleBytes <= configuration.moduleBytesMax else {
            throw Problem.tooLarge("the module", byteCountMax: configuration.moduleBytesMax)
        }
        let bytes: [UInt8]
        do throws(StoreError) {
            bytes = try file.moduleBytes(version.digest)
        } catch {
            throw StoreError.invalidExport("\(error)")
        }
        let module = try check(bytes, .binary)
        let code = try VersionCode(of: version)
        if let build = version.runtime, let script = code.script {
            try file.check(build)
            guard build.module == version.digest else {
                throw StoreError.invalidExport("its module is not its runtime's")
            }
            let files = try build.bundle.map { try file.files(ofBundle: $0) } ?? []
            try platform.prepareRuntime(script.runtime, module: module, files: files)
        } else if version.runtime != nil || version.main != nil {
            throw StoreError.invalidExport("it has a script or a runtime, but not both")
        }
        let draft = CodeDraft(code: StoredCode(of: version), build: code.script?.runtime)
        try checkScript(settings, draft)
        let files = try version.bundle.map { try file.files(ofBundle: $0) }
        return try platform.prepare(
            module: version.digest,
            bytes: module,
            code: code,
            files: files,
            configuration: settings
        ).interface
    }
}

/// What versions of a file run, of which each is checked once.
private struct ImportedCode: Hashable {
    private let module: ModuleDigest
    private let files: ModuleDigest?
    private let build: ModuleDigest?
    private let main: String?

    init(_ version: VersionRecord) {
        module = version.digest
        files = version.bundle
        build = version.runtime?.digest
        main = version.main
    }
}
