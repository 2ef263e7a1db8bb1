import Store

/// Makes images of versions from what is stored.
///
/// Blocks on the disk and on the code that initialises them; any thread that may.
struct VersionImages: Sendable {
    let source: CodeSource
    let runtimes: RuntimeImages

    /// Makes a version's image.
    func makeImage(
        of version: FunctionVersion,
        secrets: [Secret]
    ) throws(VersionError) -> VersionImage {
        try makeImage(
            module: version.digest,
            version.code,
            version.configuration,
            secrets: secrets
        )
    }

    /// Makes the image of a module with its files, or of a script; the module's bytes are read when they are not
    /// given.
    func makeImage(
        module digest: ModuleDigest,
        bytes: [UInt8]? = nil,
        _ code: VersionCode,
        files: [StoredFile]? = nil,
        _ configuration: FunctionConfiguration,
        secrets: [Secret],
        translatesAhead: Bool = false
    ) throws(VersionError) -> VersionImage {
        var files = files
        if files == nil { files = try source.storedFiles(code.files) }
        guard let script = code.script else {
            var bytes = bytes
            if bytes == nil { bytes = try source.moduleBytes(digest) }
            return try VersionImage(
                module: bytes ?? [],
                files: files ?? [],
                configuration: configuration,
                translatesAhead: translatesAhead
            )
        }
        return try VersionImage(
            script: script.main,
            files: files ?? [],
            runtime: try runtimes.image(of: script.runtime),
            configuration: configuration,
            secrets: secrets
        )
    }
}
