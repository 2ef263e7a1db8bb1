// The immediates of instructions. Core specification §5.4

/// The type of a block: a type index stands for a function type with parameters. §2.4.8
enum BlockType: Equatable, Sendable {
    case empty
    case value(ValueType)
    case type(UInt32)
}

/// The immediates of a load or store. §2.4.6
struct MemoryArgument: Equatable, Sendable {
    /// The promised alignment: the logarithm of bytes.
    var alignment: UInt32
    var offset: UInt64
    var memory: UInt32
}

extension BinaryReader {
    mutating func blockType() throws(ModuleError) -> BlockType {
        switch peek() {
        case 0x40:
            _ = try byte()
            return .empty
        case .some(let code) where code & 0xC0 == 0x40:
            // One byte, negative as a signed number: a value type.
            return .value(try valueType())
        default:
            break
        }
        let offset = position
        let index = try s33()
        guard let index = UInt32(exactly: index) else {
            throw ModuleError(.malformed, "malformed block type", at: offset)
        }
        return .type(index)
    }

    @inline(__always)
    mutating func memoryArgument() throws(ModuleError) -> MemoryArgument {
        let start = position
        var alignment = try u32()
        var memory: UInt32 = 0
        if alignment >= 64 {
            guard alignment < 128 else {
                throw ModuleError(.malformed, "malformed memop flags", at: start)
            }
            // Bit 6 says that a memory index follows.
            alignment &-= 64
            memory = try u32()
        }
        let offset = try offset64()
        return MemoryArgument(alignment: alignment, offset: offset, memory: memory)
    }

    @inline(__always)
    private mutating func offset64() throws(ModuleError) -> UInt64 {
        if let byte = peek(), byte < 0x80 { return UInt64(try self.byte()) }
        return try u64()
    }

    /// Skips the immediates of an instruction of the engine's instruction set.
    ///
    /// `opcode`, already read, began at `start`. Instructions of other features and codes that
    /// mean nothing are errors.
    ///
    /// - Returns: the instruction's name.
    mutating func skipImmediates(
        of opcode: UInt8,
        at start: Int
    ) throws(ModuleError) -> String {
        switch opcode {
        case 0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0x45...0xC4, 0xD1: break
        case 0x02...0x04: _ = try blockType()
        case 0x0C, 0x0D, 0x10, 0x20...0x26, 0x3F, 0x40, 0xD2: _ = try u32()
        case 0x0E:
            let count = try u32()
            for _ in 0..<count { _ = try u32() }
            _ = try u32()
        case 0x11:
            _ = try u32()
            _ = try u32()
        case 0x1C:
            let count = try u32()
            for _ in 0..<count { _ = try valueType() }
        case 0x28...0x3E: _ = try memoryArgument()
        case 0x41: _ = try s32()
        case 0x42: _ = try s64()
        case 0x43: _ = try skip(4)
        case 0x44: _ = try skip(8)
        case 0xD0: _ = try heapType()
        case 0xFC: return try skipMiscellaneousImmediates(at: start)
        default: throw UnsupportedFeature.instruction(opcode, at: start, &self)
        }
        return InstructionNames.name(of: opcode) ?? ""
    }

    private mutating func skipMiscellaneousImmediates(
        at start: Int
    ) throws(ModuleError) -> String {
        let number = try u32()
        switch number {
        case 0...7: break
        case 9, 11, 13, 15, 16, 17: _ = try u32()
        case 8, 10, 12, 14:
            _ = try u32()
            _ = try u32()
        default: throw UnsupportedFeature.illegal(0xFC, number, at: start)
        }
        return InstructionNames.name(prefix: 0xFC, number) ?? ""
    }
}
