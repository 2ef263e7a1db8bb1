// Reference and exception instructions. Core specification §3.4.3 and §3.4.8

extension FunctionValidator {
    mutating func validateReference(_ opcode: UInt8) throws(ModuleError) {
        switch opcode {
        case 0xD0:
            try push(OperandType(try heapCode(), isNullable: true))
        case 0xD1:
            _ = try popReference()
            try push(.i32)
        case 0xD2: try validateFunctionReference()
        case 0xD3:
            let equal = OperandType(.equal, isNullable: true)
            try pop(equal)
            try pop(equal)
            try push(.i32)
        case 0xD4: try push(try popReference().withoutNull)
        case 0xD5:
            let types = controls[try frameIndex(ofLabel: try reader.u32())].labelTypes
            let reference = try popReference()
            try pop(types)
            try push(types)
            try push(reference.withoutNull)
        default: try validateBranchOnNonNull()
        }
    }

    /// Reads a heap type whose index, if it has one, is in range.
    func checked(_ type: HeapType) throws(ModuleError) -> HeapCode {
        let reference = ReferenceType(heapType: type, isNullable: true)
        guard context.types.isInRange(.reference(reference)) else {
            throw ModuleError(.invalid, "unknown type \(type), in \(instructionName)", at: start)
        }
        return context.types.heapCode(type)
    }

    mutating func heapCode() throws(ModuleError) -> HeapCode { try checked(try reader.heapType()) }

    /// Pops a reference of whatever type; one to the bottom type in unreachable code.
    mutating func popReference() throws(ModuleError) -> OperandType {
        let type = try popAny()
        if type == .unknown { return OperandType(.bottom, isNullable: false) }
        guard type.isReference else { throw mismatch("expects a reference, found \(type)") }
        return type
    }

    private mutating func validateFunctionReference() throws(ModuleError) {
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
        try push(context.reference(toFunction: index))
    }

    /// `br_on_non_null`: the label takes the reference, which is gone when the branch is not taken.
    private mutating func validateBranchOnNonNull() throws(ModuleError) {
        let types = controls[try frameIndex(ofLabel: try reader.u32())].labelTypes
        let reference = try popReference().withoutNull
        guard types.count > 0 else { throw mismatch("has a label that takes no reference") }
        let last = context.typePool[types.start + types.count - 1]
        guard last.isReference, isSubtype(reference, of: last) else {
            throw mismatch("has a label that takes \(last), found \(reference)")
        }
        let others = TypeList(start: types.start, count: types.count - 1)
        try pop(others)
        try push(others)
    }

    // MARK: - Exceptions

    mutating func validateThrow() throws(ModuleError) {
        let index = try reader.u32()
        try pop(try tagParameters(index))
        setUnreachable()
    }

    private func tagParameters(_ index: UInt32) throws(ModuleError) -> TypeList {
        guard Int(index) < context.tags.count else { throw unknown("tag", index) }
        return context.signatures[Int(context.tags[Int(index)])].parameters
    }

    mutating func validateTryTable() throws(ModuleError) {
        let signature = try blockSignature()
        let count = Int(try reader.u32())
        guard count <= reader.remaining / 2 else {
            throw ModuleError(
                .malformed,
                "unexpected end: \(count) catch clauses do not fit in \(reader.remaining) bytes",
                at: start
            )
        }
        // Labels are those outside of the block itself.
        for _ in 0..<count { try validate(try reader.catchClause()) }
        try enter(.block, signature)
    }

    /// What a clause passes on has to be what its label takes.
    private mutating func validate(_ clause: CatchClause) throws(ModuleError) {
        let label = controls[try frameIndex(ofLabel: clause.label)].labelTypes
        let payload = try clause.tag.map { (tag) throws(ModuleError) in try tagParameters(tag) }
        let values = payload ?? .empty
        let reference = clause.keepsReference ? 1 : 0
        guard label.count == values.count + reference,
            matches(values, TypeList(start: label.start, count: values.count)),
            reference == 0
                || isSubtype(
                    OperandType(.exception, isNullable: false),
                    of: context.typePool[label.start + values.count]
                )
        else {
            throw mismatch("has a catch clause whose label \(clause.label) takes other operands")
        }
    }
}
