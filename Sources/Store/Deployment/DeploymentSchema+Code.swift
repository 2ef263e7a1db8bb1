extension DeploymentSchema {
    /// Files by their contents, bundles of them, runtimes, and what versions run of those.
    static let filesAndRuntimes = """
        CREATE TABLE file (
            digest TEXT PRIMARY KEY NOT NULL,
            size INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE bundle (
            digest TEXT PRIMARY KEY NOT NULL,
            size INTEGER NOT NULL,
            fileCount INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE bundleFile (
            bundle TEXT NOT NULL REFERENCES bundle (digest),
            path TEXT NOT NULL,
            file TEXT NOT NULL REFERENCES file (digest),
            PRIMARY KEY (bundle, path)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX bundleFile_file ON bundleFile (file);

        CREATE TABLE runtimeBuild (
            digest TEXT PRIMARY KEY NOT NULL,
            runtime TEXT NOT NULL,
            module TEXT NOT NULL REFERENCES module (digest),
            bundle TEXT REFERENCES bundle (digest),
            settings BLOB NOT NULL,
            createdAt INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX runtimeBuild_module ON runtimeBuild (module);
        CREATE INDEX runtimeBuild_bundle ON runtimeBuild (bundle) WHERE bundle IS NOT NULL;

        CREATE TABLE runtime (
            name TEXT PRIMARY KEY NOT NULL,
            build TEXT NOT NULL REFERENCES runtimeBuild (digest),
            createdAt INTEGER NOT NULL,
            updatedAt INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX runtime_build ON runtime (build);

        ALTER TABLE version ADD COLUMN bundle TEXT REFERENCES bundle (digest);
        ALTER TABLE version ADD COLUMN runtimeBuild TEXT REFERENCES runtimeBuild (digest);
        ALTER TABLE version ADD COLUMN main TEXT;

        CREATE INDEX version_bundle ON version (bundle) WHERE bundle IS NOT NULL;
        CREATE INDEX version_runtimeBuild ON version (runtimeBuild) WHERE runtimeBuild IS NOT NULL;
        """
}
