extension FunctionTranslator {
    /// Skips an instruction that cannot be reached, and follows the nesting of blocks.
    mutating func skipUnreachable(_ opcode: UInt8) throws(ModuleError) {
        let depth = unreachableDepth ?? 0
        switch opcode {
        case 0x02...0x04:
            _ = try reader.s33()
            unreachableDepth = depth + 1
        case 0x05:
            if depth == 0 { elseBranch() }
        case 0x0B:
            if depth == 0 {
                end()
            } else {
                unreachableDepth = depth - 1
            }
        default:
            try skipImmediates(opcode)
        }
    }

    private mutating func skipImmediates(_ opcode: UInt8) throws(ModuleError) {
        switch opcode {
        case 0x0C, 0x0D, 0x10, 0x20...0x26, 0x3F, 0x40, 0xD2:
            _ = try reader.u32()
        case 0x0E:
            for _ in 0...(try reader.u32()) { _ = try reader.u32() }
        case 0x11:
            _ = try reader.u32()
            _ = try reader.u32()
        case 0x1C:
            for _ in 0..<(try reader.u32()) { try skipValueType() }
        case 0x28...0x3E:
            _ = try reader.u32()
            _ = try reader.u64()
        case 0x41: _ = try reader.s32()
        case 0x42: _ = try reader.s64()
        case 0x43: _ = try reader.fixed32()
        case 0x44: _ = try reader.fixed64()
        case 0xD0: _ = try reader.s33()
        case 0xFC:
            switch try reader.u32() {
            case 8, 10, 12, 14:
                _ = try reader.u32()
                _ = try reader.u32()
            case 9, 11, 13, 15, 16, 17:
                _ = try reader.u32()
            default:
                return
            }
        default:
            return
        }
    }

    /// Skips a value type: one byte for every type that the engine has.
    mutating func skipValueType() throws(ModuleError) {
        _ = try reader.s33()
    }
}
