/// What a block says of its records without being read: of each kind, how many there are, the longest, and whether any
/// of them logged.
struct BlockSummary {
    struct Entry {
        var kind: Int64
        var count: Int64
        var totalMicrosecondsMax: Int64
        var hasLines: Bool
    }

    private enum Column: Int, CaseIterable {
        case kind
        case count
        case totalMicrosecondsMax
        case hasLines
    }

    private let columns: PackedColumns

    init(_ bytes: [UInt8]) throws(StoreError) {
        var reader = ByteReader(bytes)
        columns = try PackedColumns(&reader, columnCount: Column.allCases.count)
    }

    var kindCount: Int { columns.rowCount }

    func kind(at index: Int) -> Int64 { columns[Column.kind.rawValue, index] }

    func count(at index: Int) -> Int64 { columns[Column.count.rawValue, index] }

    func totalMicrosecondsMax(at index: Int) -> Int64 {
        columns[Column.totalMicrosecondsMax.rawValue, index]
    }

    func hasLines(at index: Int) -> Bool { columns[Column.hasLines.rawValue, index] != 0 }

    static func pack(_ entries: [Entry]) -> [UInt8] {
        var columns = ColumnBuilder(columnCount: Column.allCases.count)
        for entry in entries {
            columns.set(Column.kind.rawValue, entry.kind)
            columns.set(Column.count.rawValue, entry.count)
            columns.set(Column.totalMicrosecondsMax.rawValue, entry.totalMicrosecondsMax)
            columns.set(Column.hasLines.rawValue, entry.hasLines ? 1 : 0)
            columns.endRow()
        }
        var bytes: [UInt8] = []
        columns.pack(into: &bytes)
        return bytes
    }
}
