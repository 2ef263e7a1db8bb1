internal import GRDB

/// Going back.
extension DeploymentStore {
    /// Has `live` lead to where it led before: to its version alone while it is split, else to the newest earlier
    /// version that has been live.
    ///
    /// Throws `noSuchFunction`, `noSuchAlias` when nothing is live, and `noEarlierVersion`.
    public func rollBack(
        function name: String,
        precondition: Precondition = .none,
        origin: ChangeOrigin = .daemon,
        audit: AuditEntry? = nil
    ) throws(StoreError) -> FunctionRecord {
        try file.write { database in
            guard let function = try database.check(precondition, function: name) else {
                throw StoreError.noSuchFunction(name)
            }
            let live = function.aliases.first { $0.name == AliasRecord.live }
            guard let live else {
                throw StoreError.noSuchAlias(function: name, alias: AliasRecord.live)
            }
            var goal = live.version
            if live.weights.isEmpty {
                guard let previous = try database.versionBeforeLive(of: function) else {
                    throw StoreError.noEarlierVersion(function: name, version: live.version)
                }
                goal = previous
            }
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

extension HistoryEntry.Detail {
    /// The move of an alias between two states of a function.
    init(moving alias: String, from old: FunctionRecord?, to new: FunctionRecord?) {
        self.alias = alias
        from = old?.target(of: alias)
        to = new?.target(of: alias)
    }
}
