internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import Linux

/// Opens `control.db` whatever state it is in, and says what it had to do for that.
///
/// A file that is damaged is kept under a dated name, and a new one made of the rows that can still be read. A crash
/// in the middle of that leaves the old file in place, or the new one complete.
struct DeploymentDatabase {
    private let path: String
    /// Whether the folder was in use before.
    private let wasInUse: Bool
    /// What had to be done, in sentences for the operator.
    private(set) var notes: [String] = []

    /// What a salvage is called until it is complete.
    private var salvagePath: String { "\(path).salvage" }

    init(path: String, wasInUse: Bool) {
        self.path = path
        self.wasInUse = wasInUse
    }

    /// Opens the database.
    ///
    /// Throws when it is sound but cannot be used: by a full disk, say, or because a later version of the program
    /// has changed it.
    mutating func open() throws(StoreError) -> DatabaseFile {
        try settle()
        do {
            return try openSound()
        } catch  where Self.callsForSalvage(error) {
            notes.append("control.db is damaged: \(error)")
            try salvage()
            return try openSound()
        }
    }

    // MARK: - What stands in the way

    /// Puts aside what SQLite could not open, or would take for a new database.
    private mutating func settle() throws(StoreError) {
        // A salvage whose original has been moved is complete; else it is the remains of one.
        if FileKind(salvagePath) == .file {
            if FileKind(path) == .missing {
                try move(salvagePath, to: path)
                notes.append("control.db was made of what could be read of a damaged one")
            } else {
                Self.remove(salvagePath)
            }
        }
        for suffix in ["-wal", "-shm"] where FileKind(path + suffix) == .other {
            try moveAside(suffixes: [suffix])
            notes.append("control.db\(suffix) was not a file")
        }
        switch FileKind(path) {
        case .other:
            try moveAside(suffixes: ["", "-wal", "-shm"])
            notes.append("control.db was not a database: there are no functions")
        case .missing, .empty:
            // With such a file, SQLite would throw the log away that belongs to it.
            if FileKind(path + "-wal") == .file { try moveAside(suffixes: ["", "-wal", "-shm"]) }
            if wasInUse { notes.append("control.db was missing or empty: there are no functions") }
        case .file:
            if !FileManager.default.isWritableFile(atPath: path),
                (try? FileManager.default.setAttributes(
                    [.posixPermissions: 0o600],
                    ofItemAtPath: path
                )) != nil
            {
                notes.append("control.db could not be written: its mode is 0600 now")
            }
        }
    }

    /// Renames files to the same dated name.
    private func moveAside(suffixes: [String]) throws(StoreError) {
        let base = Self.brokenPath(path)
        for suffix in suffixes where FileKind(path + suffix) != .missing {
            // The index to the log is made anew by whoever reads the file.
            if suffix == "-shm" {
                Self.remove(path + suffix)
            } else {
                try move(path + suffix, to: base + suffix)
            }
        }
    }

    /// `control.db.broken-20260131T102030Z`, or with a number when that is taken.
    private static func brokenPath(_ path: String) -> String {
        let time = Timestamp.now().description.prefix(19).filter { $0 != "-" && $0 != ":" }
        let base = "\(path).broken-\(time)Z"
        var (candidate, number) = (base, 1)
        while FileKind(candidate) != .missing || FileKind(candidate + "-wal") != .missing {
            number += 1
            candidate = "\(base)-\(number)"
        }
        return candidate
    }

    private func move(_ from: String, to target: String) throws(StoreError) {
        let folder = String(path.prefix(path.count - "/control.db".count))
        do {
            try FileManager.default.moveItem(atPath: from, toPath: target)
            try FileDescriptor(opening: folder, flags: O_RDONLY | O_DIRECTORY)
                .synchronize(dataOnly: false)
        } catch {
            throw StoreError(error)
        }
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    // MARK: - Damage

    private func openFile() throws(StoreError) -> DatabaseFile {
        try DatabaseFile(path: path, durability: .full, migrator: DeploymentSchema.migrator)
    }

    /// Opens the database and looks whether it is sound; contents are checked again when they are used.
    private mutating func openSound() throws(StoreError) -> DatabaseFile {
        let file = try openFile()
        do {
            let isIncomplete = try file.read { database in
                try Self.check(database)
                return try ReferenceRepair.isNeeded(database)
            }
            if isIncomplete { notes += try file.write { try ReferenceRepair.run($0) } }
            return file
        } catch {
            file.close()
            throw StoreError(error)
        }
    }

    /// Has SQLite check the file; of a large one, all tables but those of contents, which would take long.
    private static func check(_ database: Database) throws {
        let bytes = try Int.fetchOne(
            database,
            sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        )
        var tables: [String?] = [nil]
        if bytes ?? 0 > wholeBytesMax {
            let contents = Set(TableTransfer.all.filter { $0.part == .content }.map(\.table))
            tables = try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    """
            ).filter { !contents.contains($0) }
        }
        for table in tables {
            let argument = table.map { "(\($0.quoted))" } ?? ""
            let faults = try DatabaseExamination.integrityFaults(database, argument)
            if let fault = faults.first {
                throw StoreError.database(
                    code: ResultCode.SQLITE_CORRUPT.rawValue,
                    message: fault
                )
            }
        }
    }

    /// Checking takes about 2 ms for each MiB.
    private static let wholeBytesMax = 64 << 20

    /// Whether the file itself is the reason.
    private static func callsForSalvage(_ error: StoreError) -> Bool {
        guard case .database(let code, _) = error else { return false }
        switch ResultCode(rawValue: code).primaryResultCode {
        // An error in SQL, or a violated constraint: a table is not there, or not what migrations left.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_READONLY:
            return true
        default: return false
        }
    }

    /// Makes a new database of what can be read, and moves the old one aside.
    ///
    /// Nobody may have it open.
    mutating func salvage() throws(StoreError) {
        for suffix in ["", "-journal"] { Self.remove(salvagePath + suffix) }
        let report: DatabaseSalvage.Report
        do {
            report = try DatabaseSalvage.run(from: path, to: salvagePath)
            try FileDescriptor(opening: salvagePath, flags: O_RDONLY).synchronize(dataOnly: false)
        } catch {
            throw StoreError(error)
        }
        try moveAside(suffixes: ["", "-wal", "-shm"])
        try move(salvagePath, to: path)
        notes.append(
            "control.db was made anew, of \(report.description); the damaged file is kept as control.db.broken-…"
        )
        notes += report.repairs
    }
}
