internal import FoundationEssentials
internal import GRDB

/// The file of an export: an SQLite database with the tables of `control.db`, of which only some have rows, and one for
/// records.
enum ExportFile {
    /// "ROST" in the database header, by which `file` and this program tell an export.
    static let applicationIdentifier: Int32 = 0x524f_5354

    /// The format's version, in the header as well.
    static let formatVersion: Int32 = 1

    static var migrators: [DatabaseMigrator] { [DeploymentSchema.migrator, recordMigrator] }

    static var recordMigrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("records of an export") { database in
            try database.execute(
                sql: """
                    CREATE TABLE record (
                        function TEXT NOT NULL,
                        id TEXT NOT NULL,
                        document BLOB NOT NULL,
                        PRIMARY KEY (function, id)
                    ) STRICT;
                    """
            )
        }
        return migrator
    }

    /// Opens an export for reading and changing; nothing in it is trusted.
    static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "roost-export"
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA mmap_size = 0")
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
            // The file is a copy, thrown away when anything goes wrong.
            try database.execute(sql: "PRAGMA synchronous = OFF")
            try database.execute(sql: "PRAGMA journal_mode = MEMORY")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Makes an export without rows.
    static func make(_ path: String) throws -> DatabaseQueue {
        let queue = try open(path)
        for migrator in migrators { try migrator.migrate(queue) }
        try queue.writeWithoutTransaction(mark)
        return queue
    }

    /// Writes into the header what the file is.
    static func mark(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA application_id = \(applicationIdentifier);
                PRAGMA user_version = \(formatVersion);
                """
        )
    }
}

/// Makes an export in a new file: `control.db` first, then, if asked, the records.
public struct ExportWriter {
    private let queue: DatabaseQueue

    /// Makes a file without rows.
    ///
    /// There must be none at the path.
    public init(path: String) throws(StoreError) {
        do {
            queue = try ExportFile.make(path)
        } catch {
            throw StoreError(error)
        }
    }

    /// Adds the functions of these names, or all, as they are at one moment; returns their names.
    ///
    /// Blocks for as long as the copying takes; those who deploy do not wait for it. Throws `noSuchFunction`, and
    /// `alteredModule` and `alteredFiles` rather than export what cannot be run.
    public func add(
        from store: DeploymentStore,
        functions names: [String]?,
        withSecrets: Bool
    ) throws(StoreError) -> [String] {
        try write { target in
            let copies = try TableTransfer.tables(withSecrets: withSecrets)
                .map { try RowCopy($0, into: target) }
            return try store.file.read { source in
                let all = try String.fetchAll(
                    source,
                    sql: "SELECT name FROM function WHERE NOT isDeleted ORDER BY name"
                )
                if let missing = names?.first(where: { !all.contains($0) }) {
                    throw StoreError.noSuchFunction(missing)
                }
                let chosen = names.map { Set($0).sorted() } ?? all
                for function in chosen {
                    for copy in copies {
                        try copy.copy(function: function, from: source) { values in
                            switch copy.transfer.table {
                            case "module": try Self.checkModule(values)
                            case "bundle":
                                _ = try Self.digest(values).map { try source.files(ofBundle: $0) }
                            default: break
                            }
                        }
                    }
                }
                return chosen
            }
        }
    }

    private static func checkModule(_ values: [String: DatabaseValue]) throws {
        guard let digest = digest(values),
            let bytes = values["bytes"].flatMap({ Data.fromDatabaseValue($0) })
        else { throw StoreError.io("control.db holds a module without a digest") }
        guard ModuleDigest(of: Array(bytes)) == digest else {
            throw StoreError.alteredModule(digest)
        }
    }

    private static func digest(_ values: [String: DatabaseValue]) -> ModuleDigest? {
        values["digest"].flatMap { String.fromDatabaseValue($0) }
            .flatMap { ModuleDigest(hexadecimal: $0) }
    }

    /// Completes the file and closes it.
    public func finish() throws(StoreError) {
        do {
            try queue.close()
        } catch {
            throw StoreError(error)
        }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.write(body)
        } catch {
            throw StoreError(error)
        }
    }
}
