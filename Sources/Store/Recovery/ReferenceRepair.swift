internal import FoundationEssentials
internal import GRDB

/// Makes the rows of `control.db` agree again when some are gone.
///
/// What others tell of a row that is gone is put in its place: history says where an alias led, the digest of a
/// runtime's build of what it was made. What nobody tells gets a row that says nothing, so that whoever refers to it
/// is found and named, instead of vanishing with it or running without it: a version without a configuration, a secret
/// without a value, a module without bytes.
struct ReferenceRepair {
    let database: Database
    /// What was done, in sentences for the operator.
    private(set) var notes: [String] = []

    /// The names that a sentence has at most.
    private static let namesMax = 20

    private init(_ database: Database) { self.database = database }

    /// Whether rows refer to others that are not there, or lack others that refer to them.
    static func isNeeded(_ database: Database) throws -> Bool {
        if try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") != nil { return true }
        let repair = ReferenceRepair(database)
        guard try database.tableExists("history") else { return false }
        return try !repair.unusedSecrets().isEmpty
            || !repair.lostAliases(ofFunctionsWithout: AliasRecord.live).isEmpty
    }

    /// Runs in a write transaction; answers what was done, in sentences for the operator.
    static func run(_ database: Database) throws -> [String] {
        // They are right at the end, not in between.
        try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
        var repair = ReferenceRepair(database)
        try repair.restoreFunctions()
        try repair.restoreAliases()
        try repair.standInForVersions()
        try repair.dropWeights()
        try repair.restoreRuntimes()
        try repair.restoreBundles()
        try repair.standInForModules()
        try repair.restoreSecrets()
        try repair.nameTokens()
        try repair.removeOrphans()
        return repair.notes
    }

    /// Notes what was done to some things, if there are any.
    mutating func note(_ what: String, _ names: [String]) {
        guard !names.isEmpty else { return }
        let more = names.count > Self.namesMax ? " and \(names.count - Self.namesMax) more" : ""
        notes.append("\(what): \(names.prefix(Self.namesMax).joined(separator: ", "))\(more)")
    }

    /// Whether the schema has a table yet.
    func has(_ table: String) throws -> Bool { try database.tableExists(table) }

    /// Names that a statement gives, in its first column.
    func names(_ sql: String, _ arguments: StatementArguments = []) throws -> [String] {
        try String.fetchAll(database, sql: sql, arguments: arguments)
    }

    private mutating func standInForModules() throws {
        let users =
            try has("runtimeBuild")
            ? """
            SELECT digest, function || ' version ' || number AS name FROM version
            UNION ALL SELECT module, 'runtime ' || runtime FROM runtimeBuild
            """ : "SELECT digest, function || ' version ' || number AS name FROM version"
        let lost = try Row.fetchAll(
            database,
            sql: """
                SELECT digest, name FROM (\(users))
                WHERE digest NOT IN (SELECT digest FROM module) ORDER BY name
                """
        )
        for row in lost {
            try database.execute(
                sql: "INSERT OR IGNORE INTO module (digest, size, bytes) VALUES (?, 0, x'')",
                arguments: [row["digest"]]
            )
        }
        // A version that was lost itself has been named.
        let unknown = ModuleDigest.unknown.hexadecimal
        note("modules were lost", lost.filter { $0["digest"] != unknown }.map { $0["name"] })
    }

    /// Removes the rows that refer to nothing still.
    private mutating func removeOrphans() throws {
        var counts: [String: Int] = [:]
        for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
            let table: String = row[0]
            guard let rowid = row[1] as Int64? else {
                notes.append("a row of \(table) refers to one that is not there")
                continue
            }
            try database.execute(sql: "DELETE FROM \(table.quoted) WHERE rowid = \(rowid)")
            counts[table, default: 0] += database.changesCount
        }
        for (table, count) in counts.sorted(by: { $0.key < $1.key }) {
            notes.append("\(count) rows of \(table) were removed that referred to nothing")
        }
    }
}
