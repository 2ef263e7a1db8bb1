/// The columns of a block of records, in the order in which they are stored.
///
/// Their order is part of the file's format: new ones go to the end, and read as zero in blocks that were written
/// before.
enum RecordColumn: Int, CaseIterable {
    case key
    case kind
    case idHigh
    case idLow
    /// The number of the identifier's text when it is no UUID.
    case idText
    case startedAt
    case queueMicroseconds
    case startMicroseconds
    case guestMicroseconds
    case totalMicroseconds
    case fuel
    case memoryPeakBytes
    case bytesIn
    case bytesOut
    case path
    case error
    case traceHigh
    case traceLow
    case traceText
    /// Bit 0: lines were left out; bit 1: there is a trap report.
    case flags
    case lineCount

    static let truncatedFlag: Int64 = 1
    static let trapFlag: Int64 = 2
}

/// The columns of a block of log lines.
enum LineColumn: Int, CaseIterable {
    /// The place of the line's record in its block.
    case record
    case sequence
    case atMicroseconds
    case stream
    /// Where the line's text ends among the block's texts; it begins where the one before ends.
    case textEnd
}

extension ColumnBuilder {
    mutating func set(_ column: RecordColumn, _ value: Int64) { set(column.rawValue, value) }

    subscript(column: RecordColumn, row: Int) -> Int64 { self[column.rawValue, row] }
}

extension PackedColumns {
    subscript(column: RecordColumn, row: Int) -> Int64 { self[column.rawValue, row] }

    subscript(column: LineColumn, row: Int) -> Int64 { self[column.rawValue, row] }
}

extension LogStream {
    /// What stands for it in blocks: part of the file's format.
    var code: Int64 {
        switch self {
        case .stdout: 0
        case .stderr: 1
        case .log: 2
        case .platform: 3
        }
    }

    init?(code: Int64) {
        guard let stream = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = stream
    }
}
