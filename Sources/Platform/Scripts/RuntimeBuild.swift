public import Store

/// One immutable build of a language runtime: an interpreter's module, and what it needs to run scripts.
public struct RuntimeBuild: Equatable, Sendable {
    /// The name under which it was added.
    public var name: String
    /// Of all that makes the build what it is.
    public var digest: ModuleDigest
    /// The interpreter.
    public var module: ModuleDigest
    /// The interpreter's files, such as its standard library; nil when it has none.
    public var files: ModuleDigest?
    /// The language whose adapter it runs; nil for a module that speaks the protocol by itself.
    public var language: ScriptLanguage?
    /// Arguments in place of the adapter's; the first is the program's name.
    public var arguments: [String]?

    /// Describes a build.
    public init(
        name: String,
        digest: ModuleDigest,
        module: ModuleDigest,
        files: ModuleDigest? = nil,
        language: ScriptLanguage? = nil,
        arguments: [String]? = nil
    ) {
        self.name = name
        self.digest = digest
        self.module = module
        self.files = files
        self.language = language
        self.arguments = arguments
    }
}

/// What a version runs beside its module.
public struct VersionCode: Equatable, Sendable {
    /// The script's place among a version's files, and what runs it.
    public struct Script: Equatable, Sendable {
        /// The path of the script, without a slash at its start.
        public var main: String
        /// What runs it; its module is the version's.
        public var runtime: RuntimeBuild

        /// Describes a script.
        public init(main: String, runtime: RuntimeBuild) {
            self.main = main
            self.runtime = runtime
        }
    }

    /// The bundle of files that the guest finds beneath `/`; nil when there are none.
    public var files: ModuleDigest?
    /// Nil when the version's own module is called.
    public var script: Script?

    /// A module alone.
    public init() {}

    /// A module with files, or a script with those.
    public init(files: ModuleDigest?, script: Script? = nil) {
        self.files = files
        self.script = script
    }
}

/// Where code is kept.
///
/// Both block, and answer nil when there is nothing of that digest.
public struct CodeSource: Sendable {
    /// The bytes of a module.
    public var module: @Sendable (ModuleDigest) throws -> [UInt8]?
    /// The files of a bundle.
    public var files: @Sendable (ModuleDigest) throws -> [StoredFile]?

    /// Makes a source; without `files`, there are no bundles.
    public init(
        module: @escaping @Sendable (ModuleDigest) throws -> [UInt8]?,
        files: @escaping @Sendable (ModuleDigest) throws -> [StoredFile]? = { _ in nil }
    ) {
        self.module = module
        self.files = files
    }

    func moduleBytes(_ digest: ModuleDigest) throws(VersionError) -> [UInt8] {
        let bytes: [UInt8]?
        do {
            bytes = try module(digest)
        } catch {
            throw .damaged("\(error)")
        }
        guard let bytes else { throw .missing }
        return bytes
    }

    func storedFiles(_ digest: ModuleDigest?) throws(VersionError) -> [StoredFile] {
        guard let digest else { return [] }
        let stored: [StoredFile]?
        do {
            stored = try files(digest)
        } catch {
            throw .damaged("\(error)")
        }
        guard let stored else { throw .missing }
        return stored
    }
}
