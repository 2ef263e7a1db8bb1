extension FunctionTranslator {
    /// Skips an instruction that cannot be reached, and follows the nesting of blocks.
    mutating func skipUnreachable(_ opcode: UInt8) throws(ModuleError) {
        let depth = unreachableDepth ?? 0
        switch opcode {
        case 0x02...0x04, 0x1F:
            _ = try reader.skipImmediates(of: opcode, at: reader.position)
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
            _ = try reader.skipImmediates(of: opcode, at: reader.position)
        }
    }
}
