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
        case 0x08: try throwException(at: offset)
        case 0x0A: rethrowException(at: offset)
        case 0x0B: end()
        case 0x0C: try branch(at: offset)
        case 0x0D: try branchIf(at: offset)
        case 0x0E: try branchTable(at: offset)
        case 0x0F: returnResults(at: offset)
        case 0x10: try call(at: offset)
        case 0x11: try callIndirect(at: offset)
        case 0x12: try returnCall(at: offset)
        case 0x13: try returnCallIndirect(at: offset)
        case 0x14: try callReference(at: offset)
        case 0x15: try returnCallReference(at: offset)
        case 0x1A:
            count(at: offset)
            _ = pop()
            producer = nil
        case 0x1F: try tryTable(at: offset)
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
        case 0xD0...0xD6: try reference(opcode, at: offset)
        case 0xFB: try aggregate(at: offset)
        case 0xFC: try prefixed(at: offset)
        case 0xFD: try vector(at: offset)
        default: throw unexpected(opcode, at: offset)
        }
    }

    /// The body was validated: this is a bug, reported as a refusal rather than a crash.
    func unexpected(_ opcode: UInt8, at offset: Int) -> ModuleError {
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
            if opcode == .i32Eqz {
                if invertComparison() { return }
                negated = comparisonEmittedLast
            }
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
        guard let cell = comparisonEmittedLast,
            let inverse = Instruction(cells[cell])?.opcode.inverse
        else { return false }
        cells[cell] = cells[cell] & ~0xFFFF | UInt64(inverse.rawValue)
        return true
    }

    /// The cell of the topmost operand's comparison, if nothing was emitted since.
    private var comparisonEmittedLast: Int? {
        guard case .temporary? = stack.last?.source, absorbable?.opcode.branch != nil else {
            return nil
        }
        return producer
    }

    mutating func popTwoSlots() -> (left: UInt16, right: UInt16) {
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
        if opcode == .i32Add, addShifted(left, right) {
            return
        } else if let immediate = rule.immediate(for: right) {
            let leftSlot = slot(of: left)
            emit(immediateOpcode, pushResult(), leftSlot, immediate)
        } else if rule.isCommutative, let immediate = rule.immediate(for: left) {
            let rightSlot = slot(of: right)
            emit(immediateOpcode, pushResult(), rightSlot, immediate)
        } else if case .constant(let value) = right.source, let wide = opcode.wide {
            let leftSlot = slot(of: left)
            emit(wide, pushResult(), leftSlot)
            cells.append(value)
        } else {
            let leftSlot = slot(of: left)
            let rightSlot = slot(of: right)
            emit(opcode, pushResult(), leftSlot, rightSlot)
        }
    }

    /// Adds an index that was just multiplied by the size of an element, in one instruction.
    private mutating func addShifted(_ left: Operand, _ right: Operand) -> Bool {
        guard let shift = absorbable, shift.opcode == .i32ShlImmediate,
            let operation = Opcode.shiftedAdditions[shift.c]
        else { return false }
        let base: UInt16
        switch (left.source, right.source) {
        case (.temporary, .temporary) where right.slot == shift.a: base = left.slot
        case (.local(let slot), .temporary) where right.slot == shift.a: base = slot
        case (.temporary, .local(let slot)) where left.slot == shift.a: base = slot
        default: return false
        }
        absorb()
        emit(operation, pushResult(), base, shift.b)
        return true
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
        guard opcode == 0x22 else { return }
        // What the local was set to can be read where it came from.
        if case .temporary = operand.source { push(local) } else { push(operand) }
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

    // MARK: - Instructions after the prefix 0xFC

    private mutating func prefixed(at offset: Int) throws(ModuleError) {
        let opcode = try reader.u32()
        switch opcode {
        case 0...7:
            count(at: offset)
            numeric(.unary(Opcode.saturatingTruncations[Int(opcode)]))
        case 8...11: try bulkMemory(opcode, at: offset)
        case 12...17: try bulkTable(opcode, at: offset)
        default:
            throw unexpected(0xFC, at: offset)
        }
    }
}
