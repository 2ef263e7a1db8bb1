extension BinaryReader {
    /// Decodes an expression up to and with its `end`. §5.4.9
    ///
    /// Instructions that are not constant are decoded too: refusing them is validation.
    mutating func constantExpression(
        _ limits: ModuleLimits
    ) throws(ModuleError) -> ConstantExpression {
        let start = position
        var instructions: [ConstantInstruction] = []
        var depth = 0
        while true {
            let offset = position
            let opcode = try byte()
            if opcode == 0x0B {
                if depth == 0 { break }
                depth -= 1
                continue
            }
            guard instructions.count < limits.constantInstructionsMax else {
                throw ModuleError(
                    .limit,
                    "a constant expression has more than \(limits.constantInstructionsMax) "
                        + "instructions",
                    at: offset
                )
            }
            if (0x02...0x04).contains(opcode) { depth += 1 }
            instructions.append(try constantInstruction(opcode, at: offset))
        }
        return ConstantExpression(instructions: instructions, offset: start)
    }

    private mutating func constantInstruction(
        _ opcode: UInt8,
        at offset: Int
    ) throws(ModuleError) -> ConstantInstruction {
        switch opcode {
        case 0x23: return .globalGet(try u32())
        case 0x41: return .i32Const(try s32())
        case 0x42: return .i64Const(try s64())
        case 0x43: return .f32Const(try fixed32())
        case 0x44: return .f64Const(try fixed64())
        case 0x6A: return .i32Add
        case 0x6B: return .i32Sub
        case 0x6C: return .i32Mul
        case 0x7C: return .i64Add
        case 0x7D: return .i64Sub
        case 0x7E: return .i64Mul
        case 0xD0: return .refNull(try heapType())
        case 0xD2: return .refFunc(try u32())
        default: return .other(name: try skipImmediates(of: opcode, at: offset))
        }
    }
}
