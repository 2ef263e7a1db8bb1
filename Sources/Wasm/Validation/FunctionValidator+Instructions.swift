extension FunctionValidator {
    /// Validates instructions up to the `end` of the function, which must be the last byte.
    mutating func validateInstructions() throws(ModuleError) {
        while !controls.isEmpty {
            start = reader.position
            guard !reader.isAtEnd else {
                throw ModuleError(
                    .malformed,
                    "unexpected end of section or function: END opcode expected",
                    at: start
                )
            }
            let opcode = try reader.byte()
            switch opcode {
            case 0x20...0x24: try validateVariable(opcode)
            case 0x28...0x35: try validateLoad(opcode)
            case 0x36...0x3E: try validateStore(opcode)
            case 0x41:
                _ = try reader.s32()
                try push(.i32)
            case 0x42:
                _ = try reader.s64()
                try push(.i64)
            case 0x43:
                _ = try reader.skip(4)
                try push(.f32)
            case 0x44:
                _ = try reader.skip(8)
                try push(.f64)
            case 0x45...0xC4: try validateNumeric(numericSignatures[Int(opcode)])
            case 0x00...0x15, 0x1F: try validateControl(opcode)
            case 0x1A: _ = try popAny()
            case 0x1B: try validateSelect()
            case 0x1C: try validateTypedSelect()
            case 0x25, 0x26: try validateTableAccess(opcode)
            case 0x3F: try validateMemorySize()
            case 0x40: try validateMemoryGrow()
            case 0xD0...0xD6: try validateReference(opcode)
            case 0xFB: try validateAggregate()
            case 0xFC: try validateMiscellaneous()
            case 0xFD: try validateVector()
            default: throw UnsupportedFeature.instruction(opcode, at: start, &reader)
            }
        }
        guard reader.isAtEnd else {
            throw ModuleError(
                .malformed,
                "section size mismatch: \(reader.remaining) bytes follow the function's end",
                at: reader.position
            )
        }
    }

    // MARK: - Numbers, §3.4.4

    @inline(__always)
    private mutating func validateNumeric(_ signature: UInt16) throws(ModuleError) {
        let result = OperandType(rawValue: UInt32(signature & 0xF))
        let top = UInt32(signature >> 4 & 0xF)
        let below = UInt32(signature >> 8)
        let count = operands.count
        if below == 0 {
            if count > height, operands[count - 1].rawValue == top {
                operands[count - 1] = result
                return
            }
        } else if count > height + 1, operands[count - 1].rawValue == top,
            operands[count - 2].rawValue == below
        {
            operands.removeLast()
            operands[count - 2] = result
            return
        }
        try pop(OperandType(rawValue: top))
        if below != 0 { try pop(OperandType(rawValue: below)) }
        try push(result)
    }

    // MARK: - Variables, §3.4.6

    @inline(__always)
    private mutating func validateVariable(_ opcode: UInt8) throws(ModuleError) {
        let index = try reader.u32()
        switch opcode {
        case 0x20:
            let type = try localType(index)
            if !type.isDefaultable { try requireInitialized(index) }
            try push(type)
        case 0x21:
            let type = try localType(index)
            try pop(type)
            if !type.isDefaultable { initialize(index) }
        case 0x22:
            let type = try localType(index)
            try pop(type)
            if !type.isDefaultable { initialize(index) }
            try push(type)
        case 0x23: try push(try global(index).type)
        default:
            let global = try global(index)
            guard global.isMutable else {
                throw ModuleError(
                    .invalid,
                    "immutable global: global.set of global \(index)",
                    at: start
                )
            }
            try pop(global.type)
        }
    }

    @inline(__always)
    private func localType(_ index: UInt32) throws(ModuleError) -> OperandType {
        let index = Int(index)
        if index < parameters.count { return context.typePool[parameters.start + index] }
        guard let type = locals.type(index - parameters.count) else {
            throw unknown("local", UInt32(index))
        }
        return type
    }

    /// Locals of types without a default value have to be set before they are read. §3.4.6
    private func requireInitialized(_ index: UInt32) throws(ModuleError) {
        guard Int(index) < parameters.count || initialized.contains(index) else {
            throw ModuleError(
                .invalid,
                "uninitialized local: local \(index) is read before it is set",
                at: start
            )
        }
    }

    private mutating func initialize(_ index: UInt32) {
        guard Int(index) >= parameters.count, initialized.insert(index).inserted else { return }
        initializations.append(index)
    }

    private func global(_ index: UInt32) throws(ModuleError) -> ValidationContext.Global {
        guard Int(index) < context.globals.count else { throw unknown("global", index) }
        return context.globals[Int(index)]
    }

    // MARK: - Memory, §3.4.7

    private mutating func validateLoad(_ opcode: UInt8) throws(ModuleError) {
        let access = memoryAccesses[Int(opcode) - 0x28]
        try pop(try memoryAddress(alignment: access >> 4))
        try push(OperandType(rawValue: UInt32(access & 0xF)))
    }

    private mutating func validateStore(_ opcode: UInt8) throws(ModuleError) {
        let access = memoryAccesses[Int(opcode) - 0x28]
        let address = try memoryAddress(alignment: access >> 4)
        try pop(OperandType(rawValue: UInt32(access & 0xF)))
        try pop(address)
    }

    /// Reads and checks the memory argument; returns the type of the address.
    @inline(__always)
    mutating func memoryAddress(alignment natural: UInt8) throws(ModuleError) -> OperandType {
        let argument = try reader.memoryArgument()
        let address = try memory(argument.memory)
        guard argument.alignment <= natural else {
            throw ModuleError(
                .invalid,
                "alignment must not be larger than natural: 2^\(argument.alignment) is more "
                    + "than 2^\(natural), in \(instructionName)",
                at: start
            )
        }
        guard argument.offset <= UInt64(UInt32.max) || address == .i64 else {
            throw ModuleError(
                .invalid,
                "offset out of range: \(argument.offset), in \(instructionName)",
                at: start
            )
        }
        return address
    }

    /// The type of a memory's addresses.
    @inline(__always)
    func memory(_ index: UInt32) throws(ModuleError) -> OperandType {
        guard Int(index) < context.memories.count else { throw unknown("memory", index) }
        return context.memories[Int(index)]
    }

    private mutating func validateMemorySize() throws(ModuleError) {
        try push(try memory(try reader.u32()))
    }

    private mutating func validateMemoryGrow() throws(ModuleError) {
        let address = try memory(try reader.u32())
        try pop(address)
        try push(address)
    }

    // MARK: - Operands, §3.4.2

    private mutating func validateSelect() throws(ModuleError) {
        try pop(.i32)
        let second = try popAny()
        let first = try popAny()
        guard !first.isReference, !second.isReference else {
            throw mismatch("without a type expects numbers, found \(first) and \(second)")
        }
        guard first == second || first == .unknown || second == .unknown else {
            throw mismatch("expects two values of one type, found \(first) and \(second)")
        }
        try push(first == .unknown ? second : first)
    }

    private mutating func validateTypedSelect() throws(ModuleError) {
        let count = try reader.u32()
        guard count == 1 else {
            throw ModuleError(
                .invalid,
                "invalid result arity: select has \(count) types where it should have 1",
                at: start
            )
        }
        let type = try operand(try reader.valueType(), at: start)
        try pop(.i32)
        try pop(type)
        try pop(type)
        try push(type)
    }
}
