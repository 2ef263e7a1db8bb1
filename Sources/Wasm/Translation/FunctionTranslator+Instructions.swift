extension FunctionTranslator {
    /// Translates one instruction, whose opcode byte has been read.
    mutating func translate(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        switch opcode {
        case 0x00: unreachable(at: offset)
        case 0x01: count(at: offset)
        case 0x02: try block(at: offset)
        case 0x03: try loop(at: offset)
        case 0x04: try ifThen(at: offset)
        case 0x05: elseBranch()
        case 0x0B: end()
        case 0x0C: try branch(at: offset)
        case 0x0D: try branchIf(at: offset)
        case 0x0E: try branchTable(at: offset)
        case 0x0F: returnResults(at: offset)
        case 0x10: try call(at: offset)
        case 0x11: try callIndirect(at: offset)
        case 0x1A:
            count(at: offset)
            _ = pop()
            producer = nil
        case 0x1B, 0x1C: try select(opcode, at: offset)
        case 0x20...0x22: try local(opcode, at: offset)
        case 0x23, 0x24: try global(opcode, at: offset)
        case 0x25, 0x26: try table(opcode, at: offset)
        case 0x28...0x35: try load(opcode, at: offset)
        case 0x36...0x3E: try store(opcode, at: offset)
        case 0x3F, 0x40: try memorySize(opcode, at: offset)
        case 0x41...0x44: try constant(opcode, at: offset)
        case 0x45...0xC4:
            count(at: offset)
            numeric(NumericOperation.table[Int(opcode)])
        case 0xD0:
            _ = try reader.heapType()
            count(at: offset)
            push(constant: 0)
        case 0xD1:
            count(at: offset)
            numeric(.unary(.referenceIsNull))
        case 0xD2:
            let function = Int(try reader.u32())
            count(at: offset)
            emit(.referenceFunction, pushResult(), wide: environment.recordSlots[function])
        case 0xFC: try prefixed(at: offset)
        default: throw unexpected(opcode, at: offset)
        }
    }

    /// The body was validated: this is a bug, reported as a refusal rather than a crash.
    private func unexpected(_ opcode: UInt8, at offset: Int) -> ModuleError {
        ModuleError(.unsupported, "opcode 0x\(String(opcode, radix: 16))", at: offset)
    }

    // MARK: - Numbers

    private mutating func constant(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let value: UInt64
        switch opcode {
        case 0x41: value = UInt64(UInt32(bitPattern: try reader.s32()))
        case 0x42: value = UInt64(bitPattern: try reader.s64())
        case 0x43: value = UInt64(try reader.fixed32())
        default: value = try reader.fixed64()
        }
        count(at: offset)
        push(constant: value)
    }

    mutating func numeric(_ operation: NumericOperation) {
        switch operation {
        case .none, .reinterpretation:
            return
        case .unary(let opcode):
            if opcode == .i32Eqz, invertComparison() { return }
            let operand = popSlot()
            emit(opcode, pushResult(), operand)
        case .binary(let opcode):
            let (left, right) = popTwoSlots()
            emit(opcode, pushResult(), left, right)
        case .integer(let opcode, let immediate, let rule):
            integer(opcode, immediate, rule)
        }
    }

    /// Turns the comparison just emitted into its opposite, for an `i32.eqz` of its result.
    private mutating func invertComparison() -> Bool {
        guard let producer, producer == cells.count - 1, case .temporary? = stack.last?.source,
            let opcode = Opcode(rawValue: UInt16(truncatingIfNeeded: cells[producer])),
            opcode.branch != nil, let inverse = opcode.inverse
        else { return false }
        cells[producer] = cells[producer] & ~0xFFFF | UInt64(inverse.rawValue)
        return true
    }

    private mutating func popTwoSlots() -> (left: UInt16, right: UInt16) {
        let right = pop()
        let rightSlot = slot(of: right)
        return (popSlot(), rightSlot)
    }

    private mutating func integer(
        _ opcode: Opcode,
        _ immediateOpcode: Opcode,
        _ rule: NumericOperation.ImmediateRule
    ) {
        let right = pop()
        let left = pop()
        if let immediate = rule.immediate(for: right) {
            let leftSlot = slot(of: left)
            emit(immediateOpcode, pushResult(), leftSlot, immediate)
        } else if rule.isCommutative, let immediate = rule.immediate(for: left) {
            let rightSlot = slot(of: right)
            emit(immediateOpcode, pushResult(), rightSlot, immediate)
        } else {
            let leftSlot = slot(of: left)
            let rightSlot = slot(of: right)
            emit(opcode, pushResult(), leftSlot, rightSlot)
        }
    }

    private mutating func select(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        if opcode == 0x1C {
            for _ in 0..<(try reader.u32()) { _ = try reader.valueType() }
        }
        count(at: offset)
        let condition = popSlot()
        let isVector = stack.last?.isVector ?? false
        let (left, right) = popTwoSlots()
        emit(isVector ? .selectVector : .select, pushResult(isVector: isVector), left, right)
        cells.append(UInt64(condition))
    }

    // MARK: - Variables

    private mutating func local(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let local = locals[try reader.u32()]
        let slot = local.slot
        count(at: offset)
        if opcode == 0x20 {
            push(local)
            return
        }
        let operand = pop()
        if readsOnStack[Int(slot)] == 0, case .temporary = operand.source, let producer {
            // The instruction that made the operand writes it to the local at once.
            cells[producer] = cells[producer] & ~0xFFFF_0000 | UInt64(slot) << 16
        } else {
            preserve(slot)
            if case .local(slot) = operand.source {} else { move(operand, to: slot) }
        }
        producer = nil
        if opcode == 0x22 { push(local) }
    }

    private mutating func global(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let index = Int(try reader.u32())
        let imported = environment.structure.importedGlobalCount
        let isImported = index < imported
        let slot =
            isImported
            ? UInt32(truncatingIfNeeded: index) : environment.layouts.globals[index - imported]
        let isVector = environment.structure.globalTypes[index].value == .v128
        count(at: offset)
        if opcode == 0x23 {
            let get: Opcode = isVector ? .globalGetVector : .globalGet
            let importedGet: Opcode = isVector ? .importedGlobalGetVector : .importedGlobalGet
            let result = pushResult(isVector: isVector)
            emit(isImported ? importedGet : get, result, wide: slot)
        } else {
            let set: Opcode = isVector ? .globalSetVector : .globalSet
            let importedSet: Opcode = isVector ? .importedGlobalSetVector : .importedGlobalSet
            let value = popSlot()
            emit(isImported ? importedSet : set, value, wide: slot)
            producer = nil
        }
    }

    // MARK: - Calls

    private mutating func call(at offset: Int) throws(ModuleError) {
        let function = Int(try reader.u32())
        let structure = environment.structure
        let type = Int(structure.functionTypeIndices[function])
        count(at: offset)
        let arguments = popArguments(environment.layouts.parameters[type])
        if function < structure.importedFunctionCount {
            emit(.callImport, arguments, wide: environment.recordSlots[function])
        } else {
            emit(.call, arguments)
            cells.append(UInt64(environment.codeAddress(function)))
        }
        pushResults(environment.layouts.results[type])
    }

    private mutating func callIndirect(at offset: Int) throws(ModuleError) {
        let type = Int(try reader.u32())
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        let index = popSlot()
        let arguments = popArguments(environment.layouts.parameters[type])
        emit(.callIndirect, arguments, index, table)
        cells.append(UInt64(environment.typeIDs[type]))
        pushResults(environment.layouts.results[type])
    }

    /// Brings arguments to where the callee's frame begins, and answers that slot.
    mutating func popArguments(_ layout: SlotLayout) -> UInt16 {
        settleTop(layout.count)
        truncate(to: stack.count - layout.count)
        return UInt16(truncatingIfNeeded: nextSlot)
    }

    mutating func pushResults(_ layout: SlotLayout) {
        pushTemporaries(layout)
        producer = nil
    }

    // MARK: - Memory

    private mutating func load(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let displacement = try memoryArgument()
        count(at: offset)
        let operand = pop()
        let (address, rest) = effectiveAddress(operand, displacement)
        emit(Opcode.loads[Int(opcode) - 0x28], pushResult(), address, rest)
    }

    private mutating func store(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let displacement = try memoryArgument()
        count(at: offset)
        let value = popSlot()
        let operand = pop()
        let (address, rest) = effectiveAddress(operand, displacement)
        emit(Opcode.stores[Int(opcode) - 0x36], address, value, rest)
        producer = nil
    }

    private mutating func memoryArgument() throws(ModuleError) -> UInt64 {
        _ = try reader.u32()
        return try reader.u64()
    }

    /// The slot of an address and what is left to add to it: larger displacements are added first.
    private mutating func effectiveAddress(
        _ operand: Operand,
        _ displacement: UInt64
    ) -> (slot: UInt16, rest: UInt16) {
        if let rest = UInt16(exactly: displacement) {
            return (slot(of: operand), rest)
        }
        let source = slot(of: operand)
        emit(.addOffset, operand.slot, source)
        cells.append(displacement)
        return (operand.slot, 0)
    }

    private mutating func memorySize(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        _ = try reader.u32()
        count(at: offset)
        if opcode == 0x3F {
            emit(.memorySize, pushResult())
        } else {
            let delta = popSlot()
            emit(.memoryGrow, pushResult(), delta)
        }
    }

    // MARK: - Tables

    private mutating func table(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        if opcode == 0x25 {
            let index = popSlot()
            emit(.tableGet, pushResult(), index, table)
        } else {
            let (index, value) = popTwoSlots()
            emit(.tableSet, index, value, table)
            producer = nil
        }
    }

    // MARK: - Instructions after the prefix 0xFC

    private mutating func prefixed(at offset: Int) throws(ModuleError) {
        let opcode = try reader.u32()
        switch opcode {
        case 0...7:
            count(at: offset)
            numeric(.unary(Opcode.saturatingTruncations[Int(opcode)]))
        case 8:
            let segment = try reader.u32()
            _ = try reader.u32()
            bulk(.memoryInit, at: offset, second: UInt64(segment) << 32)
        case 9:
            let segment = try reader.u32()
            count(at: offset)
            emit(.dataDrop, 0, wide: segment)
        case 10:
            _ = try reader.u32()
            _ = try reader.u32()
            bulk(.memoryCopy, at: offset)
        case 11:
            _ = try reader.u32()
            bulk(.memoryFill, at: offset)
        case 12:
            let segment = try reader.u32()
            let table = try reader.u32()
            bulk(.tableInit, at: offset, second: UInt64(table) | UInt64(segment) << 32)
        case 13:
            let segment = try reader.u32()
            count(at: offset)
            emit(.elementDrop, 0, wide: segment)
        case 14:
            let destination = try reader.u32()
            let source = try reader.u32()
            bulk(.tableCopy, at: offset, second: UInt64(destination) | UInt64(source) << 32)
        case 15:
            let table = try reader.u32()
            count(at: offset)
            let (value, delta) = popTwoSlots()
            emit(.tableGrow, pushResult(), value, delta)
            cells.append(UInt64(table))
        case 16:
            let table = UInt16(truncatingIfNeeded: try reader.u32())
            count(at: offset)
            emit(.tableSize, pushResult(), table)
        case 17:
            let table = try reader.u32()
            bulk(.tableFill, at: offset, second: UInt64(table))
        default:
            throw unexpected(0xFC, at: offset)
        }
    }

    /// An instruction over three operands, with a second cell when it has more.
    ///
    /// The operands are temporaries, so that the instruction may keep its progress in them.
    private mutating func bulk(_ opcode: Opcode, at offset: Int, second: UInt64? = nil) {
        count(at: offset)
        settleTop(3)
        let count = popSlot()
        let (first, middle) = popTwoSlots()
        emit(opcode, first, middle, count)
        if let second { cells.append(second) }
        producer = nil
    }
}
