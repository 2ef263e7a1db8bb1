internal import GRDB

/// Whether the rows of a table of `control.db` are exported, and which.
///
/// Every table is in ``all``: a test compares it with the schema.
package struct TableTransfer: Sendable {
    /// What the rows are.
    enum Part: Equatable, Sendable {
        /// A part of a function, which is replaced together with it.
        case definition
        /// What functions share, stored under its digest: rows that are there already are not stored again.
        case content
        /// Sealed secrets of a function, exported if they are asked for.
        case secrets
        /// Never exported.
        case left(because: String)
    }

    let table: String
    let part: Part

    /// Chooses the rows of one function, `:function`.
    var condition = "function = :function"

    /// Columns that hold a version's number, which is another one when the name had versions before.
    var versionColumns: [String] = []

    /// Columns that hold a JSON object whose keys are version numbers.
    var weightColumns: [String] = []

    /// Columns that hold the id of a secret, which another database has given already.
    var secretColumns: [String] = []

    /// Columns that each database numbers for itself.
    var omittedColumns: [String] = []

    private static let builds = """
        SELECT runtimeBuild FROM version WHERE function = :function AND runtimeBuild IS NOT NULL
        """
    private static let bundles = """
        SELECT bundle FROM version WHERE function = :function AND bundle IS NOT NULL
        UNION SELECT bundle FROM runtimeBuild WHERE bundle IS NOT NULL AND digest IN (\(builds))
        """

    /// In an order in which rows refer only to what is there already.
    static let all: [TableTransfer] = [
        TableTransfer(
            table: "function",
            part: .definition,
            condition: "name = :function",
            versionColumns: ["latestVersion"]
        ),
        TableTransfer(
            table: "module",
            part: .content,
            condition: """
                digest IN (SELECT digest FROM version WHERE function = :function)
                OR digest IN (SELECT module FROM runtimeBuild WHERE digest IN (\(builds)))
                """
        ),
        TableTransfer(
            table: "file",
            part: .content,
            condition: "digest IN (SELECT file FROM bundleFile WHERE bundle IN (\(bundles)))"
        ),
        TableTransfer(table: "bundle", part: .content, condition: "digest IN (\(bundles))"),
        TableTransfer(table: "bundleFile", part: .content, condition: "bundle IN (\(bundles))"),
        TableTransfer(table: "runtimeBuild", part: .content, condition: "digest IN (\(builds))"),
        TableTransfer(table: "version", part: .definition, versionColumns: ["number"]),
        TableTransfer(
            table: "alias",
            part: .definition,
            versionColumns: ["version"],
            weightColumns: ["weights"]
        ),
        TableTransfer(
            table: "benchmark",
            part: .definition,
            versionColumns: ["version"],
            omittedColumns: ["id"]
        ),
        TableTransfer(table: "secret", part: .secrets, secretColumns: ["id"]),
        TableTransfer(
            table: "versionSecret",
            part: .secrets,
            versionColumns: ["version"],
            secretColumns: ["secret"]
        ),
        TableTransfer(
            table: "asyncCall",
            part: .left(because: "two daemons would make the same calls")
        ),
        TableTransfer(
            table: "token",
            part: .left(because: "who may do what is each daemon's own affair")
        ),
        TableTransfer(
            table: "audit",
            part: .left(because: "it says what was done to this daemon")
        ),
        TableTransfer(
            table: "history",
            part: .left(because: "it says what was done here; an import is an entry of its own")
        ),
        TableTransfer(
            table: "runtime",
            part: .left(
                because: "scripts bring the builds that run them; what new ones get is set here"
            )
        ),
        TableTransfer(table: "grdb_migrations", part: .left(because: "the schema's own")),
    ]

    /// Tables of the schema that are not in ``all``, and those that are there without being in the schema.
    package static func disagreements() throws -> Set<String> {
        let queue = try DatabaseQueue()
        try DeploymentSchema.migrator.migrate(queue)
        let tables = try queue.read { database in
            try String.fetchSet(
                database,
                sql: """
                    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    """
            )
        }
        return tables.symmetricDifference(all.map(\.table))
    }

    /// The tables whose rows go into a file.
    static func tables(withSecrets: Bool) -> [TableTransfer] {
        all.filter { transfer in
            switch transfer.part {
            case .definition, .content: true
            case .secrets: withSecrets
            case .left: false
            }
        }
    }
}
