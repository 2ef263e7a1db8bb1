// Control instructions. Core specification §3.4.3

extension FunctionValidator {
    mutating func validateControl(_ opcode: UInt8) throws(ModuleError) {
        switch opcode {
        case 0x00: setUnreachable()
        case 0x01: break
        case 0x02: try enter(.block, try blockSignature())
        case 0x03: try enter(.loop, try blockSignature())
        case 0x04:
            let signature = try blockSignature()
            try pop(.i32)
            try enter(.if, signature)
        case 0x05: try validateElse()
        case 0x0B: try validateEnd()
        case 0x0C:
            let frame = try frameIndex(ofLabel: try reader.u32())
            try pop(controls[frame].labelTypes)
            setUnreachable()
        case 0x0D:
            let types = controls[try frameIndex(ofLabel: try reader.u32())].labelTypes
            try pop(.i32)
            try pop(types)
            try push(types)
        case 0x08: try validateThrow()
        case 0x0A:
            try pop(.exceptionReference)
            setUnreachable()
        case 0x0E: try validateBranchTable()
        case 0x0F:
            try pop(controls[0].end)
            setUnreachable()
        case 0x10:
            try call(try calledSignature())
        case 0x11: try call(try indirectlyCalledSignature())
        case 0x12: try returnCall(try calledSignature())
        case 0x13: try returnCall(try indirectlyCalledSignature())
        case 0x14: try call(try referencedSignature())
        case 0x15: try returnCall(try referencedSignature())
        case 0x1F: try validateTryTable()
        default: throw UnsupportedFeature.instruction(opcode, at: start, &reader)
        }
    }

    mutating func blockSignature() throws(ModuleError) -> FunctionSignature {
        switch try reader.blockType() {
        case .empty:
            return FunctionSignature(parameters: .empty, results: .empty)
        case .value(let type):
            return FunctionSignature(
                parameters: .empty,
                results: TypeList(try operand(type, at: start))
            )
        case .type(let index):
            return try signature(index)
        }
    }

    func signature(_ index: UInt32) throws(ModuleError) -> FunctionSignature {
        guard Int(index) < context.signatures.count else { throw unknown("type", index) }
        guard context.types.kinds[Int(index)] == .function else {
            throw unknown("function type", index)
        }
        return context.signatures[Int(index)]
    }

    private mutating func validateElse() throws(ModuleError) {
        guard controls[controls.count - 1].kind == .if else {
            throw ModuleError(
                .malformed,
                "END opcode expected: else does not follow an if",
                at: start
            )
        }
        var frame = try leave()
        frame.kind = .else
        try enter(frame)
    }

    private mutating func validateEnd() throws(ModuleError) {
        let frame = try leave()
        if frame.kind == .if {
            // The missing else passes the parameters on as results.
            guard matches(frame.start, frame.end) else {
                throw ModuleError(
                    .invalid,
                    "type mismatch: an if without else has parameters that differ from its results",
                    at: start
                )
            }
        }
        try push(frame.end)
    }

    /// Whether each type of a list is a subtype of that in another.
    func matches(_ first: TypeList, _ second: TypeList) -> Bool {
        guard first.count == second.count else { return false }
        for index in 0..<first.count {
            let type = context.typePool[first.start + index]
            guard isSubtype(type, of: context.typePool[second.start + index]) else { return false }
        }
        return true
    }

    /// Checks each label once: tables name the same few labels many times.
    private mutating func validateBranchTable() throws(ModuleError) {
        let count = Int(try reader.u32())
        guard count < reader.remaining else {
            throw ModuleError(
                .malformed,
                "unexpected end: \(count) branch targets do not fit in \(reader.remaining) bytes",
                at: start
            )
        }
        guard count <= context.limits.branchTargetsMax else {
            throw ModuleError(
                .limit,
                "\(count) branch targets are more than \(context.limits.branchTargetsMax)",
                at: start
            )
        }
        try pop(.i32)
        var arity: Int?
        for _ in 0...count {
            let index = try frameIndex(ofLabel: try reader.u32())
            if controls[index].checkedBranchTable == start { continue }
            controls[index].checkedBranchTable = start
            let types = controls[index].labelTypes
            guard types.count == arity ?? types.count else {
                throw mismatch(
                    "has targets that take \(arity ?? 0) and \(types.count) operands"
                )
            }
            arity = types.count
            try check(types)
        }
        setUnreachable()
    }

    // MARK: - Calls

    private mutating func call(_ signature: FunctionSignature) throws(ModuleError) {
        try pop(signature.parameters)
        try push(signature.results)
    }

    /// A tail call: what the callee returns is what the function returns.
    private mutating func returnCall(_ signature: FunctionSignature) throws(ModuleError) {
        try pop(signature.parameters)
        guard matches(signature.results, controls[0].end) else {
            throw mismatch(
                "calls a function that returns [\(list(signature.results))] from one that "
                    + "returns [\(list(controls[0].end))]"
            )
        }
        setUnreachable()
    }

    private mutating func calledSignature() throws(ModuleError) -> FunctionSignature {
        let index = try reader.u32()
        guard Int(index) < context.functions.count else { throw unknown("function", index) }
        return context.signatures[Int(context.functions[Int(index)])]
    }

    private mutating func indirectlyCalledSignature() throws(ModuleError) -> FunctionSignature {
        let signature = try signature(try reader.u32())
        let table = try table(try reader.u32())
        guard isSubtype(table.element, of: .functionReference) else {
            throw mismatch("expects a table of funcref, found one of \(table.element)")
        }
        try pop(table.address)
        return signature
    }

    private mutating func referencedSignature() throws(ModuleError) -> FunctionSignature {
        let index = try reader.u32()
        let signature = try signature(index)
        try pop(OperandType(context.types.heapCode(.index(index)), isNullable: true))
        return signature
    }

    private func list(_ types: TypeList) -> String {
        context.typePool[types.start..<types.start + types.count]
            .map(\.description).joined(separator: " ")
    }
}
