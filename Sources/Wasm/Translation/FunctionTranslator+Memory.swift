// Memory instructions. Core specification §4.4.7

extension FunctionTranslator {
    mutating func load(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let operation = Opcode.loads[Int(opcode) - 0x28]
        let operand = pop()
        switch address(of: operation, argument, operand) {
        case .constant(let address):
            emit(operation.at ?? operation, pushResult(), wide: address)
        case .added(let base, let constant):
            emit(operation.added ?? operation, pushResult(), base, constant)
        case .addedWide(let base, let constant):
            emit(operation.addedWide ?? operation, pushResult(), base)
            cells.append(constant)
        case .indexed(let base, let index):
            emit(operation.indexed ?? operation, pushResult(), base, index)
        case .scaled(let base, let index):
            emit(operation.scaled ?? operation, pushResult(), base, index)
        case .wide(let base):
            emit(operation.wide ?? operation, pushResult(), base)
            cells.append(argument.offset)
        case .other:
            let (address, rest) = beginAccess(argument, operand)
            emit(operation, pushResult(), address, rest)
            endAccess(argument)
        }
    }

    mutating func store(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let operation = Opcode.stores[Int(opcode) - 0x36]
        let value = pop()
        let operand = pop()
        // A constant is written to its place, which must not be that of the index.
        switch address(of: operation, argument, operand, keeping: value.slot) {
        case .constant(let address):
            emit(operation.at ?? operation, slot(of: value), wide: address)
        case .added(let base, let constant):
            emit(operation.added ?? operation, base, slot(of: value), constant)
        case .addedWide(let base, let constant):
            emit(operation.addedWide ?? operation, base, slot(of: value))
            cells.append(constant)
        case .indexed(let base, let index):
            emit(operation.indexed ?? operation, base, slot(of: value), index)
        case .scaled(let base, let index):
            emit(operation.scaled ?? operation, base, slot(of: value), index)
        case .wide(let base):
            emit(operation.wide ?? operation, base, slot(of: value))
            cells.append(argument.offset)
        case .other:
            let value = slot(of: value)
            let (address, rest) = beginAccess(argument, operand)
            emit(operation, address, value, rest)
            endAccess(argument)
        }
        producer = nil
    }

    // MARK: - Addresses

    /// Where an access to memory 0 finds its address, when one instruction can do it all.
    private enum Address {
        case constant(UInt32)
        /// The sum of a slot and a constant, in place of the addition emitted last.
        case added(UInt16, UInt16)
        /// The same, with a constant of more than 16 bits.
        case addedWide(UInt16, UInt64)
        /// The sum of two slots, in place of the addition emitted last.
        case indexed(UInt16, UInt16)
        /// A slot and an index to elements of the access's size, in place of their addition.
        case scaled(UInt16, UInt16)
        /// A slot and an offset of more than 16 bits.
        case wide(UInt16)
        case other
    }

    /// Chooses the form of an access, and takes back the addition that it absorbs.
    ///
    /// Does not absorb one that reads the slot `kept`.
    private mutating func address(
        of operation: Opcode,
        _ argument: MemoryArgument,
        _ operand: Operand,
        keeping kept: UInt16? = nil
    ) -> Address {
        guard argument.memory == 0,
            environment.structure.memoryTypes[0].addressType == .i32
        else { return .other }
        if case .constant(let base) = operand.source {
            return UInt32(exactly: base &+ argument.offset).map(Address.constant) ?? .other
        }
        guard argument.offset == 0 else {
            guard argument.offset > UInt16.max else { return .other }
            return .wide(slot(of: operand))
        }
        guard case .temporary = operand.source, let addition = absorbable,
            addition.a == operand.slot, addition.b != kept,
            let address = absorbing(addition, in: operation, keeping: kept)
        else { return .other }
        absorb()
        return address
    }

    /// The address of an access that does the work of the addition emitted last, if there is one.
    private func absorbing(
        _ addition: Instruction,
        in operation: Opcode,
        keeping kept: UInt16?
    ) -> Address? {
        switch addition.opcode {
        case .i32AddImmediate: .added(addition.b, addition.c)
        case .i32AddWide: cells.last.map { .addedWide(addition.b, $0) }
        case .i32Add where addition.c != kept: .indexed(addition.b, addition.c)
        case operation.unscaled where addition.c != kept: .scaled(addition.b, addition.c)
        default: nil
        }
    }

    /// Prepares the access that the next instruction makes to a memory at an address, which was popped.
    ///
    /// Answers the slot of the address and the offset that is left for the access to add. Memories
    /// other than memory 0 are switched to: ``endAccess(_:)`` must follow the access.
    mutating func beginAccess(
        _ argument: MemoryArgument,
        _ address: Operand
    ) -> (slot: UInt16, rest: UInt16) {
        let source = slot(of: address)
        let memory = Int(argument.memory)
        if memory != 0 { emit(.useMemory, UInt16(truncatingIfNeeded: memory)) }
        let is64 = environment.structure.memoryTypes[memory].addressType == .i64
        if !is64, let rest = UInt16(exactly: argument.offset) { return (source, rest) }
        // 64-bit addresses are checked before the access; large offsets are added before it.
        emit(is64 ? .address64 : .addOffset, address.slot, source)
        cells.append(argument.offset)
        return (address.slot, 0)
    }

    /// Switches back to memory 0.
    mutating func endAccess(_ argument: MemoryArgument) {
        if argument.memory != 0 { emit(.useMemory, 0) }
    }

    // MARK: - Sizes and bulk operations

    mutating func memorySize(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let memory = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        if opcode == 0x3F {
            emit(.memorySize, pushResult(), memory)
        } else {
            let delta = popSlot()
            emit(.memoryGrow, pushResult(), delta, memory)
        }
    }

    /// From `memory.init` (0xFC 8) to `memory.fill` (0xFC 11).
    mutating func bulkMemory(_ opcode: UInt32, at offset: Int) throws(ModuleError) {
        let first = UInt64(try reader.u32())
        switch opcode {
        case 8:
            let memory = UInt64(try reader.u32())
            bulk(.memoryInit, at: offset, second: memory | first << 32)
        case 9:
            count(at: offset)
            emit(.dataDrop, 0, wide: UInt32(truncatingIfNeeded: first))
        case 10:
            let source = UInt64(try reader.u32())
            bulk(.memoryCopy, at: offset, second: first | source << 32)
        default:
            bulk(.memoryFill, at: offset, second: first)
        }
    }

    /// An instruction over three operands, with a second cell.
    ///
    /// The operands are temporaries, so that the instruction may keep its progress in them. Those whose
    /// places are in `clamping` are clamped to 32 bits.
    mutating func bulk(
        _ opcode: Opcode,
        at offset: Int,
        second: UInt64,
        clamping: [Int] = []
    ) {
        count(at: offset)
        settleTop(3)
        for place in clamping {
            let slot = stack[stack.count - 3 + place].slot
            emit(.clampIndex, slot, slot)
        }
        let count = popSlot()
        let (first, middle) = popTwoSlots()
        emit(opcode, first, middle, count)
        cells.append(second)
        producer = nil
    }
}
