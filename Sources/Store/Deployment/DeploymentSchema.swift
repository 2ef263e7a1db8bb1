internal import GRDB

/// The schema of `control.db`.
///
/// A migration that was released is never edited: add another.
enum DeploymentSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("functions, versions, modules, aliases, benchmarks") {
            database in
            try database.execute(sql: initial)
        }
        migrator.registerMigration("asynchronous calls") { database in
            try database.execute(sql: asyncCalls)
        }
        migrator.registerMigration("tokens and audit") { database in
            try database.execute(sql: AccessSchema.tokensAndAudit)
        }
        migrator.registerMigration("history, secrets, sticky aliases") { database in
            try database.execute(sql: historyAndSecrets)
        }
        migrator.registerMigration("files, bundles, runtimes") { database in
            try database.execute(sql: filesAndRuntimes)
        }
        return migrator
    }

    // A deleted function leaves its row in `function` behind, so that neither version numbers nor
    // revisions ever repeat. Times are microseconds since 1970.
    private static let initial = """
        CREATE TABLE function (
            name TEXT PRIMARY KEY NOT NULL,
            createdAt INTEGER NOT NULL,
            updatedAt INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            latestVersion INTEGER NOT NULL,
            isDeleted INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE module (
            digest TEXT PRIMARY KEY NOT NULL,
            size INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE version (
            function TEXT NOT NULL REFERENCES function (name),
            number INTEGER NOT NULL,
            digest TEXT NOT NULL REFERENCES module (digest),
            createdAt INTEGER NOT NULL,
            guestInterface TEXT NOT NULL,
            configuration BLOB NOT NULL,
            source BLOB,
            PRIMARY KEY (function, number)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX version_digest ON version (digest);

        CREATE TABLE alias (
            function TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            weights TEXT NOT NULL DEFAULT '{}',
            updatedAt INTEGER NOT NULL,
            PRIMARY KEY (function, name),
            FOREIGN KEY (function, version) REFERENCES version (function, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE benchmark (
            id INTEGER PRIMARY KEY,
            function TEXT NOT NULL,
            version INTEGER NOT NULL,
            createdAt INTEGER NOT NULL,
            result BLOB NOT NULL,
            FOREIGN KEY (function, version) REFERENCES version (function, number)
        ) STRICT;

        CREATE INDEX benchmark_version ON benchmark (function, version);
        """

    private static let asyncCalls = """
        CREATE TABLE asyncCall (
            id TEXT PRIMARY KEY NOT NULL,
            function TEXT NOT NULL,
            head BLOB NOT NULL,
            body BLOB NOT NULL,
            clientAddress TEXT NOT NULL,
            createdAt INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            dueAt INTEGER NOT NULL,
            endedAt INTEGER,
            error TEXT,
            status INTEGER,
            fields BLOB,
            answer BLOB,
            isTruncated INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        CREATE INDEX asyncCall_waiting ON asyncCall (dueAt) WHERE state = 'waiting';
        CREATE INDEX asyncCall_ended ON asyncCall (endedAt) WHERE endedAt IS NOT NULL;
        CREATE INDEX asyncCall_created ON asyncCall (createdAt);
        """
}
