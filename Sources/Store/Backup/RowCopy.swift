internal import FoundationEssentials
internal import GRDB

/// Copies the rows of functions from one database to another of the same schema, one row at a time.
struct RowCopy {
    let transfer: TableTransfer
    private let columns: [String]
    private let insertion: Statement

    /// Prepares the copying of a table into `target`.
    ///
    /// A row that is there already is replaced, but for contents.
    init(_ transfer: TableTransfer, into target: Database) throws {
        self.transfer = transfer
        columns = try Self.columns(of: transfer, in: target)
        let names = columns.map(\.quoted)
        var sql = """
            INSERT INTO \(transfer.table.quoted) (\(names.joined(separator: ", ")))
            VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))
            """
        let key = try target.primaryKey(transfer.table).columns
        if transfer.part == .content {
            sql += " ON CONFLICT DO NOTHING"
        } else if Set(key).isSubset(of: columns) {
            let others = names.filter { !key.map(\.quoted).contains($0) }
            let changes = others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            let action = others.isEmpty ? "NOTHING" : "UPDATE SET \(changes)"
            sql +=
                " ON CONFLICT (\(key.map(\.quoted).joined(separator: ", "))) DO \(action)"
        }
        insertion = try target.makeStatement(sql: sql)
    }

    /// Copies the rows of one function.
    ///
    /// The offsets are added to version numbers and ids of secrets; `revise` may change a row's values.
    func copy(
        function: String,
        from source: Database,
        versionOffset: Int = 0,
        secretOffset: Int = 0,
        revise: (inout [String: DatabaseValue]) throws -> Void = { _ in }
    ) throws {
        let rows = try Row.fetchCursor(
            source,
            sql: Self.selection(transfer, columns),
            arguments: ["function": function]
        )
        while let row = try rows.next() {
            var values = Dictionary(
                uniqueKeysWithValues: columns.map { ($0, row[$0] as DatabaseValue) }
            )
            if versionOffset != 0 { try renumber(&values, by: versionOffset) }
            try add(secretOffset, to: transfer.secretColumns, &values)
            try revise(&values)
            try insertion.execute(
                arguments: StatementArguments(columns.map { values[$0] ?? .null })
            )
        }
    }

    private func renumber(_ values: inout [String: DatabaseValue], by offset: Int) throws {
        try add(offset, to: transfer.versionColumns, &values)
        for column in transfer.weightColumns {
            guard let text = values[column].flatMap({ String.fromDatabaseValue($0) }) else {
                continue
            }
            let weights = try decodeWeights(text).map { (try sum($0.key, offset), $0.value) }
            values[column] = try encodeWeights(Dictionary(uniqueKeysWithValues: weights))
                .databaseValue
        }
    }

    private func sum(_ number: Int, _ offset: Int) throws -> Int {
        let (sum, overflow) = number.addingReportingOverflow(offset)
        guard !overflow else {
            throw StoreError.invalidExport("\(transfer.table) has the number \(number)")
        }
        return sum
    }

    private func add(
        _ offset: Int,
        to columns: [String],
        _ values: inout [String: DatabaseValue]
    ) throws {
        for column in columns {
            guard let number = values[column].flatMap({ Int.fromDatabaseValue($0) }) else {
                continue
            }
            values[column] = try sum(number, offset).databaseValue
        }
    }

    /// Whether two databases have the same rows of a function.
    static func isSame(
        _ transfer: TableTransfer,
        function: String,
        _ one: Database,
        _ other: Database
    ) throws -> Bool {
        let columns = try columns(of: transfer, in: one).filter {
            !transfer.secretColumns.contains($0)
        }
        // Ordered by all columns: any order serves that is the same in both.
        let order = columns.indices.map { String($0 + 1) }.joined(separator: ", ")
        let sql = selection(transfer, columns) + " ORDER BY \(order)"
        let left = try Row.fetchCursor(one, sql: sql, arguments: ["function": function])
        let right = try Row.fetchCursor(other, sql: sql, arguments: ["function": function])
        while true {
            let (first, second) = (try left.next(), try right.next())
            guard first == second else { return false }
            if first == nil { return true }
        }
    }

    private static func selection(_ transfer: TableTransfer, _ columns: [String]) -> String {
        """
        SELECT \(columns.map(\.quoted).joined(separator: ", "))
        FROM \(transfer.table.quoted) WHERE \(transfer.condition)
        """
    }

    private static func columns(
        of transfer: TableTransfer,
        in database: Database
    ) throws -> [String] {
        try database.columns(in: transfer.table).map(\.name).filter {
            !transfer.omittedColumns.contains($0)
        }
    }
}

extension String {
    /// The text as an SQL identifier.
    var quoted: String { "\"\(replacing("\"", with: "\"\""))\"" }
}
