/// Records as they are stored, some thousands together.
struct RecordBlock {
    /// Stands first in every block.
    static let format: UInt8 = 1

    let columns: PackedColumns
    let texts: PackedTexts

    init(_ bytes: [UInt8]) throws(StoreError) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == Self.format else { throw .damagedBlock }
        columns = try PackedColumns(&reader, columnCount: RecordColumn.allCases.count)
        texts = try PackedTexts(&reader)
    }

    var count: Int { columns.rowCount }

    /// The first record whose key is at least `key`.
    func firstIndex(atLeast key: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if columns[.key, middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func identifier(at index: Int) -> RecordIdentifier {
        if let text = texts[columns[.idText, index]] { return .text(text) }
        return .uuid(
            high: UInt64(bitPattern: columns[.idHigh, index]),
            low: UInt64(bitPattern: columns[.idLow, index])
        )
    }

    func hasIdentifier(_ identifier: RecordIdentifier, at index: Int) -> Bool {
        switch identifier {
        case .uuid(let high, let low):
            columns[.idLow, index] == Int64(bitPattern: low)
                && columns[.idHigh, index] == Int64(bitPattern: high)
                && columns[.idText, index] == 0
        case .text(let text):
            texts[columns[.idText, index]] == text
        }
    }

    func path(at index: Int) -> String { texts[columns[.path, index]] ?? "" }

    func error(at index: Int) -> String? { texts[columns[.error, index]] }

    func trace(at index: Int) -> TraceIdentifier? {
        if let text = texts[columns[.traceText, index]] { return .text(text) }
        let high = columns[.traceHigh, index]
        let low = columns[.traceLow, index]
        guard high != 0 || low != 0 else { return nil }
        return .number(high: UInt64(bitPattern: high), low: UInt64(bitPattern: low))
    }

    func areLinesTruncated(at index: Int) -> Bool {
        columns[.flags, index] & RecordColumn.truncatedFlag != 0
    }

    func hasTrapReport(at index: Int) -> Bool {
        columns[.flags, index] & RecordColumn.trapFlag != 0
    }

    /// A record without its lines and its trap report.
    func record(at index: Int, _ kind: RecordKind) -> InvocationRecord {
        InvocationRecord(
            id: identifier(at: index),
            function: kind.function,
            version: kind.version,
            startedAt: Timestamp(microseconds: columns[.startedAt, index]),
            alias: kind.alias,
            trigger: kind.trigger,
            method: kind.method,
            path: path(at: index),
            status: kind.status,
            outcome: kind.outcome,
            start: kind.start,
            queueMicroseconds: columns[.queueMicroseconds, index],
            startMicroseconds: columns[.startMicroseconds, index],
            guestMicroseconds: columns[.guestMicroseconds, index],
            totalMicroseconds: columns[.totalMicroseconds, index],
            fuel: columns[.fuel, index],
            memoryPeakBytes: columns[.memoryPeakBytes, index],
            bytesIn: columns[.bytesIn, index],
            bytesOut: columns[.bytesOut, index],
            trace: trace(at: index),
            error: error(at: index),
            linesTruncated: areLinesTruncated(at: index)
        )
    }
}

/// The log lines of a block's records.
struct LineBlock {
    let columns: PackedColumns
    private let bytes: [UInt8]
    private let textStart: Int

    init(_ bytes: [UInt8]) throws(StoreError) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == RecordBlock.format else { throw .damagedBlock }
        columns = try PackedColumns(&reader, columnCount: LineColumn.allCases.count)
        textStart = reader.position
        self.bytes = bytes
    }

    var count: Int { columns.rowCount }

    func record(of index: Int) -> Int { Int(truncatingIfNeeded: columns[.record, index]) }

    /// The first line of a record, or where it would be.
    func firstIndex(ofRecord record: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if columns[.record, middle] < Int64(record) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func text(at index: Int) -> String {
        let start = index == 0 ? 0 : columns[.textEnd, index - 1]
        let end = columns[.textEnd, index]
        guard start >= 0, start <= end, end <= Int64(bytes.count - textStart) else { return "" }
        return String(
            decoding: bytes[textStart + Int(start)..<textStart + Int(end)],
            as: UTF8.self
        )
    }

    func stream(at index: Int) -> LogStream { LogStream(code: columns[.stream, index]) ?? .stdout }

    func line(at index: Int) -> LogLine {
        LogLine(
            sequence: Int32(truncatingIfNeeded: columns[.sequence, index]),
            atMicroseconds: columns[.atMicroseconds, index],
            stream: stream(at: index),
            text: text(at: index)
        )
    }

    /// All lines of a record, in order.
    func lines(ofRecord record: Int) -> [LogLine] {
        var lines: [LogLine] = []
        var index = firstIndex(ofRecord: record)
        while index < count, self.record(of: index) == record {
            lines.append(line(at: index))
            index += 1
        }
        return lines
    }
}
