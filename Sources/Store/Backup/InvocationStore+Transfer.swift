internal import FoundationEssentials
internal import GRDB

extension ExportWriter {
    /// Adds the records of functions with their log lines; returns how many.
    ///
    /// Not at one moment: page by page, so that no old snapshot keeps the log's file from shrinking.
    public func add(
        from store: InvocationStore,
        functions: [String]
    ) throws(StoreError) -> Int {
        var count = 0
        for function in functions {
            var filter = InvocationStore.Filter()
            filter.function = function
            var cursor: String?
            repeat {
                let page = try store.invocations(filter, limit: Self.recordsPerPage, cursor: cursor)
                var records: [InvocationRecord] = []
                for record in page.records {
                    if let whole = try store.invocation(id: record.id) { records.append(whole) }
                }
                try insert(records)
                count += records.count
                cursor = page.nextCursor
            } while cursor != nil
        }
        return count
    }

    private static let recordsPerPage = 500

    private func insert(_ records: [InvocationRecord]) throws(StoreError) {
        try write { database in
            let insertion = try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO record (id, function, document) VALUES (?, ?, ?)"
            )
            for record in records {
                let document = try JSONEncoder().encode(RecordDocument(record))
                try insertion.execute(arguments: [record.id, record.function, document])
            }
        }
    }
}

extension InvocationStore {
    /// Adds the records of functions from an export; returns how many were added.
    ///
    /// Those whose id is stored already are left out, so that an import can be repeated, as are those that no invocation
    /// can have left. They count as stored now, and keep the times at which they were made. `ring` is one that nobody else
    /// fills meanwhile. Blocks until they are stored.
    public func importRecords(
        of functions: [ImportedFunction],
        from file: ImportFile,
        through ring: InvocationRing
    ) throws(StoreError) -> Int {
        var count = 0
        for function in functions where function.outcome != .skipped {
            var last = ""
            while let page = try file.records(of: function, after: last) {
                last = page.lastIdentifier
                for record in page.records where try invocation(id: record.id) == nil {
                    if !ring.hasRoom(for: record) { flush() }
                    if ring.append(record) { count += 1 }
                }
                // Before the next page asks for ids.
                flush()
            }
        }
        return count
    }
}

extension ImportFile {
    /// The next records of a function; nil after the last.
    fileprivate func records(
        of function: ImportedFunction,
        after last: String
    ) throws(StoreError) -> (records: [InvocationRecord], lastIdentifier: String)? {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, document FROM record WHERE function = ? AND id > ?
                    ORDER BY id LIMIT \(Self.recordsPerPage)
                    """,
                arguments: [function.name, last]
            )
            guard let last = rows.last else { return nil }
            let records = rows.compactMap { row -> InvocationRecord? in
                guard (row["document"] as Data).count <= Self.recordBytesMax,
                    let document = try? JSONDecoder().decode(
                        RecordDocument.self,
                        from: row["document"]
                    ),
                    let record = document.record(versionOffset: function.versionOffset),
                    record.id == row["id"], record.function == function.name
                else { return nil }
                return record
            }
            return (records, last["id"])
        }
    }

    /// So many fit a ring.
    private static let recordsPerPage = 200

    /// As much as an invocation can leave, and more.
    private static let recordBytesMax = 16 << 20
}
