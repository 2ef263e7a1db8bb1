// Table and bulk memory instructions. Core specification §3.4.6 and §3.4.7

extension FunctionValidator {
    func table(_ index: UInt32) throws(ModuleError) -> ValidationContext.Table {
        guard Int(index) < context.tables.count else { throw unknown("table", index) }
        return context.tables[Int(index)]
    }

    mutating func validateTableAccess(_ opcode: UInt8) throws(ModuleError) {
        let table = try table(try reader.u32())
        if opcode == 0x25 {
            try pop(table.address)
            try push(table.element)
        } else {
            try pop(table.element)
            try pop(table.address)
        }
    }

    /// The instructions after the prefix 0xFC.
    mutating func validateMiscellaneous() throws(ModuleError) {
        let number = try reader.u32()
        switch number {
        case 0...7:
            let signature = NumericSignatures.saturating[Int(number)]
            try pop(OperandType(rawValue: UInt32(signature >> 4 & 0xF)))
            try push(OperandType(rawValue: UInt32(signature & 0xF)))
        case 8:
            let segment = try reader.u32()
            let address = try memory(try reader.u32())
            try requireDataSegment(segment)
            try popRange(address, .i32, .i32)
        case 9: try requireDataSegment(try reader.u32())
        case 10:
            let destination = try memory(try reader.u32())
            let source = try memory(try reader.u32())
            try popRange(destination, source, narrower(destination, source))
        case 11:
            let address = try memory(try reader.u32())
            try popRange(address, .i32, address)
        case 12: try validateTableInit()
        case 13: _ = try elementType(try reader.u32())
        case 14: try validateTableCopy()
        case 15:
            let table = try table(try reader.u32())
            try pop(table.address)
            try pop(table.element)
            try push(table.address)
        case 16: try push(try table(try reader.u32()).address)
        case 17:
            let table = try table(try reader.u32())
            try popRange(table.address, table.element, table.address)
        default: throw UnsupportedFeature.illegal(0xFC, number, at: start)
        }
    }

    /// Pops a count, what to write or where from, and where to.
    private mutating func popRange(
        _ destination: OperandType,
        _ source: OperandType,
        _ count: OperandType
    ) throws(ModuleError) {
        try pop(count)
        try pop(source)
        try pop(destination)
    }

    /// The type of the count of a copy: what both addresses can hold.
    private func narrower(_ first: OperandType, _ second: OperandType) -> OperandType {
        first == .i64 ? second : first
    }

    private mutating func validateTableInit() throws(ModuleError) {
        let segment = try reader.u32()
        let table = try table(try reader.u32())
        let elements = try elementType(segment)
        guard isSubtype(elements, of: table.element) else {
            throw mismatch("expects a segment of \(table.element), found one of \(elements)")
        }
        try popRange(table.address, .i32, .i32)
    }

    private mutating func validateTableCopy() throws(ModuleError) {
        let destination = try table(try reader.u32())
        let source = try table(try reader.u32())
        guard isSubtype(source.element, of: destination.element) else {
            throw mismatch(
                "expects a table of \(destination.element), found one of \(source.element)"
            )
        }
        try popRange(
            destination.address,
            source.address,
            narrower(destination.address, source.address)
        )
    }

    func elementType(_ index: UInt32) throws(ModuleError) -> OperandType {
        guard Int(index) < context.elements.count else { throw unknown("elem segment", index) }
        return context.elements[Int(index)]
    }

    /// Bodies come before the data section, so they depend on the count before them. §5.5.16
    func requireDataSegment(_ index: UInt32) throws(ModuleError) {
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
