internal import FoundationEssentials
internal import GRDB

/// Going back.
extension DeploymentStore {
    /// Has `live` lead to where it led before: to its version alone while it is split, else to the version that was
    /// live before the last change that was not taken back yet.
    ///
    /// With `version`, to that one instead. Throws `noSuchFunction`, `noSuchVersion`, `noSuchAlias` when nothing is
    /// live, and `noEarlierVersion`.
    public func rollBack(
        function name: String,
        to version: Int? = nil,
        precondition: Precondition = .none,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> FunctionRecord {
        try file.write { database in
            guard let function = try database.check(precondition, function: name) else {
                throw StoreError.noSuchFunction(name)
            }
            let goal = try database.rollbackGoal(of: function, version)
            let now = Timestamp.now()
            try database.setAlias(AliasRecord.live, of: name, to: goal, at: now)
            let changed = try database.touch(name, at: now)
            try database.note(
                .rollback,
                of: name,
                by: origin,
                HistoryEntry.Detail(moving: AliasRecord.live, from: function, to: changed),
                at: now
            )
            let target = try database.versionRecord(of: name, number: goal)
            try database.append(audit?.about(target), keeping: auditRecordsMax)
            return changed
        }
    }
}

extension Database {
    fileprivate func rollbackGoal(of function: FunctionRecord, _ version: Int?) throws -> Int {
        if let version {
            guard try versionRecord(of: function.name, number: version) != nil else {
                throw StoreError.noSuchVersion(function: function.name, version: version)
            }
            return version
        }
        let live = function.aliases.first { $0.name == AliasRecord.live }
        guard let live else {
            throw StoreError.noSuchAlias(function: function.name, alias: AliasRecord.live)
        }
        guard live.weights.isEmpty else { return live.version }
        guard let previous = try versionBeforeLive(of: function) else {
            throw StoreError.noEarlierVersion(function: function.name, version: live.version)
        }
        return previous
    }

    /// The version that a rollback goes to while `live` is not split.
    ///
    /// What history does not tell, of functions that were imported or are older than it, is told by the versions:
    /// the newest earlier one that has been live.
    func versionBeforeLive(of function: FunctionRecord) throws -> Int? {
        guard let live = function.liveVersion else { return nil }
        var path = LivePath()
        let rows = try Row.fetchCursor(
            self,
            sql: "SELECT kind, detail FROM history WHERE function = ? ORDER BY id",
            arguments: [function.name]
        )
        while let row = try rows.next() {
            let text: String = row["detail"]
            let detail = try? JSONDecoder().decode(HistoryEntry.Detail.self, from: Data(text.utf8))
            guard let detail, detail.alias == AliasRecord.live else { continue }
            path.move(
                from: detail.from?.version,
                to: detail.to?.version,
                isRollback: row["kind"] == HistoryEntry.Kind.rollback.rawValue
            )
        }
        let activated = try Int.fetchAll(
            self,
            sql: """
                SELECT number FROM version WHERE function = ? AND activatedAt IS NOT NULL
                ORDER BY number DESC
                """,
            arguments: [function.name]
        )
        return path.versions.last { $0 != live && activated.contains($0) }
            ?? activated.first { $0 < live && !path.seen.contains($0) }
    }
}

/// The versions that `live` has led to, without those that a rollback has left.
private struct LivePath {
    private(set) var versions: [Int] = []
    /// All that were live.
    private(set) var seen: Set<Int> = []

    mutating func move(from old: Int?, to new: Int?, isRollback: Bool) {
        seen.formUnion([old, new].compactMap { $0 })
        guard old != new else { return }
        if isRollback {
            while let last = versions.last, last != new { versions.removeLast() }
        } else if let old, versions.last != old {
            versions.append(old)
        }
        if let new, versions.last != new { versions.append(new) }
    }
}

extension HistoryEntry.Detail {
    /// The move of an alias between two states of a function.
    init(moving alias: String, from old: FunctionRecord?, to new: FunctionRecord?) {
        self.alias = alias
        from = old?.target(of: alias)
        to = new?.target(of: alias)
    }
}
