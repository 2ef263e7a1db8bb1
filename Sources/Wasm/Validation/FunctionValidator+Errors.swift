extension FunctionValidator {
    /// The name of the instruction being validated.
    var instructionName: String {
        var reader = BinaryReader(reader.bytes, range: start..<reader.bytes.count)
        do throws(ModuleError) {
            let opcode = try reader.byte()
            if let name = InstructionNames.name(of: opcode) { return name }
            return InstructionNames.name(prefix: opcode, try reader.u32()) ?? "the instruction"
        } catch {
            return "the instruction"
        }
    }

    /// The error of an operand of the wrong type; `found` is nil when the stack has none left.
    @inline(never)
    func mismatch(_ expected: OperandType, found: OperandType?) -> ModuleError {
        let found = found?.description ?? "an empty stack"
        return ModuleError(
            .invalid,
            "type mismatch: \(instructionName) expects \(expected), found \(found)",
            at: start
        )
    }

    @inline(never)
    func mismatch(_ explanation: String) -> ModuleError {
        ModuleError(.invalid, "type mismatch: \(instructionName) \(explanation)", at: start)
    }

    /// The error of an index that names nothing: `unknown table 3`.
    @inline(never)
    func unknown(_ kind: String, _ index: UInt32) -> ModuleError {
        ModuleError(.invalid, "unknown \(kind) \(index), in \(instructionName)", at: start)
    }

    @inline(never)
    func tooManyOperands() -> ModuleError {
        ModuleError(
            .limit,
            "more than \(context.limits.operandsMax) operands are on the stack",
            at: start
        )
    }
}
