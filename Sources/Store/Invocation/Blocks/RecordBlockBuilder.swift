/// Packs records into a block.
///
/// Kept and used again, so that it allocates nothing once it has grown.
struct RecordBlockBuilder {
    /// What goes into the database of one block.
    struct Packed {
        let key: Int64
        let firstKey: Int64
        let recordCount: Int
        let firstStart: Int64
        let lastStart: Int64
        let summary: [UInt8]
        let identifiers: [UInt8]
        let records: [UInt8]
        /// Nil when no record has lines.
        let lines: [UInt8]?
    }

    /// The most records of one block.
    static let recordsMax = 4_096
    /// How many bytes of texts, or of log lines, close a block.
    private static let textBytesMax = 512 << 10
    /// No kind has a higher number in a block that is not damaged.
    private static let kindsMax: Int64 = 1 << 24

    private var columns = ColumnBuilder(columnCount: RecordColumn.allCases.count)
    private var texts = TextTableBuilder()
    private var lines = ColumnBuilder(columnCount: LineColumn.allCases.count)
    private var lineBytes: [UInt8] = []
    // Most records have the path of the last one of their kind.
    private var lastPaths: [(text: String, number: Int64)] = noPaths
    // By kind; only what `touched` names is not empty.
    private var entries: [BlockSummary.Entry] = []
    private var touched: [Int] = []

    var count: Int { columns.rowCount }

    var isFull: Bool {
        columns.rowCount >= Self.recordsMax || texts.byteCount >= Self.textBytesMax
            || lineBytes.count >= Self.textBytesMax
    }

    /// Adds a record; keys increase.
    mutating func append(_ record: borrowing InvocationRecord, key: Int64, kind: Int64) {
        columns.set(.key, key)
        columns.set(.kind, kind)
        setIdentifier(record.identifier)
        columns.set(.startedAt, record.startedAt.microseconds)
        columns.set(.queueMicroseconds, record.queueMicroseconds)
        columns.set(.startMicroseconds, record.startMicroseconds)
        columns.set(.guestMicroseconds, record.guestMicroseconds)
        columns.set(.totalMicroseconds, record.totalMicroseconds)
        columns.set(.fuel, record.fuel)
        columns.set(.memoryPeakBytes, record.memoryPeakBytes)
        columns.set(.bytesIn, record.bytesIn)
        columns.set(.bytesOut, record.bytesOut)
        columns.set(.path, number(ofPath: record.path, kind: kind))
        columns.set(.error, record.error.map { texts.number(of: $0) } ?? 0)
        setTrace(record.trace)
        columns.set(
            .flags,
            (record.linesTruncated ? RecordColumn.truncatedFlag : 0)
                | (record.trapReport == nil ? 0 : RecordColumn.trapFlag)
        )
        columns.set(.lineCount, Int64(record.lines.count))
        for line in record.lines { append(line) }
        columns.endRow()
    }

    private mutating func append(_ line: LogLine) {
        lineBytes += line.text.utf8
        lines.set(LineColumn.record.rawValue, Int64(columns.rowCount))
        lines.set(LineColumn.sequence.rawValue, Int64(line.sequence))
        lines.set(LineColumn.atMicroseconds.rawValue, line.atMicroseconds)
        lines.set(LineColumn.stream.rawValue, line.stream.code)
        lines.set(LineColumn.textEnd.rawValue, Int64(lineBytes.count))
        lines.endRow()
    }

    private mutating func setIdentifier(_ identifier: RecordIdentifier) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var number: Int64 = 0
        switch identifier {
        case .uuid(let high, let low): halves = (high, low)
        case .text(let text): number = texts.append(text)
        }
        columns.set(.idHigh, Int64(bitPattern: halves.high))
        columns.set(.idLow, Int64(bitPattern: halves.low))
        columns.set(.idText, number)
    }

    private mutating func setTrace(_ trace: TraceIdentifier?) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var number: Int64 = 0
        switch trace {
        case .number(let high, let low): halves = (high, low)
        case .text(let text): number = texts.number(of: text)
        case nil: break
        }
        // Two zeros stand for none.
        columns.set(.traceHigh, Int64(bitPattern: halves.high))
        columns.set(.traceLow, Int64(bitPattern: halves.low))
        columns.set(.traceText, number)
    }

    private mutating func number(ofPath path: String, kind: Int64) -> Int64 {
        let place = Int(kind % Int64(lastPaths.count))
        if lastPaths[place].text == path { return lastPaths[place].number }
        let number = texts.number(of: path)
        lastPaths[place] = (path, number)
        return number
    }

    private static let noPaths = Array(repeating: (text: "", number: Int64(0)), count: 256)

    /// Adds the records of another block, whose keys are higher than those here.
    ///
    /// `step` is called now and then.
    mutating func append(
        _ block: RecordBlock,
        _ blockLines: LineBlock?,
        _ step: () -> Void = {}
    ) throws(StoreError) {
        let firstRow = columns.rowCount
        // The texts' numbers here, as they are met.
        var numbers: [Int64] = Array(repeating: 0, count: block.texts.count + 1)
        for row in 0..<block.count {
            if row % 256 == 0 { step() }
            for column in RecordColumn.allCases {
                let value = block.columns[column, row]
                switch column {
                case .idText, .path, .error, .traceText:
                    columns.set(column, number(of: value, block, &numbers))
                case .kind:
                    guard (0..<Self.kindsMax).contains(value) else { throw .damagedBlock }
                    columns.set(column, value)
                default:
                    columns.set(column, value)
                }
            }
            columns.endRow()
        }
        guard let blockLines else { return }
        for index in 0..<blockLines.count {
            lineBytes += blockLines.text(at: index).utf8
            for column in LineColumn.allCases {
                let value = blockLines.columns[column, index]
                switch column {
                case .record: lines.set(column.rawValue, value + Int64(firstRow))
                case .textEnd: lines.set(column.rawValue, Int64(lineBytes.count))
                default: lines.set(column.rawValue, value)
                }
            }
            lines.endRow()
        }
    }

    private mutating func number(
        of value: Int64,
        _ block: RecordBlock,
        _ numbers: inout [Int64]
    ) -> Int64 {
        guard value != 0, let text = block.texts[value] else { return 0 }
        let index = Int(value)
        if numbers[index] == 0 { numbers[index] = texts.number(of: text) }
        return numbers[index]
    }

    /// The block of all that was added; it begins anew then.
    ///
    /// `step` is called now and then.
    mutating func pack(_ step: () -> Void = {}) -> Packed {
        let count = columns.rowCount
        var records: [UInt8] = [RecordBlock.format]
        columns.pack(into: &records, step)
        texts.pack(into: &records)
        step()
        var filter = IdentifierFilter(count: count)
        var firstStart = Int64.max
        var lastStart = Int64.min
        for row in 0..<count {
            filter.insert(identifier(at: row))
            let start = columns[.startedAt, row]
            firstStart = min(firstStart, start)
            lastStart = max(lastStart, start)
        }
        step()
        let packed = Packed(
            key: columns[.key, count - 1],
            firstKey: columns[.key, 0],
            recordCount: count,
            firstStart: firstStart,
            lastStart: lastStart,
            summary: summary(),
            identifiers: filter.bytes,
            records: records,
            lines: packedLines()
        )
        removeAll()
        return packed
    }

    mutating func removeAll() {
        columns.removeAll()
        texts.removeAll()
        lines.removeAll()
        lineBytes.removeAll(keepingCapacity: true)
        lastPaths = Self.noPaths
    }

    private func identifier(at row: Int) -> RecordIdentifier {
        if let text = texts[columns[.idText, row]] { return .text(text) }
        return .uuid(
            high: UInt64(bitPattern: columns[.idHigh, row]),
            low: UInt64(bitPattern: columns[.idLow, row])
        )
    }

    private mutating func summary() -> [UInt8] {
        for row in 0..<columns.rowCount {
            let kind = Int(columns[.kind, row])
            while entries.count <= kind {
                entries.append(.init(kind: 0, count: 0, totalMicrosecondsMax: 0, hasLines: false))
            }
            if entries[kind].count == 0 {
                touched.append(kind)
                entries[kind].totalMicrosecondsMax = .min
            }
            entries[kind].count += 1
            entries[kind].totalMicrosecondsMax = max(
                entries[kind].totalMicrosecondsMax,
                columns[.totalMicroseconds, row]
            )
            if columns[.lineCount, row] > 0 { entries[kind].hasLines = true }
        }
        touched.sort()
        let summary = touched.map { kind in
            var entry = entries[kind]
            entry.kind = Int64(kind)
            entries[kind].count = 0
            entries[kind].hasLines = false
            return entry
        }
        touched.removeAll(keepingCapacity: true)
        return BlockSummary.pack(summary)
    }

    private func packedLines() -> [UInt8]? {
        guard lines.rowCount > 0 else { return nil }
        var bytes: [UInt8] = [RecordBlock.format]
        lines.pack(into: &bytes)
        bytes += lineBytes
        return bytes
    }
}
