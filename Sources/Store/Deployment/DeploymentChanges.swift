internal import FoundationEssentials
internal import GRDB

/// A version before it has a number.
struct VersionDraft {
    var function: String
    var digest: ModuleDigest
    var bundle: ModuleDigest?
    var runtimeBuild: ModuleDigest?
    var main: String?
    var guestInterface: String
    var configuration: Data
    var secrets = SecretSelection.inherited
    var source: Data?

    func matches(_ version: VersionRecord) -> Bool {
        digest == version.digest && bundle == version.bundle
            && runtimeBuild == version.runtime?.digest && main == version.main
            && guestInterface == version.guestInterface
            && configuration == version.configuration
    }
}

// The steps that changes are made of. All run inside a write transaction.
extension Database {
    /// Returns the function, if there is one and the precondition allows the change.
    func check(_ precondition: Precondition, function name: String) throws -> FunctionRecord? {
        let function = try functionRecord(named: name)
        guard precondition.holds(for: function) else {
            throw StoreError.preconditionFailed(currentRevision: function?.revision)
        }
        return function
    }

    func currentVersion(of function: FunctionRecord?) throws -> VersionRecord? {
        guard let function else { return nil }
        return try versionRecord(of: function.name, number: function.currentVersion)
    }

    /// Stores a draft unless it equals the current or the latest version.
    ///
    /// `module` and `bundle` are `nil` when those of the draft are known to be stored.
    func store(
        _ draft: VersionDraft,
        module: [UInt8]?,
        bundle: Bundle? = nil,
        current function: FunctionRecord?,
        activate: Bool,
        _ kind: HistoryEntry.Kind,
        secret: String? = nil,
        by origin: ChangeOrigin
    ) throws -> DeploymentOutcome {
        let now = Timestamp.now()
        let outcome = try store(
            draft,
            module: module,
            bundle: bundle,
            current: function,
            activate: activate,
            now
        )
        let isChanged = outcome.function.revision != function?.revision
        guard isChanged else { return outcome }
        var detail = HistoryEntry.Detail()
        if activate {
            detail = .init(moving: AliasRecord.live, from: function, to: outcome.function)
        }
        detail.version = outcome.version.number
        detail.secret = secret
        try note(kind, of: draft.function, by: origin, detail, at: now)
        return outcome
    }

    private func store(
        _ draft: VersionDraft,
        module: [UInt8]?,
        bundle: Bundle?,
        current function: FunctionRecord?,
        activate: Bool,
        _ now: Timestamp
    ) throws -> DeploymentOutcome {
        // Before anything is found to be the same: what was damaged is mended by deploying it again.
        if let module { try insertModule(draft.digest, module) }
        if let bundle { try insert(bundle) }
        if let function {
            let secrets = try secretIDs(draft.secrets, current: function)
            for number in [function.currentVersion, function.latestVersion] {
                guard let version = try versionRecord(of: function.name, number: number),
                    draft.matches(version),
                    try secretIDs(of: function.name, version: number) == secrets
                else { continue }
                return try reuse(version, of: function, activate: activate, at: now)
            }
        }
        if let build = draft.runtimeBuild, try runtimeBuild(build.hexadecimal) == nil {
            throw StoreError.runtimeChanged
        }
        let number = try insert(draft, at: now)
        try store(
            draft.secrets,
            of: draft.function,
            version: number,
            inheritedFrom: function?.currentVersion,
            at: now
        )
        if activate { try setAlias(AliasRecord.live, of: draft.function, to: number, at: now) }
        guard let version = try versionRecord(of: draft.function, number: number),
            let stored = try functionRecord(named: draft.function)
        else { throw StoreError.noSuchFunction(draft.function) }
        return DeploymentOutcome(
            kind: function == nil ? .created : .newVersion,
            version: version,
            function: stored
        )
    }

    private func reuse(
        _ version: VersionRecord,
        of function: FunctionRecord,
        activate: Bool,
        at now: Timestamp
    ) throws -> DeploymentOutcome {
        var function = function
        if activate, function.liveVersion != version.number {
            let name = function.name
            try setAlias(AliasRecord.live, of: name, to: version.number, at: now)
            function = try touch(name, at: now)
        }
        return DeploymentOutcome(kind: .unchanged, version: version, function: function)
    }

    /// Inserts the version, and the function if it is new or was deleted.
    ///
    /// Returns the number.
    private func insert(_ draft: VersionDraft, at now: Timestamp) throws -> Int {
        try execute(
            sql: """
                INSERT INTO function (name, createdAt, updatedAt, revision, latestVersion)
                VALUES (:name, :now, :now, 1, 1)
                ON CONFLICT (name) DO UPDATE SET
                    createdAt = iif(isDeleted, :now, createdAt),
                    updatedAt = :now,
                    revision = revision + 1,
                    latestVersion = latestVersion + 1,
                    isDeleted = 0
                """,
            arguments: ["name": draft.function, "now": now.microseconds]
        )
        guard let function = try functionRecord(named: draft.function) else {
            throw StoreError.noSuchFunction(draft.function)
        }
        try execute(
            sql: """
                INSERT INTO version
                    (function, number, digest, createdAt, guestInterface, configuration, source,
                        bundle, runtimeBuild, main)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                draft.function, function.latestVersion, draft.digest.hexadecimal,
                now.microseconds, draft.guestInterface, draft.configuration, draft.source,
                draft.bundle?.hexadecimal, draft.runtimeBuild?.hexadecimal, draft.main,
            ]
        )
        return function.latestVersion
    }

    func setAlias(
        _ alias: String,
        of function: String,
        to version: Int,
        weights: [Int: Double] = [:],
        sticky: StickyKey? = nil,
        at now: Timestamp
    ) throws {
        let sticky = try sticky.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        try execute(
            sql: """
                INSERT INTO alias (function, name, version, weights, sticky, updatedAt)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (function, name) DO UPDATE SET version = excluded.version,
                    weights = excluded.weights, sticky = excluded.sticky,
                    updatedAt = excluded.updatedAt
                """,
            arguments: [
                function, alias, version, try encodeWeights(weights), sticky, now.microseconds,
            ]
        )
        guard alias == AliasRecord.live else { return }
        try execute(
            sql: """
                UPDATE version SET activatedAt = ?
                WHERE function = ? AND number = ? AND activatedAt IS NULL
                """,
            arguments: [now.microseconds, function, version]
        )
    }

    /// Counts a change that made no version, and returns the function as it is now.
    func touch(_ name: String, at now: Timestamp) throws -> FunctionRecord {
        try execute(
            sql: "UPDATE function SET revision = revision + 1, updatedAt = ? WHERE name = ?",
            arguments: [now.microseconds, name]
        )
        guard let function = try functionRecord(named: name) else {
            throw StoreError.noSuchFunction(name)
        }
        return function
    }
}
