extension Instance {
    /// Evaluates globals and segments in the order of core specification §4.5.4.
    func initialize() throws(InstantiationError) {
        let structure = module.structure
        for (index, definition) in structure.globals.enumerated() {
            let slot = Int(module.layouts.globals[index])
            let value = try evaluateSlots(definition.initializer)
            context.globals[slot] = value.0
            if definition.type.value == .v128 { context.globals[slot + 1] = value.1 }
        }
        for (index, definition) in structure.tables.enumerated() {
            guard let initializer = definition.initializer else { continue }
            let storage = tables[structure.importedTableCount + index].storage
            storage.fill(0, count: storage.count, with: try evaluate(initializer))
        }
        try evaluateElements()
        for (index, segment) in structure.elements.enumerated() {
            switch segment.mode {
            case .passive:
                continue
            case .declarative:
                dropElements(index)
            case .active(let table, let offset):
                // Beyond 32 bits lies no element of any table.
                let start = UInt32(clamping: try evaluate(offset))
                let count = UInt32(segment.items.count)
                guard copyElements(index, to: Int(table), at: start, from: 0, count: count) else {
                    throw .segmentOutOfBounds(.tableOutOfBounds, offset: segment.offset)
                }
                dropElements(index)
            }
        }
        for (index, segment) in structure.dataSegments.enumerated() {
            guard case .active(let memory, let offset) = segment.mode else { continue }
            let bytes = module.bytes[segment.bytes]
            let start = try evaluate(offset)
            guard context.memory(memory).write(bytes.span, at: start) else {
                throw .segmentOutOfBounds(.memoryOutOfBounds, offset: segment.offset)
            }
            droppedData[index] = true
        }
    }

    /// Copies elements of a segment to a table; false, with nothing copied, when any lies outside.
    ///
    /// A dropped segment has no elements.
    func copyElements(
        _ segment: Int,
        to table: Int,
        at start: UInt32,
        from source: UInt32,
        count: UInt32
    ) -> Bool {
        let storage = context.table(table)
        guard containsElements(segment, from: source, count: count),
            storage.contains(start, count: count)
        else { return false }
        switch module.structure.elements[segment].items {
        case .functions(let functions):
            for index in 0..<count {
                let function = Int(functions[Int(source + index)])
                _ = storage.store(record(of: function).address, at: start + index)
            }
        case .expressions:
            let values = elementValues[segment]
            for index in 0..<count {
                _ = storage.store(values?[Int(source + index)] ?? 0, at: start + index)
            }
        }
        context.tablesAreDirty = true
        return true
    }

    /// Whether a data segment has `count` bytes from `source` on; a dropped one has none.
    func containsData(_ segment: Int, from source: UInt64, count: UInt64) -> Bool {
        let available =
            droppedData[segment] ? 0 : module.structure.dataSegments[segment].bytes.count
        return count <= UInt64(available) && source <= UInt64(available) - count
    }

    /// Copies bytes of a data segment to a memory; false, with nothing copied, when any lies outside.
    func copyData(
        _ segment: Int,
        to memory: LinearMemory,
        at start: UInt64,
        from source: UInt64,
        count: UInt64
    ) -> Bool {
        guard containsData(segment, from: source, count: count) else { return false }
        guard count > 0 else { return memory.contains(start, count: 0) }
        let first = module.structure.dataSegments[segment].bytes.lowerBound + Int(source)
        let bytes = module.bytes[first..<first + Int(count)]
        return memory.write(bytes.span, at: start)
    }

    /// Whether a segment has `count` elements from `source` on; a dropped one has none.
    func containsElements(_ segment: Int, from source: UInt32, count: UInt32) -> Bool {
        let available =
            droppedElements[segment] ? 0 : module.structure.elements[segment].items.count
        return UInt64(source) + UInt64(count) <= UInt64(available)
    }

    /// An element of a segment.
    func elementValue(_ segment: Int, _ index: Int) -> UInt64 {
        switch module.structure.elements[segment].items {
        case .functions(let functions):
            return record(of: Int(functions[index])).address
        case .expressions:
            return elementValues[segment]?[index] ?? 0
        }
    }

    /// Evaluates the expressions of segments: once, since they may be long, and objects that they make have
    /// identity.
    private func evaluateElements() throws(InstantiationError) {
        for (index, segment) in module.structure.elements.enumerated() {
            guard case .expressions(let expressions) = segment.items else { continue }
            var values: [UInt64] = []
            for expression in expressions { values.append(try evaluate(expression)) }
            elementValues[index] = SlotList(values)
        }
    }

    private func evaluate(_ expression: ConstantExpression) throws(InstantiationError) -> UInt64 {
        try evaluateSlots(expression).0
    }

    private func evaluateSlots(
        _ expression: ConstantExpression
    ) throws(InstantiationError) -> (UInt64, UInt64) {
        var evaluator = ConstantEvaluator(self)
        do throws(ConstantEvaluator.HeapExhausted) {
            return try evaluator.evaluate(expression)
        } catch {
            throw .heapExhausted(limit: heap.byteCountMax)
        }
    }
}

extension ElementSegment.Items {
    var count: Int {
        switch self {
        case .functions(let functions): functions.count
        case .expressions(let expressions): expressions.count
        }
    }
}
