internal import GRDB

extension DeploymentStore {
    /// The digests of all modules.
    public func moduleDigests() throws(StoreError) -> [ModuleDigest] {
        try file.read { database in
            try String.fetchAll(database, sql: "SELECT digest FROM module")
                .compactMap { ModuleDigest(hexadecimal: $0) }
        }
    }

    /// The versions, of all functions, that run a module.
    public func versions(using digest: ModuleDigest) throws(StoreError) -> [VersionRecord] {
        try file.read { database in
            try database.versionRecords(
                condition: "version.digest = ?",
                arguments: [digest.hexadecimal]
            )
        }
    }
}
