internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import Linux

/// An export that somebody sent, found to be one.
///
/// That it is an SQLite database whose schema is one that this program makes, to the letter, and that SQLite finds
/// sound, is checked when it is opened; what its modules and configurations are worth is for the caller to check.
/// One thread at a time.
public final class ImportFile: Sendable {
    let queue: DatabaseQueue

    /// The most functions in one file.
    public static let functionsMax = 100_000
    /// The most versions of one function.
    public static let versionsMax = 10_000

    /// Opens and checks a file, and brings its schema up to date.
    ///
    /// The file is changed. Takes about a second for some hundred MiB. Throws `invalidExport`.
    public init(path: String) throws(StoreError) {
        do {
            try Self.checkHeader(path)
            queue = try ExportFile.open(path)
            try queue.writeWithoutTransaction { database in
                try Self.checkSchema(database)
                try Self.checkPages(database)
            }
            for migrator in ExportFile.migrators { try migrator.migrate(queue) }
            try queue.read { database in
                try Self.checkCounts(database)
            }
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw .invalidExport("SQLite says: \(error.message ?? "\(error.resultCode)")")
        } catch {
            throw StoreError(error)
        }
    }

    // MARK: - Checks

    /// The first hundred bytes: <https://www.sqlite.org/fileformat2.html#the_database_header>.
    private static func checkHeader(_ path: String) throws {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        let header = try file.read(upTo: 100)
        guard header.count == 100, header.starts(with: Array("SQLite format 3".utf8) + [0]) else {
            throw StoreError.invalidExport("it is not an SQLite database")
        }
        func number(at offset: Int) -> UInt32 {
            header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard number(at: 68) == UInt32(bitPattern: ExportFile.applicationIdentifier) else {
            throw StoreError.invalidExport("it is an SQLite database, but not an export of roost")
        }
        let version = number(at: 60)
        guard version == UInt32(bitPattern: ExportFile.formatVersion) else {
            throw StoreError.invalidExport(
                "its format is \(version), and this roost reads \(ExportFile.formatVersion)"
            )
        }
        // Of a file in WAL mode, the rest could be elsewhere.
        guard header[18] == 1, header[19] == 1 else {
            throw StoreError.invalidExport("it is in WAL mode, as no export is")
        }
        let stored = UInt32(header[16]) << 8 | UInt32(header[17])
        let pageBytes = UInt64(stored == 1 ? 65_536 : stored)
        let size = try file.status().size
        guard size == pageBytes * UInt64(number(at: 28)) else {
            throw StoreError.invalidExport(
                "it has \(size) bytes when it should have \(pageBytes * UInt64(number(at: 28)))"
            )
        }
    }

    /// Compares the schema with the one that the migrations make which the file says it has been through.
    ///
    /// Nothing but names and texts is read before that: views, triggers and the like of a stranger never run.
    private static func checkSchema(_ database: Database) throws {
        let found = try schema(of: database)
        let table = "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)"
        guard found.count <= 500, found.contains(where: { $0.hasSuffix(table) }) else {
            throw StoreError.invalidExport("its schema is not an export's")
        }
        let applied = try String.fetchSet(
            database,
            sql: "SELECT identifier FROM grdb_migrations LIMIT 500"
        )
        let known = ExportFile.migrators.flatMap(\.migrations)
        if let unknown = applied.subtracting(known).min() {
            throw StoreError.invalidExport(
                "it comes from a later version of roost, which knows '\(unknown.prefix(100))'"
            )
        }
        let model = try DatabaseQueue()
        for migrator in ExportFile.migrators {
            guard let last = migrator.migrations.last(where: applied.contains) else {
                throw StoreError.invalidExport("its schema is not an export's")
            }
            try migrator.migrate(model, upTo: last)
        }
        guard try model.read(schema) == found,
            try model.read({
                try String.fetchSet($0, sql: "SELECT identifier FROM grdb_migrations")
            })
                == applied
        else { throw StoreError.invalidExport("its schema is not an export's") }
    }

    private static func schema(of database: Database) throws -> Set<String> {
        try String.fetchSet(
            database,
            sql:
                "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '') FROM sqlite_schema LIMIT 501"
        )
    }

    private static func checkPages(_ database: Database) throws {
        let result = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)")
        guard result == ["ok"] else {
            throw StoreError.invalidExport("it is damaged: \(result.first ?? "no answer")")
        }
        if let row = try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") {
            throw StoreError.invalidExport(
                "a row of \(row[0] as String? ?? "?") refers to one of \(row[2] as String? ?? "?") that is not there"
            )
        }
    }

    private static func checkCounts(_ database: Database) throws {
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM function") ?? 0
        guard count <= functionsMax else {
            throw StoreError.invalidExport("it has \(count) functions, more than \(functionsMax)")
        }
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT function, count(*) AS count FROM version
                GROUP BY function HAVING count(*) > ?
                """,
            arguments: [versionsMax]
        )
        if let row {
            throw StoreError.invalidExport(
                "'\(row["function"] as String)' has \(row["count"] as Int) versions, more than \(versionsMax)"
            )
        }
        // Numbers that could not be added to, or shown.
        let numbers = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM version WHERE number NOT BETWEEN 1 AND 1000000000)
                    OR EXISTS (SELECT 1 FROM function WHERE revision NOT BETWEEN 0 AND 1000000000000
                        OR latestVersion NOT BETWEEN
                            (SELECT ifnull(max(number), 0) FROM version WHERE function = name) AND 1000000000)
                """
        )
        guard numbers == false else {
            throw StoreError.invalidExport("a version or a revision has a number out of range")
        }
    }

    // MARK: - What is in it

    /// The functions' names, in order.
    public func functionNames() throws(StoreError) -> [String] {
        try read {
            try String.fetchAll(
                $0,
                sql: "SELECT name FROM function WHERE NOT isDeleted ORDER BY name"
            )
        }
    }

    /// A function.
    public func function(named name: String) throws(StoreError) -> FunctionRecord {
        try read { database in
            guard let record = try database.functionRecord(named: name) else {
                throw StoreError.noSuchFunction(name)
            }
            return record
        }
    }

    /// The versions of a function, in order.
    public func versions(of function: String) throws(StoreError) -> [VersionRecord] {
        try read {
            try $0.versionRecords(condition: "function = ? ORDER BY number", arguments: [function])
        }
    }

    /// The bytes of a module, whose digest has been computed anew; throws `alteredModule`.
    public func moduleBytes(_ digest: ModuleDigest) throws(StoreError) -> [UInt8] {
        try read { database in
            let bytes = try Data.fetchOne(
                database,
                sql: "SELECT bytes FROM module WHERE digest = ?",
                arguments: [digest.hexadecimal]
            )
            guard let bytes, ModuleDigest(of: Array(bytes)) == digest else {
                throw StoreError.alteredModule(digest)
            }
            return Array(bytes)
        }
    }

    /// The files of a bundle, whose digests have been computed anew; throws `invalidExport`.
    public func files(ofBundle digest: ModuleDigest) throws(StoreError) -> [StoredFile] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT path, file, bytes FROM bundleFile JOIN file ON file.digest = bundleFile.file
                    WHERE bundle = ? ORDER BY path
                    """,
                arguments: [digest.hexadecimal]
            )
            let files = try rows.map { row in
                let bytes: Data = row["bytes"]
                let file = StoredFile(path: row["path"], bytes: Array(bytes))
                guard ModuleDigest(of: file.bytes).hexadecimal == row["file"] as String else {
                    throw StoreError.invalidExport("the file '\(file.path)' is not what was stored")
                }
                return file
            }
            guard Bundle(files).digest == digest else {
                throw StoreError.invalidExport("the files \(digest) are not what was stored")
            }
            return files
        }
    }

    /// Checks that a runtime's build is what its digest says; throws `invalidExport`.
    public func check(_ build: RuntimeBuildRecord) throws(StoreError) {
        let digest = DeploymentStore.buildDigest(
            name: build.runtime,
            module: build.module,
            bundle: build.bundle,
            settings: build.settings
        )
        guard digest == build.digest else {
            throw .invalidExport("the build of runtime '\(build.runtime)' is not what was stored")
        }
    }

    /// How many records there are.
    public func recordCount() throws(StoreError) -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM record") ?? 0 }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw StoreError(error)
        }
    }
}
