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
            if (0x02...0x04).contains(opcode) || opcode == 0x1F { depth += 1 }
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
        case 0xFB: return try constantAggregate(at: offset)
        case 0xFD where peek() == 0x0C:
            _ = try byte()
            return .v128Const(low: try fixed64(), high: try fixed64())
        default: return .other(name: try skipImmediates(of: opcode, at: offset))
        }
    }

    /// The constant instructions after the prefix 0xFB.
    private mutating func constantAggregate(
        at offset: Int
    ) throws(ModuleError) -> ConstantInstruction {
        var ahead = self
        let number = try ahead.u32()
        switch number {
        case 0, 1, 6, 7, 8, 26, 27, 28: self = ahead
        default: return .other(name: try skipImmediates(of: 0xFB, at: offset))
        }
        switch number {
        case 0: return .structNew(type: try u32())
        case 1: return .structNewDefault(type: try u32())
        case 6: return .arrayNew(type: try u32())
        case 7: return .arrayNewDefault(type: try u32())
        case 8: return .arrayNewFixed(type: try u32(), count: try u32())
        case 26: return .anyConvertExtern
        case 27: return .externConvertAny
        default: return .refI31
        }
    }
}
