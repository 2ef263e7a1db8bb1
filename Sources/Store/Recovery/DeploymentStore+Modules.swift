internal import GRDB

extension DeploymentStore {
    /// The digests of all modules.
    public func moduleDigests() throws(StoreError) -> [ModuleDigest] {
        try file.read { database in
            // The one that stands for what is not known is no version's own.
            try String.fetchAll(database, sql: "SELECT digest FROM module")
                .compactMap { ModuleDigest(hexadecimal: $0) }.filter { $0 != .unknown }
        }
    }

    /// The digests of all bundles of files.
    public func bundleDigests() throws(StoreError) -> [ModuleDigest] {
        try file.read { database in
            try String.fetchAll(database, sql: "SELECT digest FROM bundle")
                .compactMap { ModuleDigest(hexadecimal: $0) }
        }
    }

    /// The versions, of all functions, that run a module, or that have a bundle of files or a runtime with it.
    public func versions(using digest: ModuleDigest) throws(StoreError) -> [VersionRecord] {
        try file.read { database in
            try database.versionRecords(
                condition: """
                    version.digest = ?1 OR bundle = ?1
                    OR runtimeBuild IN (SELECT digest FROM runtimeBuild WHERE bundle = ?1)
                    """,
                arguments: [digest.hexadecimal]
            )
        }
    }
}
