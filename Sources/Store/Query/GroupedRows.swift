/// Rows put together by their kinds, so that SQLite groups and orders them without sorting them.
///
/// Keeps of each row some columns of integers, in a few bytes, and nothing else.
final class GroupedRows {
    /// A column of kinds that rows are ordered by.
    struct Term {
        let column: QueryColumn
        let isDescending: Bool
    }

    private struct Group {
        let kind: RecordKind
        var rowCount = 0
        // Each value as the difference to that of the row before.
        var bytes: [UInt8] = []
        var last: [Int64]
    }

    private let columns: [QueryColumn]
    private var groups: [Group] = []
    private var places: [Int64: Int] = [:]
    /// What the rows take.
    private(set) var byteCount = 0

    // The rows that have not been read.
    private var place = -1
    private var rowsLeft = 0
    private var reader = ByteReader([])
    private var values: [Int64]

    /// Keeps these columns, all of which are integers.
    init(keeping columns: [QueryColumn]) {
        self.columns = columns
        values = Array(repeating: 0, count: columns.count)
    }

    /// Adds a row of the kind with this number.
    func append(
        _ number: Int64,
        _ kind: @autoclosure () throws -> RecordKind,
        _ value: (QueryColumn) -> Int64
    ) rethrows {
        let place: Int
        if let known = places[number] {
            place = known
        } else {
            place = groups.count
            let last = Array(repeating: Int64(0), count: columns.count)
            groups.append(Group(kind: try kind(), last: last))
            places[number] = place
        }
        groups[place].rowCount += 1
        let before = groups[place].bytes.count
        for index in columns.indices {
            let value = value(columns[index])
            groups[place].bytes.append(zigzag: value &- groups[place].last[index])
            groups[place].last[index] = value
        }
        byteCount += groups[place].bytes.count - before
    }

    /// Orders the groups; rows are read from the first from then on.
    func sort(by terms: [Term]) {
        groups.sort { Self.precedes($0.kind, $1.kind, terms) }
        places = [:]
    }

    /// Goes to the next row; false at the end.
    func advance() throws -> Bool {
        while rowsLeft == 0 {
            // What has been read is not needed any more.
            if place >= 0 { groups[place].bytes = [] }
            place += 1
            guard place < groups.count else { return false }
            rowsLeft = groups[place].rowCount
            reader = ByteReader(groups[place].bytes)
            for index in values.indices { values[index] = 0 }
        }
        rowsLeft -= 1
        for index in values.indices { values[index] &+= try reader.zigzag() }
        return true
    }

    /// The kind of the present row.
    var kind: RecordKind { groups[place].kind }

    /// A value of the present row that was kept.
    func value(_ column: QueryColumn) -> Int64? {
        columns.firstIndex(of: column).map { values[$0] }
    }

    /// By SQLite's order: NULL, integers, texts by their bytes.
    private static func precedes(_ left: RecordKind, _ right: RecordKind, _ terms: [Term]) -> Bool {
        for term in terms {
            let (first, second) =
                term.isDescending
                ? (right.value(term.column), left.value(term.column))
                : (left.value(term.column), right.value(term.column))
            switch (first, second) {
            case (.null, .null): continue
            case (.null, _): return true
            case (_, .null): return false
            case (.integer(let one), .integer(let other)):
                if one != other { return one < other }
            case (.text(let one), .text(let other)):
                if one != other { return one.utf8.lexicographicallyPrecedes(other.utf8) }
            default: continue
            }
        }
        return false
    }
}
