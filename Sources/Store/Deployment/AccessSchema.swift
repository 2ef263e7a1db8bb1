/// The tables of `control.db` about who may do what, and who did what.
enum AccessSchema {
    // A token's secret is nowhere: `digest` is its SHA-256. Audit entries outlive what they are
    // about, so that they refer to nothing. Times are microseconds since 1970.
    static let tokensAndAudit = """
        CREATE TABLE token (
            name TEXT PRIMARY KEY NOT NULL,
            digest BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            functions TEXT NOT NULL,
            createdAt INTEGER NOT NULL,
            createdBy TEXT NOT NULL,
            expiresAt INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            function TEXT,
            version INTEGER,
            digest TEXT,
            detail BLOB,
            requestId TEXT NOT NULL,
            clientAddress TEXT NOT NULL
        ) STRICT;

        CREATE INDEX audit_function ON audit (function, id) WHERE function IS NOT NULL;
        """
}
