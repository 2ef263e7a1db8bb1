extension Instance {
    /// Evaluates globals and segments in the order of core specification §4.5.4.
    func initialize() throws(InstantiationError) {
        let structure = module.structure
        for (index, definition) in structure.globals.enumerated() {
            let slot = Int(module.layouts.globals[index])
            if definition.type.value == .v128 {
                context.globals[vector: slot] = evaluateVector(definition.initializer)
            } else {
                context.globals[slot] = evaluate(definition.initializer)
            }
        }
        for (index, definition) in structure.tables.enumerated() {
            guard let initializer = definition.initializer else { continue }
            let storage = tables[structure.importedTableCount + index].storage
            storage.fill(0, count: storage.count, with: evaluate(initializer))
        }
        for (index, segment) in structure.elements.enumerated() {
            switch segment.mode {
            case .passive:
                continue
            case .declarative:
                droppedElements[index] = true
            case .active(let table, let offset):
                // Beyond 32 bits lies no element of any table.
                let start = UInt32(clamping: evaluate(offset))
                let count = UInt32(segment.items.count)
                guard copyElements(index, to: Int(table), at: start, from: 0, count: count) else {
                    throw .segmentOutOfBounds(.tableOutOfBounds, offset: segment.offset)
                }
                droppedElements[index] = true
            }
        }
        for (index, segment) in structure.dataSegments.enumerated() {
            guard case .active(let memory, let offset) = segment.mode else { continue }
            let bytes = module.bytes[segment.bytes]
            guard context.memory(memory).write(bytes.span, at: evaluate(offset)) else {
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
        let items = module.structure.elements[segment].items
        let available = droppedElements[segment] ? 0 : items.count
        let storage = context.table(table)
        guard UInt64(source) + UInt64(count) <= UInt64(available),
            storage.contains(start, count: count)
        else { return false }
        for index in 0..<Int(count) {
            let value: UInt64 =
                switch items {
                case .functions(let functions):
                    record(of: Int(functions[Int(source) + index])).address
                case .expressions(let expressions):
                    evaluate(expressions[Int(source) + index])
                }
            _ = storage.store(value, at: start + UInt32(index))
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

    /// The value of a constant expression that is a vector: it has one instruction.
    private func evaluateVector(_ expression: ConstantExpression) -> V128 {
        switch expression.instructions.first {
        case .v128Const(let low, let high): V128(low: low, high: high)
        case .globalGet(let index): globalVector(Int(index))
        default: V128()
        }
    }

    /// The value of a constant expression that is not a vector. Core specification §4.5.5
    func evaluate(_ expression: ConstantExpression) -> UInt64 {
        var stack: [UInt64] = []
        func binary(_ operation: (UInt64, UInt64) -> UInt64) {
            let right = stack.popLast() ?? 0
            let left = stack.popLast() ?? 0
            stack.append(operation(left, right))
        }
        func narrow(_ value: UInt64) -> UInt64 { UInt64(UInt32(truncatingIfNeeded: value)) }
        for instruction in expression.instructions {
            switch instruction {
            case .i32Const(let value): stack.append(UInt64(UInt32(bitPattern: value)))
            case .i64Const(let value): stack.append(UInt64(bitPattern: value))
            case .f32Const(let bits): stack.append(UInt64(bits))
            case .f64Const(let bits): stack.append(bits)
            case .globalGet(let index): stack.append(globalSlot(Int(index)))
            case .refNull: stack.append(0)
            case .refFunc(let function): stack.append(record(of: Int(function)).address)
            case .i32Add: binary { narrow($0 &+ $1) }
            case .i32Sub: binary { narrow($0 &- $1) }
            case .i32Mul: binary { narrow($0 &* $1) }
            case .i64Add: binary { $0 &+ $1 }
            case .i64Sub: binary { $0 &- $1 }
            case .i64Mul: binary { $0 &* $1 }
            case .other, .v128Const, .refI31, .structNew, .structNewDefault, .arrayNew,
                .arrayNewDefault, .arrayNewFixed, .anyConvertExtern, .externConvertAny:
                continue
            }
        }
        return stack.last ?? 0
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
