// Reference, table and bulk memory instructions. Core specification §3.4.5 to §3.4.7

extension FunctionValidator {
    func tableType(_ index: UInt32) throws(ModuleError) -> OperandType {
        guard Int(index) < context.tables.count else { throw unknown("table", index) }
        return context.tables[Int(index)]
    }

    mutating func validateTableAccess(_ opcode: UInt8) throws(ModuleError) {
        let type = try tableType(try reader.u32())
        if opcode == 0x25 {
            try pop(.i32)
            try push(type)
        } else {
            try pop(type)
            try pop(.i32)
        }
    }

    mutating func validateReference(_ opcode: UInt8) throws(ModuleError) {
        switch opcode {
        case 0xD0:
            let type = ReferenceType(heapType: try reader.heapType(), isNullable: true)
            try push(OperandType(type))
        case 0xD1:
            let type = try popAny()
            guard type.isReference || type == .unknown else {
                throw mismatch("expects a reference, found \(type)")
            }
            try push(.i32)
        default:
            let index = try reader.u32()
            guard Int(index) < context.functions.count else { throw unknown("function", index) }
            guard context.isDeclared[Int(index)] else {
                throw ModuleError(
                    .invalid,
                    "undeclared function reference: ref.func of function \(index), which no "
                        + "export, global or element segment names",
                    at: start
                )
            }
            try push(.functionReference)
        }
    }

    /// The instructions after the prefix 0xFC.
    mutating func validateMiscellaneous() throws(ModuleError) {
        let number = try reader.u32()
        switch number {
        case 0...7:
            let signature = NumericSignatures.saturating[Int(number)]
            try pop(OperandType.all[Int(signature >> 4 & 0xF)])
            try push(OperandType.all[Int(signature & 0xF)])
        case 8:
            let segment = try reader.u32()
            try requireMemory(try reader.u32())
            try requireDataSegment(segment)
            try popThreeIntegers()
        case 9: try requireDataSegment(try reader.u32())
        case 10:
            try requireMemory(try reader.u32())
            try requireMemory(try reader.u32())
            try popThreeIntegers()
        case 11:
            try requireMemory(try reader.u32())
            try popThreeIntegers()
        case 12: try validateTableInit()
        case 13: _ = try elementType(try reader.u32())
        case 14: try validateTableCopy()
        case 15:
            let type = try tableType(try reader.u32())
            try pop(.i32)
            try pop(type)
            try push(.i32)
        case 16:
            _ = try tableType(try reader.u32())
            try push(.i32)
        case 17:
            let type = try tableType(try reader.u32())
            try pop(.i32)
            try pop(type)
            try pop(.i32)
        default: throw UnsupportedFeature.illegal(0xFC, number, at: start)
        }
    }

    private mutating func popThreeIntegers() throws(ModuleError) {
        try pop(.i32)
        try pop(.i32)
        try pop(.i32)
    }

    private mutating func validateTableInit() throws(ModuleError) {
        let segment = try reader.u32()
        let table = try tableType(try reader.u32())
        let elements = try elementType(segment)
        guard elements == table else {
            throw mismatch("expects a segment of \(table), found one of \(elements)")
        }
        try popThreeIntegers()
    }

    private mutating func validateTableCopy() throws(ModuleError) {
        let destination = try tableType(try reader.u32())
        let source = try tableType(try reader.u32())
        guard source == destination else {
            throw mismatch("expects a table of \(destination), found one of \(source)")
        }
        try popThreeIntegers()
    }

    private func elementType(_ index: UInt32) throws(ModuleError) -> OperandType {
        guard Int(index) < context.elements.count else { throw unknown("elem segment", index) }
        return context.elements[Int(index)]
    }

    /// Bodies come before the data section, so they depend on the count before them. §5.5.16
    private func requireDataSegment(_ index: UInt32) throws(ModuleError) {
        guard let count = context.dataCount else {
            throw ModuleError(
                .malformed,
                "data count section required, by \(instructionName)",
                at: start
            )
        }
        guard index < count else { throw unknown("data segment", index) }
    }
}
