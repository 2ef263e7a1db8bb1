extension FunctionTranslator {
    /// Skips an instruction that cannot be reached, and follows the nesting of blocks.
    mutating func skipUnreachable(_ opcode: UInt8) throws(ModuleError) {
        let depth = unreachableDepth ?? 0
        switch opcode {
        case 0x02...0x04:
            _ = try skipTypeCode()
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
        case 0x0C, 0x0D, 0x10, 0x12, 0x14, 0x15, 0x20...0x26, 0x3F, 0x40, 0xD2, 0xD5, 0xD6:
            _ = try reader.u32()
        case 0x0E:
            for _ in 0...(try reader.u32()) { _ = try reader.u32() }
        case 0x11, 0x13:
            _ = try reader.u32()
            _ = try reader.u32()
        case 0x1C:
            for _ in 0..<(try reader.u32()) { _ = try skipTypeCode() }
        case 0x28...0x3E: _ = try reader.memoryArgument()
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

    /// Skips a value type or a block type; answers its first number.
    ///
    /// The codes of reference types with an explicit heap type, 0x63 and 0x64, are followed by that.
    mutating func skipTypeCode() throws(ModuleError) -> Int64 {
        let code = try reader.s33()
        if code == -0x1D || code == -0x1C { _ = try reader.s33() }
        return code
    }
}
