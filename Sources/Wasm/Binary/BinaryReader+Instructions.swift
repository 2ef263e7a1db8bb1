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

/// What a `try_table` does with exceptions. §2.4.8
struct CatchClause: Equatable, Sendable {
    /// The tag of the exceptions that are caught; nil for all.
    var tag: UInt32?
    /// Whether the label also takes a reference to the exception.
    var keepsReference: Bool
    var label: UInt32
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

    /// A type index, or the types that a branch converts between. §5.4.6
    ///
    /// `br_on_cast` packs whether its two types are nullable into one byte.
    mutating func castTypes() throws(ModuleError) -> (
        label: UInt32, source: ReferenceType, target: ReferenceType
    ) {
        let offset = position
        let flags = try byte()
        guard flags < 4 else {
            throw ModuleError(.malformed, "malformed br_on_cast flags", at: offset)
        }
        let label = try u32()
        let source = ReferenceType(heapType: try heapType(), isNullable: flags & 1 != 0)
        let target = ReferenceType(heapType: try heapType(), isNullable: flags & 2 != 0)
        return (label, source, target)
    }

    /// One catch clause of a `try_table`. §5.4.1
    mutating func catchClause() throws(ModuleError) -> CatchClause {
        let offset = position
        let kind = try byte()
        guard kind < 4 else {
            throw ModuleError(.malformed, "malformed catch clause", at: offset)
        }
        let tag = kind < 2 ? try u32() : nil
        return CatchClause(tag: tag, keepsReference: kind & 1 != 0, label: try u32())
    }

    /// Skips the immediates of an instruction.
    ///
    /// `opcode`, already read, began at `start`. Instructions of features that the engine does not
    /// have and codes that mean nothing are errors.
    ///
    /// - Returns: the instruction's name.
    mutating func skipImmediates(
        of opcode: UInt8,
        at start: Int
    ) throws(ModuleError) -> String {
        switch opcode {
        case 0x00, 0x01, 0x05, 0x0A, 0x0B, 0x0F, 0x1A, 0x1B, 0x45...0xC4, 0xD1, 0xD3, 0xD4: break
        case 0x02...0x04: _ = try blockType()
        case 0x08, 0x0C, 0x0D, 0x10, 0x12, 0x14, 0x15, 0x20...0x26, 0x3F, 0x40, 0xD2, 0xD5, 0xD6:
            _ = try u32()
        case 0x0E:
            let count = try u32()
            for _ in 0..<count { _ = try u32() }
            _ = try u32()
        case 0x11, 0x13:
            _ = try u32()
            _ = try u32()
        case 0x1C:
            let count = try u32()
            for _ in 0..<count { _ = try valueType() }
        case 0x1F:
            _ = try blockType()
            let count = try u32()
            for _ in 0..<count { _ = try catchClause() }
        case 0x28...0x3E: _ = try memoryArgument()
        case 0x41: _ = try s32()
        case 0x42: _ = try s64()
        case 0x43: _ = try skip(4)
        case 0x44: _ = try skip(8)
        case 0xD0: _ = try heapType()
        case 0xFB: return try skipAggregateImmediates(at: start)
        case 0xFC: return try skipMiscellaneousImmediates(at: start)
        case 0xFD: return try skipVectorImmediates(at: start)
        default: throw UnsupportedFeature.instruction(opcode, at: start, &self)
        }
        return InstructionNames.name(of: opcode) ?? ""
    }

    /// After the prefix 0xFB.
    private mutating func skipAggregateImmediates(at start: Int) throws(ModuleError) -> String {
        let number = try u32()
        switch number {
        case 0, 1, 6, 7, 11...14, 16: _ = try u32()
        case 2...5, 8...10, 17...19:
            _ = try u32()
            _ = try u32()
        case 15, 26...30: break
        case 20...23: _ = try heapType()
        case 24, 25: _ = try castTypes()
        default: throw UnsupportedFeature.illegal(0xFB, number, at: start)
        }
        return InstructionNames.name(prefix: 0xFB, number) ?? ""
    }

    /// After the prefix 0xFC.
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

    /// After the prefix 0xFD.
    private mutating func skipVectorImmediates(at start: Int) throws(ModuleError) -> String {
        let number = try u32()
        guard let name = InstructionNames.name(prefix: 0xFD, number) else {
            throw UnsupportedFeature.illegal(0xFD, number, at: start)
        }
        switch number {
        case 0...11, 92, 93: _ = try memoryArgument()
        case 12, 13: _ = try skip(16)
        case 21...34: _ = try byte()
        case 84...91:
            _ = try memoryArgument()
            _ = try byte()
        default: break
        }
        return name
    }
}
