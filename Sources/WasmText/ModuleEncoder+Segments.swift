// Element and data segments. Core specification §6.6.9 and §6.6.10

extension ModuleEncoder {
    /// The elements of a segment.
    enum ElementItems {
        case functions([UInt32])
        /// Expressions with their `end`.
        case expressions([[UInt8]])

        var count: Int {
            switch self {
            case .functions(let indices): indices.count
            case .expressions(let expressions): expressions.count
            }
        }
    }

    enum ElementMode {
        case passive
        case declarative
        case active(table: UInt32, offset: [UInt8])
    }

    mutating func elementSegment() throws(TextError) {
        _ = try reader.identifier()
        if reader.tryKeyword("declare") {
            let (items, type) = try elementList(allowsBareIndices: false)
            return addElements(items, type, mode: .declarative)
        }
        var table: UInt32?
        if reader.tryOpen("table") {
            table = try index(tables)
            try reader.close()
        }
        // An index without `table` is an older form of naming the table.
        if table == nil, reader.kind == .identifier || reader.isNumber,
            reader.kind(ahead: 1) == .leftParenthesis
        {
            table = try index(tables)
        }
        let isActive =
            reader.kind == .leftParenthesis && !reader.opens("ref")
        guard isActive || table != nil else {
            let (items, type) = try elementList(allowsBareIndices: false)
            return addElements(items, type, mode: .passive)
        }
        let offset = try self.offset()
        let (items, type) = try elementList(allowsBareIndices: table == nil)
        addElements(items, type, mode: .active(table: table ?? 0, offset: offset))
    }

    /// An offset: `(offset …)` or one folded instruction.
    private mutating func offset() throws(TextError) -> [UInt8] {
        var writer = BinaryWriter()
        labels.removeAll(keepingCapacity: true)
        locals.removeAll(keepingCapacity: true)
        if reader.tryOpen("offset") {
            try instructions(&writer)
            try reader.close()
        } else {
            try foldedInstruction(&writer)
        }
        writer.byte(0x0B)
        return writer.bytes
    }

    private mutating func elementList(
        allowsBareIndices: Bool
    ) throws(TextError) -> (ElementItems, EncodedType) {
        if reader.tryKeyword("func") {
            return (try functionIndices(), .functionReference)
        }
        if isAtValueType {
            let type = try referenceType()
            return (try expressionItems(), type)
        }
        guard allowsBareIndices || reader.kind == .rightParenthesis else {
            throw reader.unexpected("an element list")
        }
        return (try functionIndices(), .functionReference)
    }

    private mutating func functionIndices() throws(TextError) -> ElementItems {
        var indices: [UInt32] = []
        while isAtIndex { indices.append(try index(functions)) }
        return .functions(indices)
    }

    private mutating func expressionItems() throws(TextError) -> ElementItems {
        var expressions: [[UInt8]] = []
        while reader.kind == .leftParenthesis {
            var writer = BinaryWriter()
            labels.removeAll(keepingCapacity: true)
            locals.removeAll(keepingCapacity: true)
            if reader.tryOpen("item") {
                try instructions(&writer)
                try reader.close()
            } else {
                try foldedInstruction(&writer)
            }
            writer.byte(0x0B)
            expressions.append(writer.bytes)
        }
        return .expressions(expressions)
    }

    /// The elements of a table that contains its segment.
    mutating func elementItems(_ type: EncodedType) throws(TextError) -> ElementItems {
        if reader.kind == .leftParenthesis { return try expressionItems() }
        let items = try functionIndices()
        guard case .functions(let indices) = items, type != .functionReference else { return items }
        // Segments of function indices have a type of their own.
        return .expressions(
            indices.map { index in
                var writer = BinaryWriter()
                writer.byte(0xD2)
                writer.u32(index)
                writer.byte(0x0B)
                return writer.bytes
            }
        )
    }

    /// Writes a segment in the form that its mode and items ask for. §5.5.12
    mutating func addElements(_ items: ElementItems, _ type: EncodedType, mode: ElementMode) {
        add(to: 9) { writer in
            var expressions: [[UInt8]]?
            if case .expressions(let list) = items { expressions = list }
            let form: UInt8 = expressions == nil ? 0 : 4
            switch mode {
            case .passive: writer.byte(form | 1)
            case .declarative: writer.byte(form | 3)
            case .active(let table, let offset):
                let isShort = table == 0 && type == .functionReference
                writer.byte(isShort ? form : form | 2)
                if !isShort { writer.u32(table) }
                writer.append(offset)
                if isShort { return Self.write(items, to: &writer) }
            }
            if expressions == nil { writer.byte(0) } else { type.write(to: &writer) }
            Self.write(items, to: &writer)
        }
    }

    private static func write(_ items: ElementItems, to writer: inout BinaryWriter) {
        writer.count(items.count)
        switch items {
        case .functions(let indices):
            for index in indices { writer.u32(index) }
        case .expressions(let expressions):
            for expression in expressions { writer.append(expression) }
        }
    }

    // MARK: - Data

    mutating func dataSegment() throws(TextError) {
        _ = try reader.identifier()
        var memory: UInt32?
        if reader.tryOpen("memory") {
            memory = try index(memories)
            try reader.close()
        } else if isAtIndex {
            memory = try index(memories)
        }
        let offset = memory != nil || reader.kind == .leftParenthesis ? try self.offset() : nil
        var contents: [UInt8] = []
        while reader.kind == .string { contents += try reader.string() }
        addData(contents, memory: memory ?? 0, offset: offset)
    }

    /// Writes a segment; without an offset it is passive. §5.5.14
    mutating func addData(_ contents: [UInt8], memory: UInt32, offset: [UInt8]?) {
        add(to: 11) { writer in
            if let offset {
                writer.byte(memory == 0 ? 0 : 2)
                if memory != 0 { writer.u32(memory) }
                writer.append(offset)
            } else {
                writer.byte(1)
            }
            writer.vector(contents)
        }
    }
}
