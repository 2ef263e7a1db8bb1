internal import GRDB
internal import Linux
internal import Synchronization

extension InvocationStore {
    /// Runs one statement on a connection of its own, which is opened for it and closed again.
    ///
    /// Blocks for as long as the limits allow. Any thread but those of Swift's concurrency pool.
    public func query(
        _ query: InvocationQuery,
        limits: InvocationQuery.Limits = InvocationQuery.Limits()
    ) throws(QueryError) -> InvocationQuery.Answer {
        guard queue.file.withLock({ $0 != nil }) else {
            throw QueryError(.unavailable, queue.unavailability.withLock { $0 })
        }
        let began = Monotonic.now()
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "roost-query"
        // The session ends its own, whatever happens.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(1)
        do {
            let connection = try DatabaseQueue(
                path: queue.path(of: "log.db"),
                configuration: configuration
            )
            defer { try? connection.close() }
            var answer = try connection.inDatabase { database in
                let session = try QuerySession(
                    database,
                    controlPath: queue.path(of: "control.db"),
                    limits,
                    began: began
                )
                return try session.run(query)
            }
            answer.elapsedMicroseconds = Int64((Monotonic.now() &- began) / 1_000)
            return answer
        } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(.unavailable, "\(StoreError(error))")
        }
    }
}
