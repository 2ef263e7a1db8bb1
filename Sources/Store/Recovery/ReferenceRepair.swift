internal import GRDB

/// Makes the rows of `control.db` agree again when some are gone.
///
/// What is gone gets a row in its place that says nothing, so that whoever refers to it is found and named, instead of
/// vanishing with it: a module without bytes, a version whose module is unknown.
enum ReferenceRepair {
    /// Runs in a write transaction; answers what was done, in sentences for the operator.
    static func run(_ database: Database) throws -> [String] {
        var notes: [String] = []
        func change(_ what: String, _ sql: String) throws {
            try database.execute(sql: sql)
            let count = database.changesCount
            if count > 0 { notes.append("\(count) \(what)") }
        }
        try change(
            "functions had lost their own row",
            """
            INSERT INTO function (name, createdAt, updatedAt, revision, latestVersion)
                SELECT function, min(at), max(at), max(number) + 1000000, max(number) FROM (
                    SELECT function, number, createdAt AS at FROM version
                    UNION ALL SELECT function, version, updatedAt FROM alias)
                WHERE function NOT IN (SELECT name FROM function) GROUP BY function
            """
        )
        try change(
            "versions were lost that aliases refer to",
            """
            INSERT OR IGNORE INTO version
                (function, number, digest, createdAt, guestInterface, configuration)
                SELECT function, version, '\(ModuleDigest.unknown.hexadecimal)', updatedAt, '', CAST('{}' AS BLOB)
                FROM alias WHERE (function, version) NOT IN (SELECT function, number FROM version)
            """
        )
        if try database.tableExists("runtimeBuild") {
            try change(
                "builds of runtimes were lost that versions use",
                """
                INSERT INTO runtimeBuild (digest, runtime, module, settings, createdAt)
                    SELECT runtimeBuild, '?', digest, CAST('{}' AS BLOB), 0 FROM version
                    WHERE runtimeBuild IS NOT NULL
                        AND runtimeBuild NOT IN (SELECT digest FROM runtimeBuild)
                    GROUP BY runtimeBuild
                """
            )
            try change(
                "bundles of files were lost that versions use",
                """
                INSERT INTO bundle (digest, size, fileCount)
                    SELECT bundle, 0, 0 FROM (
                        SELECT bundle FROM version UNION SELECT bundle FROM runtimeBuild)
                    WHERE bundle IS NOT NULL AND bundle NOT IN (SELECT digest FROM bundle)
                """
            )
            try change(
                "modules were lost that runtimes use",
                """
                INSERT INTO module (digest, size, bytes)
                    SELECT DISTINCT module, 0, x'' FROM runtimeBuild
                    WHERE module NOT IN (SELECT digest FROM module)
                """
            )
            try change(
                "files of bundles were lost",
                "DELETE FROM bundleFile WHERE file NOT IN (SELECT digest FROM file) OR bundle NOT IN (SELECT digest FROM bundle)"
            )
            try change(
                "runtimes had lost their build",
                "DELETE FROM runtime WHERE build NOT IN (SELECT digest FROM runtimeBuild)"
            )
        }
        try change(
            "modules were lost that versions use",
            """
            INSERT INTO module (digest, size, bytes)
                SELECT DISTINCT digest, 0, x'' FROM version
                WHERE digest NOT IN (SELECT digest FROM module)
            """
        )
        try change(
            "functions had forgotten their latest version",
            """
            UPDATE function SET latestVersion =
                (SELECT max(number) FROM version WHERE function = name)
            WHERE latestVersion < (SELECT max(number) FROM version WHERE function = name)
            """
        )
        if try database.tableExists("versionSecret") {
            try change(
                "secrets of versions were lost",
                """
                DELETE FROM versionSecret WHERE secret NOT IN (SELECT id FROM secret)
                    OR (function, version) NOT IN (SELECT function, number FROM version)
                """
            )
        }
        for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
            let table: String = row[0]
            guard let rowid = row[1] as Int64? else {
                notes.append("a row of \(table) refers to one that is not there")
                continue
            }
            try change(
                "rows of \(table) were removed that referred to nothing",
                "DELETE FROM \(table.quoted) WHERE rowid = \(rowid)"
            )
        }
        return notes
    }
}
