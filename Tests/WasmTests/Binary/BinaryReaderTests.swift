import Testing

@testable import Wasm

struct BinaryReaderTests {
    @Test(
        arguments: [
            ([0x00], 0), ([0x7F], 127), ([0x80, 0x01], 128), ([0xE5, 0x8E, 0x26], 624_485),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt32.max), ([0x80, 0x80, 0x80, 0x80, 0x00], 0),
        ] as [([UInt8], UInt32)]
    )
    func `an unsigned number is read, and nothing after it`(
        bytes: [UInt8],
        value: UInt32
    ) throws {
        var reader = BinaryReader(bytes + [0xAA], range: 0..<(bytes.count + 1))
        #expect(try reader.u32() == value)
        #expect(reader.position == bytes.count)
    }

    @Test(
        arguments: [
            ([0x00], 0), ([0x3F], 63), ([0x40], -64), ([0x7F], -1), ([0xC0, 0x00], 64),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x07], Int32.max),
            ([0x80, 0x80, 0x80, 0x80, 0x78], Int32.min),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x7F], -1),
        ] as [([UInt8], Int32)]
    )
    func `a signed number is read`(bytes: [UInt8], value: Int32) throws {
        var reader = BinaryReader(bytes, range: 0..<bytes.count)
        #expect(try reader.s32() == value)
        var wide = BinaryReader(bytes, range: 0..<bytes.count)
        #expect(try wide.s64() == Int64(value))
    }

    @Test(
        arguments: [
            ([], "unexpected end"),
            ([0x80], "unexpected end"),
            ([0x80, 0x80, 0x80, 0x80, 0x10], "integer too large"),
            ([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "integer representation too long"),
        ] as [([UInt8], String)]
    )
    func `a wrong unsigned number is refused`(bytes: [UInt8], message: String) {
        var reader = BinaryReader(bytes, range: 0..<bytes.count)
        let error = #expect(throws: ModuleError.self) { try reader.u32() }
        #expect(error?.message == message)
        #expect(error?.kind == .malformed)
    }

    @Test(
        arguments: [
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "integer too large"),
            ([0x80, 0x80, 0x80, 0x80, 0x70], "integer too large"),
            ([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "integer representation too long"),
        ] as [([UInt8], String)]
    )
    func `a wrong signed number is refused`(bytes: [UInt8], message: String) {
        var reader = BinaryReader(bytes, range: 0..<bytes.count)
        let error = #expect(throws: ModuleError.self) { try reader.s32() }
        #expect(error?.message == message)
    }

    @Test(
        arguments: [
            ([0x02, 0x10], MemoryArgument(alignment: 2, offset: 16, memory: 0)),
            ([0x41, 0x03, 0x10], MemoryArgument(alignment: 1, offset: 16, memory: 3)),
            (
                [0x00, 0x80, 0x80, 0x80, 0x80, 0x10],
                MemoryArgument(alignment: 0, offset: 1 << 32, memory: 0)
            ),
        ] as [([UInt8], MemoryArgument)]
    )
    func `a memory argument may name a memory`(bytes: [UInt8], argument: MemoryArgument) throws {
        var reader = BinaryReader(bytes, range: 0..<bytes.count)
        #expect(try reader.memoryArgument() == argument)
        #expect(reader.isAtEnd)
    }

    @Test func `every numeric instruction has a name and a signature`() {
        for opcode in UInt8(0x45)...0xC4 {
            #expect(InstructionNames.name(of: opcode) != nil)
            #expect(NumericSignatures.oneByte[Int(opcode)] != 0)
        }
        #expect(InstructionNames.name(of: 0xC4) == "i64.extend32_s")
        #expect(InstructionNames.name(prefix: 0xFC, 17) == "table.fill")
        #expect(InstructionNames.name(prefix: 0xFC, 18) == nil)
    }
}
