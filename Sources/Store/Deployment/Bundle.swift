/// A file of a bundle: what a guest finds beneath `/`.
public struct StoredFile: Equatable, Sendable {
    /// Relative to the root, with `/` between components.
    public var path: String

    /// The content.
    public var bytes: [UInt8]

    /// Makes a file.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Files that belong together, by the digests of their contents.
struct Bundle {
    /// Of paths, sizes and contents, so that equal files make equal bundles.
    let digest: ModuleDigest
    let byteCount: Int
    let files: [(path: String, digest: ModuleDigest, bytes: [UInt8])]

    init(_ files: [StoredFile]) {
        let sorted = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
            .map { ($0.path, ModuleDigest(of: $0.bytes), $0.bytes) }
        self.files = sorted
        byteCount = sorted.reduce(0) { $0 + $1.2.count }
        let manifest = sorted.map { "\($0.1.hexadecimal) \($0.2.count) \($0.0)\n" }.joined()
        digest = ModuleDigest(of: Array(manifest.utf8))
    }
}

/// What a version runs, as it is stored.
public struct StoredCode: Sendable {
    /// The module: a function's own, or that of its runtime.
    public var digest: ModuleDigest
    /// The module's bytes; nil when they are stored.
    public var module: [UInt8]?
    /// The files; nil when they are those of `bundle`, which is stored.
    public var files: [StoredFile]?
    /// The files that are stored; nil when there are none, or they are given.
    public var bundle: ModuleDigest?
    /// The build of the runtime that runs the script; nil when the module is called itself.
    public var runtimeBuild: ModuleDigest?
    /// The path of the script among the files.
    public var main: String?

    /// A module that is perhaps not stored yet.
    public init(module: [UInt8]) {
        digest = ModuleDigest(of: module)
        self.module = module
    }

    /// A module that is stored.
    public init(digest: ModuleDigest) {
        self.digest = digest
    }

    /// What a version runs already.
    public init(of version: VersionRecord) {
        digest = version.digest
        bundle = version.bundle
        runtimeBuild = version.runtime?.digest
        main = version.main
    }
}

/// A build of a runtime, which never changes.
public struct RuntimeBuildRecord: Equatable, Sendable {
    /// The runtime that it was added as.
    public var runtime: String

    /// Of everything below.
    public var digest: ModuleDigest

    /// The interpreter.
    public var module: ModuleDigest

    /// The interpreter's size in bytes.
    public var moduleBytes: Int

    /// The interpreter's files; nil when it has none.
    public var bundle: ModuleDigest?

    /// A JSON object that the store keeps as it is.
    public var settings: [UInt8]

    /// When it was added.
    public var createdAt: Timestamp
}

/// A runtime: a name for the build that new scripts get.
public struct RuntimeRecord: Equatable, Sendable {
    /// Unique among the runtimes there are.
    public var name: String

    /// The build that new versions get.
    public var build: RuntimeBuildRecord

    /// When it was first added.
    public var createdAt: Timestamp

    /// When it last got another build.
    public var updatedAt: Timestamp

    /// How many functions have versions that use any of its builds.
    public var functionCount: Int
}
