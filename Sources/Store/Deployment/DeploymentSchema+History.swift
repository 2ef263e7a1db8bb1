extension DeploymentSchema {
    // A secret's row never changes but to be sealed with another key: what a version refers to stays what it was.
    // `activatedAt` says when a version was first made live; of versions that are older than the column, all are
    // taken to have been.
    static let historyAndSecrets = """
        CREATE TABLE history (
            id INTEGER PRIMARY KEY,
            function TEXT NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            requestId TEXT,
            detail TEXT NOT NULL
        ) STRICT;

        CREATE INDEX history_function ON history (function, id);

        CREATE TABLE secret (
            id INTEGER PRIMARY KEY,
            function TEXT NOT NULL,
            name TEXT NOT NULL,
            setAt INTEGER NOT NULL,
            keyId TEXT NOT NULL,
            sealed BLOB NOT NULL
        ) STRICT;

        CREATE INDEX secret_function ON secret (function);

        CREATE TABLE versionSecret (
            function TEXT NOT NULL,
            version INTEGER NOT NULL,
            secret INTEGER NOT NULL REFERENCES secret (id),
            PRIMARY KEY (function, version, secret),
            FOREIGN KEY (function, version) REFERENCES version (function, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX versionSecret_secret ON versionSecret (secret);

        ALTER TABLE version ADD COLUMN activatedAt INTEGER;
        UPDATE version SET activatedAt = createdAt;

        ALTER TABLE alias ADD COLUMN sticky TEXT;

        ALTER TABLE asyncCall ADD COLUMN version INTEGER;
        """
}
