// Memory instructions. Core specification §4.4.7

extension FunctionTranslator {
    mutating func load(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let operand = pop()
        let (address, rest) = beginAccess(argument, operand)
        emit(Opcode.loads[Int(opcode) - 0x28], pushResult(), address, rest)
        endAccess(argument)
    }

    mutating func store(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let argument = try reader.memoryArgument()
        count(at: offset)
        let value = popSlot()
        let operand = pop()
        let (address, rest) = beginAccess(argument, operand)
        emit(Opcode.stores[Int(opcode) - 0x36], address, value, rest)
        endAccess(argument)
        producer = nil
    }

    // MARK: - Addresses

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
