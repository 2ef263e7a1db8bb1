// Structures, arrays, casts and small integers. Core specification §4.4.5 and §4.4.8

extension FunctionTranslator {
    /// The instructions after the prefix 0xFB.
    mutating func aggregate(at offset: Int) throws(ModuleError) {
        let number = try reader.u32()
        switch number {
        case 0, 1: try structureNew(isDefault: number == 1, at: offset)
        case 2...4: try structureGet(isSigned: number == 3, at: offset)
        case 5: try structureSet(at: offset)
        case 6...10: try arrayNew(number, at: offset)
        case 11...13: try arrayGet(isSigned: number == 12, at: offset)
        case 14: try arraySet(at: offset)
        case 15:
            count(at: offset)
            let array = popSlot()
            emit(.arrayLength, pushResult(), array)
        case 16: try arrayFill(at: offset)
        case 17: try arrayCopy(at: offset)
        case 18, 19: try arrayInitialize(isElements: number == 19, at: offset)
        case 20...23: try cast(number, at: offset)
        case 24, 25: try branchOnCast(isFail: number == 25, at: offset)
        case 26, 27:
            // References of the two hierarchies have the same form.
            count(at: offset)
        case 28: unaryReference(.i31New, at: offset)
        case 29: unaryReference(.i31GetS, at: offset)
        default: unaryReference(.i31GetU, at: offset)
        }
    }

    private mutating func unaryReference(_ opcode: Opcode, at offset: Int) {
        count(at: offset)
        let operand = popSlot()
        emit(opcode, pushResult(), operand)
    }

    /// The address of a type in the cell of the instruction that makes an object of it.
    private func address(ofType index: UInt32) -> UInt64 {
        environment.runtimeTypes[Int(index)].address
    }

    private func fields(_ type: UInt32) -> (fields: [FieldType], layout: StructureLayout) {
        let composite = environment.structure.types[Int(type)].composite
        guard case .structure(let fields) = composite else {
            return ([], StructureLayout(composite))
        }
        return (fields, StructureLayout(composite))
    }

    private func element(_ type: UInt32) -> StorageType {
        guard case .array(let element) = environment.structure.types[Int(type)].composite else {
            return .value(.i32)
        }
        return element.storage
    }

    // MARK: - Structures

    /// The object is made first, with all operands in their slots, and then its fields are set.
    private mutating func structureNew(isDefault: Bool, at offset: Int) throws(ModuleError) {
        let type = try reader.u32()
        count(at: offset)
        if isDefault {
            let top = UInt16(truncatingIfNeeded: nextSlot)
            emit(.structureNew, pushTemporary(), 0, top)
            cells.append(address(ofType: type))
            producer = cells.count - 2
            return
        }
        let (fields, layout) = fields(type)
        settleTop(fields.count)
        let top = UInt16(truncatingIfNeeded: nextSlot)
        let object = pushTemporary()
        emit(.structureNew, object, 0, top)
        cells.append(address(ofType: type))
        let operands = stack.suffix(fields.count + 1).dropLast()
        for ((operand, field), place) in zip(zip(operands, fields), layout.offsets) {
            emit(Opcode.structureSet(field.storage), object, operand.slot)
            cells.append(UInt64(place))
        }
        truncate(to: stack.count - fields.count - 1)
        let result = pushResult()
        emit(.copy, result, object)
    }

    private mutating func structureGet(isSigned: Bool, at offset: Int) throws(ModuleError) {
        let type = try reader.u32()
        let field = Int(try reader.u32())
        count(at: offset)
        let (fields, layout) = fields(type)
        let storage = fields[field].storage
        let object = popSlot()
        let result = pushResult(isVector: storage == .value(.v128))
        emit(Opcode.structureGet(storage, isSigned: isSigned), result, object)
        cells.append(UInt64(layout.offsets[field]))
    }

    private mutating func structureSet(at offset: Int) throws(ModuleError) {
        let type = try reader.u32()
        let field = Int(try reader.u32())
        count(at: offset)
        let (fields, layout) = fields(type)
        let value = popSlot()
        let object = popSlot()
        emit(Opcode.structureSet(fields[field].storage), object, value)
        cells.append(UInt64(layout.offsets[field]))
        producer = nil
    }

    // MARK: - Arrays

    private mutating func arrayNew(_ number: UInt32, at offset: Int) throws(ModuleError) {
        let type = try reader.u32()
        let other = number < 8 ? 0 : try reader.u32()
        count(at: offset)
        switch number {
        case 7:
            let count = popSlot()
            let top = UInt16(truncatingIfNeeded: nextSlot)
            emitArrayNew(pushTemporary(), type, count: count, top: top)
            producer = cells.count - 3
        case 8: arrayNewFixed(type, Int(other))
        case 6:
            settleTop(2)
            let operands = Array(stack.suffix(2))
            let array = arrayNewFilled(type, count: operands[1].slot)
            let zero = pushTemporary()
            emit(.constant32, zero, wide: 0)
            emit(.arrayFill, array, zero, operands[0].slot)
            cells.append(UInt64(operands[1].slot))
            finishArrayNew(array, temporaries: 4)
        default:
            settleTop(2)
            let operands = Array(stack.suffix(2))
            let isElements = number == 10
            let source = ArraySource(
                isElements: isElements,
                slot: operands[0].slot,
                segment: other
            )
            let array = arrayNewFilled(type, count: operands[1].slot, from: source)
            let zero = pushTemporary()
            emit(.constant32, zero, wide: 0)
            emit(.arrayInitialize, array, zero, operands[0].slot)
            appendInitializeCell(count: operands[1].slot, isElements: isElements, segment: other)
            finishArrayNew(array, temporaries: 4)
        }
    }

    /// Makes an array above the operands, which stay on the stack.
    private mutating func arrayNewFilled(
        _ type: UInt32,
        count: UInt16,
        from source: ArraySource = ArraySource(rawValue: 0)
    ) -> UInt16 {
        let top = UInt16(truncatingIfNeeded: nextSlot)
        let array = pushTemporary()
        emitArrayNew(array, type, count: count, top: top, from: source)
        return array
    }

    private mutating func emitArrayNew(
        _ result: UInt16,
        _ type: UInt32,
        count: UInt16,
        top: UInt16,
        from source: ArraySource = ArraySource(rawValue: 0)
    ) {
        emit(.arrayNew, result, count, top)
        cells.append(address(ofType: type))
        cells.append(source.rawValue)
    }

    /// Drops what making the array needed, and leaves the array.
    private mutating func finishArrayNew(_ array: UInt16, temporaries: Int) {
        truncate(to: stack.count - temporaries)
        emit(.copy, pushResult(), array)
    }

    private mutating func arrayNewFixed(_ type: UInt32, _ count: Int) {
        settleTop(count)
        let first = count == 0 ? 0 : stack[stack.count - count].slot
        let countSlot = pushTemporary()
        emit(.constant32, countSlot, wide: UInt32(truncatingIfNeeded: count))
        let array = arrayNewFilled(type, count: countSlot)
        emit(.arraySetAll, array, first)
        cells.append(UInt64(count))
        finishArrayNew(array, temporaries: count + 2)
    }

    private mutating func arrayGet(isSigned: Bool, at offset: Int) throws(ModuleError) {
        let storage = element(try reader.u32())
        count(at: offset)
        let index = pop()
        let indexSlot = slot(of: index)
        let array = popSlot()
        let result = pushResult(isVector: storage == .value(.v128))
        emit(Opcode.arrayGet(storage, isSigned: isSigned), result, array, indexSlot)
    }

    private mutating func arraySet(at offset: Int) throws(ModuleError) {
        let storage = element(try reader.u32())
        count(at: offset)
        let value = popSlot()
        let index = popSlot()
        let array = popSlot()
        emit(Opcode.arraySet(storage), array, index, value)
        producer = nil
    }

    // The operands of these are brought to their slots, since progress is noted there.

    private mutating func arrayFill(at offset: Int) throws(ModuleError) {
        _ = try reader.u32()
        count(at: offset)
        settleTop(4)
        let slots = stack.suffix(4).map(\.slot)
        emit(.arrayFill, slots[0], slots[1], slots[2])
        cells.append(UInt64(slots[3]))
        truncate(to: stack.count - 4)
        producer = nil
    }

    private mutating func arrayCopy(at offset: Int) throws(ModuleError) {
        _ = try reader.u32()
        _ = try reader.u32()
        count(at: offset)
        settleTop(5)
        let slots = stack.suffix(5).map(\.slot)
        emit(.arrayCopy, slots[0], slots[1], slots[2])
        cells.append(UInt64(slots[3]) | UInt64(slots[4]) << 16)
        truncate(to: stack.count - 5)
        producer = nil
    }

    private mutating func arrayInitialize(isElements: Bool, at offset: Int) throws(ModuleError) {
        _ = try reader.u32()
        let segment = try reader.u32()
        count(at: offset)
        settleTop(4)
        let slots = stack.suffix(4).map(\.slot)
        emit(.arrayInitialize, slots[0], slots[1], slots[2])
        appendInitializeCell(count: slots[3], isElements: isElements, segment: segment)
        truncate(to: stack.count - 4)
        producer = nil
    }

    private mutating func appendInitializeCell(count: UInt16, isElements: Bool, segment: UInt32) {
        cells.append(UInt64(count) | (isElements ? 1 << 16 : 0) | UInt64(segment) << 32)
    }

    // MARK: - Casts

    private func target(_ type: ReferenceType) -> UInt64 {
        ReferenceTarget(type, typeIDs: environment.typeIDs).rawValue
    }

    private mutating func cast(_ number: UInt32, at offset: Int) throws(ModuleError) {
        let heapType = try reader.heapType()
        let type = ReferenceType(heapType: heapType, isNullable: number & 1 != 0)
        count(at: offset)
        let operand = pop()
        let slot = slot(of: operand)
        if number < 22 {
            emit(.referenceTest, pushResult(), slot)
            cells.append(target(type))
        } else {
            emit(.referenceCast, slot)
            cells.append(target(type))
            push(operand)
            producer = nil
        }
    }

    /// Tests the reference, which stays on the stack, and branches on the outcome.
    private mutating func branchOnCast(isFail: Bool, at offset: Int) throws(ModuleError) {
        let types = try reader.castTypes()
        count(at: offset)
        settleTop(1)
        let reference = stack[stack.count - 1].slot
        let outcome = pushTemporary()
        emit(.referenceTest, outcome, reference)
        cells.append(target(types.target))
        _ = pop()
        producer = nil
        let opcode: Opcode = isFail ? .branchIfZero : .branchIfNonzero
        branch(on: Condition(opcode: opcode, a: outcome, b: 0), depth: Int(types.label))
    }
}

extension Opcode {
    static func structureGet(_ storage: StorageType, isSigned: Bool) -> Opcode {
        switch (storage, storage.byteCount) {
        case (.i8, _): isSigned ? .structureGet8S : .structureGet8U
        case (.i16, _): isSigned ? .structureGet16S : .structureGet16U
        case (_, 4): .structureGet32
        case (_, 16): .structureGet128
        default: .structureGet64
        }
    }

    static func structureSet(_ storage: StorageType) -> Opcode {
        switch storage.byteCount {
        case 1: .structureSet8
        case 2: .structureSet16
        case 4: .structureSet32
        case 16: .structureSet128
        default: .structureSet64
        }
    }

    static func arrayGet(_ storage: StorageType, isSigned: Bool) -> Opcode {
        switch (storage, storage.byteCount) {
        case (.i8, _): isSigned ? .arrayGet8S : .arrayGet8U
        case (.i16, _): isSigned ? .arrayGet16S : .arrayGet16U
        case (_, 4): .arrayGet32
        case (_, 16): .arrayGet128
        default: .arrayGet64
        }
    }

    static func arraySet(_ storage: StorageType) -> Opcode {
        switch storage.byteCount {
        case 1: .arraySet8
        case 2: .arraySet16
        case 4: .arraySet32
        case 16: .arraySet128
        default: .arraySet64
        }
    }
}
