internal import FoundationEssentials
internal import Glibc
internal import Linux

/// Looks through a data folder without a daemon.
///
/// Nothing is changed but what `mends` allows: modes, and what a crash has left. A daemon may run meanwhile; then nothing
/// is mended. Blocks for as long as it takes to read everything.
public struct FolderExamination {
    /// What was found, the most general first.
    public private(set) var findings: [Finding] = []

    /// Whether a daemon uses the folder.
    public private(set) var isInUse = false

    private let path: String
    private let mends: Bool

    /// Examines a folder; `configurationFault` says why a version's configuration cannot be read.
    public init(
        path: String,
        mends: Bool,
        configurationFault: (VersionRecord) -> String?
    ) {
        self.path = path
        self.mends = mends
        guard case .other = FileKind(path), let names = try? Self.names(in: path) else {
            findings.append(
                Finding(.problem, path, "is not a folder, or cannot be read", advice: "see --data")
            )
            return
        }
        // Held until the end, so that no daemon starts meanwhile.
        let lock = try? FileDescriptor(opening: "\(path)/roost.lock", flags: O_RDWR)
        isInUse = Self.isLocked(lock)
        if isInUse {
            findings.append(
                Finding(
                    .note,
                    path,
                    "a daemon is using the folder: this is how things are at the moment",
                    advice: mends ? "stop the daemon to have things mended" : nil
                )
            )
        }
        checkSystem()
        checkModes(names)
        checkRemains(names)
        let control = DatabaseExamination.control("\(path)/control.db", configurationFault)
        if control.isDamaged, mends, !isInUse {
            rebuild("\(path)/control.db")
        } else {
            findings += control.findings
        }
        findings += DatabaseExamination.log("\(path)/log.db")
        _ = consume lock
    }

    /// Does what the daemon does when it starts; of a large database, the daemon checks less.
    private mutating func rebuild(_ path: String) {
        var database = DeploymentDatabase(path: path, wasInUse: true)
        do {
            try database.salvage()
            findings += database.notes.map { Finding(.mended, path, $0) }
        } catch {
            findings.append(Finding(.problem, path, "cannot be made anew: \(error)"))
        }
    }

    private static func isLocked(_ lock: borrowing FileDescriptor?) -> Bool {
        switch lock {
        case .some(let lock): (try? lock.tryLock()) == false
        case nil: false
        }
    }

    private static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// Reports a problem; mends it first, if that is allowed and works.
    private mutating func report(
        _ place: String,
        _ detail: String,
        advice: String,
        mending: () throws -> Void
    ) {
        let isMended = mends && !isInUse && (try? mending()) != nil
        findings.append(
            Finding(
                isMended ? .mended : .problem,
                place,
                detail,
                advice: isMended ? nil : "\(advice), or run 'roost doctor --mend'"
            )
        )
    }

    // MARK: - The machine

    private mutating func checkSystem() {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        if let free = attributes?[.systemFreeSize] as? Int, free < Self.freeBytesMin {
            findings.append(
                Finding(
                    .problem,
                    path,
                    "only \(free >> 20) MiB are free on its file system",
                    advice:
                        "make room: a deployment that does not fit is refused, and records are dropped"
                )
            )
        }
        findings += DatabaseExamination.library()
    }

    private static let freeBytesMin = 256 << 20

    // MARK: - Modes

    private mutating func checkModes(_ names: [String]) {
        if Self.mode(path) & 0o077 != 0 {
            let path = path
            report(
                path,
                "others can enter the folder: its mode is 0\(String(Self.mode(path), radix: 8))",
                advice: "chmod 700 \(path)"
            ) { try Self.setMode(0o700, path) }
        }
        // Tokens and keys; databases hold no secrets that are not sealed, and are as private as the folder.
        for name in names where !name.contains(".db") && name != "roost.lock" {
            let file = "\(path)/\(name)"
            guard Self.isFile(file), Self.mode(file) & 0o077 != 0 else { continue }
            report(
                file,
                "others may read it: its mode is 0\(String(Self.mode(file), radix: 8))",
                advice: "chmod 600 \(file)"
            ) { try Self.setMode(0o600, file) }
        }
        let token = FileManager.default.contents(atPath: "\(path)/token") ?? Data()
        if names.contains("token"), token.prefix(while: { $0 > 0x20 }).isEmpty {
            findings.append(
                Finding(
                    .problem,
                    "\(path)/token",
                    "holds no token, so that the daemon does not start",
                    advice: "remove it: the daemon makes another"
                )
            )
        }
    }

    private static func isFile(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }

    private static func mode(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.posixPermissions] as? Int) ?? 0
    }

    private static func setMode(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    // MARK: - Remains

    private mutating func checkRemains(_ names: [String]) {
        for name in names where name.contains(".broken") {
            findings.append(
                Finding(
                    .note,
                    "\(path)/\(name)",
                    "a damaged file that was put aside",
                    advice: "remove it when nothing of it is needed any more"
                )
            )
        }
        let remains = (try? Self.names(in: "\(path)/tmp")) ?? []
        guard !remains.isEmpty, !isInUse else { return }
        let folder = "\(path)/tmp"
        report(
            folder,
            "\(remains.count) files of exports or imports that were interrupted",
            advice: "remove them"
        ) {
            for name in remains { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        }
    }
}
