internal import GRDB

/// The states that a schema has been through, for tests of what becomes of old files.
package enum SchemaHistory: Sendable, CaseIterable {
    /// `control.db`.
    case control
    /// `log.db`.
    case log
    /// What is in an export beside the tables of `control.db`.
    case exportedRecords

    /// The names of the migrations, in order.
    package var migrations: [String] { migrator.migrations }

    private var migrator: DatabaseMigrator {
        switch self {
        case .control: DeploymentSchema.migrator
        case .log: InvocationSchema.migrator
        case .exportedRecords: ExportFile.recordMigrator
        }
    }

    /// Makes a file as the program did that knew the first `count` migrations only.
    ///
    /// After each, the SQL runs that `rows` has for it; at the end, `sql`. `isExport` marks the file as an export.
    package func make(
        _ path: String,
        migrations count: Int,
        rows: [String: String],
        isExport: Bool = false,
        then sql: String = ""
    ) throws {
        let queue = try DatabaseQueue(path: path)
        for name in migrations.prefix(count) {
            try migrator.migrate(queue, upTo: name)
            if let sql = rows[name] { try queue.write { try $0.execute(sql: sql) } }
        }
        try queue.writeWithoutTransaction { database in
            if isExport { try ExportFile.mark(database) }
            try database.execute(sql: sql)
        }
        try queue.close()
    }
}
