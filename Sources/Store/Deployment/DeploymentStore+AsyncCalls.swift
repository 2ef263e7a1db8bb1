import FoundationEssentials
internal import GRDB

/// The queue of calls that are made later.
extension DeploymentStore {
    /// Adds calls and notes what became of others, all or nothing.
    ///
    /// When it returns, all of it is on disk. A call whose id is known already is left as it is.
    public func update(
        adding added: [AsyncCall],
        changing changed: [AsyncCall]
    ) throws(StoreError) {
        try file.write { database in
            for call in added {
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO asyncCall
                            (id, function, version, head, body, clientAddress, createdAt, state, attempts,
                            dueAt)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        call.id, call.function, call.version, call.head, call.body,
                        call.clientAddress,
                        call.createdAt.microseconds, call.state.rawValue, call.attempts,
                        call.dueAt.microseconds,
                    ]
                )
            }
            for call in changed {
                try database.execute(
                    sql: """
                        UPDATE asyncCall SET state = ?, attempts = ?, dueAt = ?, endedAt = ?, error = ?,
                            status = ?, fields = ?, answer = ?, isTruncated = ?
                        WHERE id = ?
                        """,
                    arguments: [
                        call.state.rawValue, call.attempts, call.dueAt.microseconds,
                        call.endedAt?.microseconds, call.error, call.result?.status,
                        call.result?.fields, call.result?.body, call.result?.isTruncated ?? false,
                        call.id,
                    ]
                )
            }
        }
    }

    /// The calls that are to be made next, those that are due first.
    public func waitingAsyncCalls(limit: Int) throws(StoreError) -> [AsyncCall] {
        try file.read { database in
            try database.asyncCalls(
                condition: "state = 'waiting' ORDER BY dueAt LIMIT ?",
                arguments: [limit]
            )
        }
    }

    /// How many calls wait to be made.
    public func waitingAsyncCallCount() throws(StoreError) -> Int {
        try file.read { database in
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM asyncCall WHERE state = 'waiting'"
            ) ?? 0
        }
    }

    /// One call, if there is (still) one of that id.
    public func asyncCall(id: String) throws(StoreError) -> AsyncCall? {
        try file.read { database in
            try database.asyncCalls(condition: "id = ?", arguments: [id]).first
        }
    }

    /// Calls, newest first.
    public func asyncCalls(
        function: String? = nil,
        state: AsyncCall.State? = nil,
        limit: Int
    ) throws(StoreError) -> [AsyncCall] {
        try file.read { database in
            try database.asyncCalls(
                condition: """
                    (?1 IS NULL OR function = ?1) AND (?2 IS NULL OR state = ?2)
                    ORDER BY createdAt DESC LIMIT ?3
                    """,
                arguments: [function, state?.rawValue, limit]
            )
        }
    }

    /// Forgets a call; false when there is none of that id.
    public func deleteAsyncCall(id: String) throws(StoreError) -> Bool {
        try file.write { database in
            try database.execute(sql: "DELETE FROM asyncCall WHERE id = ?", arguments: [id])
            return database.changesCount > 0
        }
    }

    /// Forgets up to `limit` calls that ended before a moment.
    ///
    /// Returns how many there were.
    public func deleteAsyncCalls(
        endedBefore moment: Timestamp,
        limit: Int
    ) throws(StoreError) -> Int {
        try file.write { database in
            try database.execute(
                sql: """
                    DELETE FROM asyncCall WHERE id IN
                        (SELECT id FROM asyncCall WHERE endedAt < ? LIMIT ?)
                    """,
                arguments: [moment.microseconds, limit]
            )
            return database.changesCount
        }
    }
}

extension Database {
    fileprivate func asyncCalls(
        condition: String,
        arguments: StatementArguments
    ) throws -> [AsyncCall] {
        let rows = try Row.fetchAll(
            self,
            sql: "SELECT * FROM asyncCall WHERE \(condition)",
            arguments: arguments
        )
        return rows.map { row in
            var call = AsyncCall(
                id: row["id"],
                function: row["function"],
                version: row["version"],
                head: row["head"],
                body: row["body"],
                clientAddress: row["clientAddress"],
                createdAt: Timestamp(microseconds: row["createdAt"])
            )
            call.state = AsyncCall.State(rawValue: row["state"]) ?? .dead
            call.attempts = row["attempts"]
            call.dueAt = Timestamp(microseconds: row["dueAt"])
            call.endedAt = (row["endedAt"] as Int64?).map { Timestamp(microseconds: $0) }
            call.error = row["error"]
            if let status = row["status"] as Int? {
                call.result = AsyncCall.Result(
                    status: status,
                    fields: row["fields"] ?? Data(),
                    body: row["answer"] ?? Data(),
                    isTruncated: row["isTruncated"]
                )
            }
            return call
        }
    }
}
