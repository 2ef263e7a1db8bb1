// The immediates of instructions. Core specification §6.5

extension ModuleEncoder {
    /// Writes an instruction whose name has been read, reading its immediates.
    mutating func write(
        _ instruction: Instruction,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        switch instruction.immediates {
        case .select: return try select(&writer)
        case .referenceType: return try cast(instruction, &writer)
        default: break
        }
        if let prefix = instruction.prefix {
            writer.byte(prefix)
            writer.u32(instruction.code)
        } else {
            writer.byte(UInt8(truncatingIfNeeded: instruction.code))
        }
        switch instruction.immediates {
        case .i32:
            let bits = try reader.integer(width: 32)
            writer.signed(Int64(Int32(truncatingIfNeeded: bits)))
        case .i64: writer.signed(Int64(bitPattern: try reader.integer(width: 64)))
        case .f32: writer.fixed(UInt64(try reader.float32()), count: 4)
        case .f64: writer.fixed(try reader.float64(), count: 8)
        case .label: writer.u32(try label())
        case .labelTable: try labelTable(&writer)
        case .heapType: writer.signed(try heapType())
        case .memoryAccess(let alignment): try memoryArgument(alignment, &writer)
        case .laneAccess(let alignment):
            try memoryArgument(alignment, &writer, hasLane: true)
            try lane(&writer)
        case .lane: try lane(&writer)
        case .shuffle: for _ in 0..<16 { try lane(&writer) }
        case .vectorConstant: try vectorConstant(&writer)
        case .castTypes: try branchOnCast(&writer)
        default: try indices(instruction.immediates, &writer)
        }
    }

    /// Immediates that are indices of definitions.
    private mutating func indices(
        _ immediates: Instruction.Immediates,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        switch immediates {
        case .function: writer.u32(try index(functions))
        case .type: writer.u32(try index(types))
        case .tag: writer.u32(try index(tags))
        case .local: writer.u32(try localIndex())
        case .global: writer.u32(try index(globals))
        case .table: writer.u32(try optionalIndex(tables))
        case .memory: writer.u32(try optionalIndex(memories))
        case .data: writer.u32(try index(dataSegments))
        case .element: writer.u32(try index(elements))
        case .indirectCall:
            let table = try optionalIndex(tables)
            writer.u32(typeIndex(try typeUse(allowsNames: false)))
            writer.u32(table)
        case .memoryInit: try initIndices(memories, dataSegments, &writer)
        case .tableInit: try initIndices(tables, elements, &writer)
        case .memoryCopy: try copyIndices(memories, &writer)
        case .tableCopy: try copyIndices(tables, &writer)
        case .field:
            let type = try index(types)
            writer.u32(type)
            writer.u32(try fieldIndex(type))
        case .typeAndCount:
            writer.u32(try index(types))
            writer.u32(try reader.u32())
        case .typeAndData:
            writer.u32(try index(types))
            writer.u32(try index(dataSegments))
        case .typeAndElement:
            writer.u32(try index(types))
            writer.u32(try index(elements))
        case .twoTypes:
            writer.u32(try index(types))
            writer.u32(try index(types))
        default: return
        }
    }

    private mutating func optionalIndex(_ space: IndexSpace) throws(TextError) -> UInt32 {
        isAtIndex ? try index(space) : 0
    }

    /// `memory.init` and `table.init`: the first of two indices is that of the memory or table.
    private mutating func initIndices(
        _ space: IndexSpace,
        _ segments: IndexSpace,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        let hasTwo =
            isAtIndex
            && (reader.kind(ahead: 1) == .identifier || isNumber(ahead: 1))
        let target = hasTwo ? try index(space) : 0
        writer.u32(try index(segments))
        writer.u32(target)
    }

    private mutating func copyIndices(
        _ space: IndexSpace,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        guard isAtIndex else { return writer.append([0, 0]) }
        writer.u32(try index(space))
        writer.u32(try index(space))
    }

    private func isNumber(ahead count: Int) -> Bool {
        guard reader.kind(ahead: count) == .atom else { return false }
        let token = reader.tokens[reader.position + count]
        return (0x30...0x39).contains(reader.source[token.start])
    }

    private mutating func localIndex() throws(TextError) -> UInt32 {
        guard reader.kind == .identifier else { return try reader.u32() }
        let position = reader.position
        let name = try reader.identifier() ?? []
        guard let index = locals[name] else {
            reader.position = position
            throw reader.error("unknown local \(reader.text)")
        }
        return index
    }

    private mutating func fieldIndex(_ type: UInt32) throws(TextError) -> UInt32 {
        guard reader.kind == .identifier else { return try reader.u32() }
        let position = reader.position
        let name = try reader.identifier() ?? []
        guard let index = fieldNames[type]?[name] else {
            reader.position = position
            throw reader.error("unknown field \(reader.text)")
        }
        return index
    }

    private mutating func labelTable(_ writer: inout BinaryWriter) throws(TextError) {
        var depths = [try label()]
        while isAtIndex { depths.append(try label()) }
        writer.count(depths.count - 1)
        for depth in depths { writer.u32(depth) }
    }

    // MARK: - References

    /// `select`, with its types when it has any.
    private mutating func select(_ writer: inout BinaryWriter) throws(TextError) {
        var types: [EncodedType] = []
        let isTyped = reader.opens("result")
        while reader.tryOpen("result") {
            while reader.kind != .rightParenthesis { types.append(try valueType()) }
            try reader.close()
        }
        writer.byte(isTyped ? 0x1C : 0x1B)
        guard isTyped else { return }
        writer.count(types.count)
        for type in types { type.write(to: &writer) }
    }

    /// `ref.test` and `ref.cast`: the code says whether the type is nullable.
    private mutating func cast(
        _ instruction: Instruction,
        _ writer: inout BinaryWriter
    ) throws(TextError) {
        let (heap, isNullable) = try castType()
        writer.byte(0xFB)
        writer.u32((instruction.code & ~1) | (isNullable ? 1 : 0))
        writer.signed(heap)
    }

    private mutating func castType() throws(TextError) -> (heap: Int64, isNullable: Bool) {
        let type = try referenceType()
        switch type.code {
        case 0x63: return (type.heap, true)
        case 0x64: return (type.heap, false)
        default: return (Int64(type.code) - 0x80, true)
        }
    }

    private mutating func branchOnCast(_ writer: inout BinaryWriter) throws(TextError) {
        let label = try label()
        let source = try castType()
        let target = try castType()
        writer.byte((source.isNullable ? 1 : 0) | (target.isNullable ? 2 : 0))
        writer.u32(label)
        writer.signed(source.heap)
        writer.signed(target.heap)
    }

    // MARK: - Memory

    /// A memory, an offset and an alignment, each optional. §6.5.7
    private mutating func memoryArgument(
        _ natural: UInt32,
        _ writer: inout BinaryWriter,
        hasLane: Bool = false
    ) throws(TextError) {
        var memory: UInt32 = 0
        if isAtIndex {
            let next = reader.kind(ahead: 1)
            // A number alone before a lane's place is the lane.
            let isLane = hasLane && reader.kind == .atom && next != .atom && next != .identifier
            let followsWithWord = next == .atom && !isNumber(ahead: 1) && !isArgument(ahead: 1)
            if !isLane, !(hasLane && reader.kind == .atom && followsWithWord) {
                memory = try index(memories)
            }
        }
        let offset = try argument("offset=") ?? 0
        var alignment = UInt64(natural)
        let position = reader.position
        if let bytes = try argument("align=") {
            guard bytes.nonzeroBitCount == 1 else {
                reader.position = position
                throw reader.error("alignment must be a power of two, found \(bytes)")
            }
            alignment = UInt64(bytes.trailingZeroBitCount)
        }
        writer.unsigned(memory == 0 ? alignment : alignment | 64)
        if memory != 0 { writer.u32(memory) }
        writer.unsigned(offset)
    }

    private func isArgument(ahead count: Int) -> Bool {
        let text = reader.text(of: reader.tokens[reader.position + count])
        return text.hasPrefix("offset=") || text.hasPrefix("align=")
    }

    /// Reads `offset=N` or `align=N`, when it comes next.
    private mutating func argument(_ prefix: String) throws(TextError) -> UInt64? {
        guard reader.kind == .atom, reader.text.hasPrefix(prefix) else { return nil }
        guard let value = Number.unsigned(reader.text.dropFirst(prefix.count)) else {
            throw reader.error("unknown operator or constant out of range: \(reader.text)")
        }
        reader.advance()
        return value
    }

    // MARK: - Vectors

    private mutating func lane(_ writer: inout BinaryWriter) throws(TextError) {
        let value = try reader.u32()
        guard let lane = UInt8(exactly: value) else {
            reader.position -= 1
            throw reader.error("malformed lane index \(value)")
        }
        writer.byte(lane)
    }

    /// `v128.const`: a shape, then its lanes. §6.5.10
    mutating func vectorConstant(_ writer: inout BinaryWriter) throws(TextError) {
        let position = reader.position
        switch try reader.atom("a vector shape") {
        case "i8x16":
            for _ in 0..<16 { writer.fixed(try reader.integer(width: 8), count: 1) }
        case "i16x8":
            for _ in 0..<8 { writer.fixed(try reader.integer(width: 16), count: 2) }
        case "i32x4":
            for _ in 0..<4 { writer.fixed(try reader.integer(width: 32), count: 4) }
        case "i64x2":
            for _ in 0..<2 { writer.fixed(try reader.integer(width: 64), count: 8) }
        case "f32x4":
            for _ in 0..<4 { writer.fixed(UInt64(try reader.float32()), count: 4) }
        case "f64x2":
            for _ in 0..<2 { writer.fixed(try reader.float64(), count: 8) }
        default:
            reader.position = position
            throw reader.unexpected("a vector shape")
        }
    }
}
