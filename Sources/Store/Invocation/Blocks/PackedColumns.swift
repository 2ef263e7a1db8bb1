/// Rows of integers that are packed column by column.
///
/// A column is stored as the differences to its least value, each in as few bytes as the greatest
/// of them needs: a column whose values are all the same takes none.
struct ColumnBuilder {
    let columnCount: Int
    private(set) var rowCount = 0
    private var capacity: Int
    // Column after column, each with room for `capacity` rows.
    private var values: [Int64]

    init(columnCount: Int, capacity: Int = 64) {
        self.columnCount = columnCount
        self.capacity = capacity
        values = Array(repeating: 0, count: columnCount * capacity)
    }

    /// Sets a value of the row that `endRow` completes; each of its columns has to be set.
    mutating func set(_ column: Int, _ value: Int64) {
        values[column &* capacity &+ rowCount] = value
    }

    mutating func endRow() {
        rowCount += 1
        if rowCount == capacity { grow() }
    }

    mutating func removeAll() { rowCount = 0 }

    subscript(column: Int, row: Int) -> Int64 { values[column &* capacity &+ row] }

    private mutating func grow() {
        var grown: [Int64] = []
        grown.reserveCapacity(columnCount * capacity * 2)
        for column in 0..<columnCount {
            grown += values[column * capacity..<(column + 1) * capacity]
            grown += repeatElement(0, count: capacity)
        }
        values = grown
        capacity *= 2
    }

    /// Appends the rows to `bytes`, in the form that `PackedColumns` reads; calls `step` after each column.
    func pack(into bytes: inout [UInt8], _ step: () -> Void = {}) {
        bytes.append(varint: UInt64(rowCount))
        bytes.append(varint: UInt64(columnCount))
        var layouts: [(low: Int64, width: Int)] = []
        layouts.reserveCapacity(columnCount)
        var byteCount = 0
        for column in 0..<columnCount {
            let (low, high) = bounds(of: column)
            let width = (71 - UInt64(bitPattern: high &- low).leadingZeroBitCount) / 8
            layouts.append((low, width))
            bytes.append(UInt8(width))
            bytes.append(zigzag: low)
            byteCount += width * rowCount
        }
        var position = bytes.count
        bytes += repeatElement(0, count: byteCount)
        for (column, layout) in layouts.enumerated() where layout.width > 0 {
            var target = bytes.mutableSpan
            let first = column * capacity
            for index in first..<first + rowCount {
                var rest = UInt64(bitPattern: values[index] &- layout.low)
                for _ in 0..<layout.width {
                    target[position] = UInt8(truncatingIfNeeded: rest)
                    rest >>= 8
                    position += 1
                }
            }
            step()
        }
    }

    private func bounds(of column: Int) -> (low: Int64, high: Int64) {
        guard rowCount > 0 else { return (0, 0) }
        let first = column * capacity
        var low = values[first]
        var high = low
        for index in first..<first + rowCount {
            let value = values[index]
            if value < low { low = value }
            if value > high { high = value }
        }
        return (low, high)
    }
}

/// Columns that were packed: any value is found at once.
struct PackedColumns {
    private struct Column {
        let low: Int64
        let width: Int
        let offset: Int
    }

    let rowCount: Int
    private let bytes: [UInt8]
    private var columns: [Column] = []

    /// Takes the columns at the reader's place; throws when they are not whole.
    init(_ reader: inout ByteReader, columnCount: Int) throws(StoreError) {
        rowCount = try reader.count(bytesEach: 0, max: Int(Int32.max))
        let storedCount = try reader.count(bytesEach: 2)
        var layouts: [(low: Int64, width: Int)] = []
        for _ in 0..<storedCount {
            let width = Int(try reader.byte())
            guard width <= 8 else { throw .damagedBlock }
            layouts.append((try reader.zigzag(), width))
        }
        for layout in layouts {
            let range = try reader.skip(layout.width * rowCount)
            columns.append(
                Column(low: layout.low, width: layout.width, offset: range.lowerBound)
            )
        }
        // What an earlier program did not write is zero.
        while columns.count < columnCount { columns.append(Column(low: 0, width: 0, offset: 0)) }
        bytes = reader.bytes
    }

    /// A value; `row` is below `rowCount`.
    subscript(column: Int, row: Int) -> Int64 {
        let column = columns[column]
        let offset = column.offset &+ row &* column.width
        var difference: UInt64 = 0
        switch column.width {
        case 0: break
        case 1: difference = UInt64(bytes[offset])
        case 2: difference = UInt64(bytes[offset]) | UInt64(bytes[offset + 1]) << 8
        default:
            var shift: UInt64 = 0
            for index in offset..<offset + column.width {
                difference |= UInt64(bytes[index]) << shift
                shift += 8
            }
        }
        return column.low &+ Int64(bitPattern: difference)
    }
}
