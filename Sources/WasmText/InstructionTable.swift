import Wasm

/// What an instruction's name stands for, and what follows it. Core specification §6.5
struct Instruction {
    /// What follows the name.
    enum Immediates {
        case none
        case label, labelTable
        case function
        case indirectCall
        case type
        case tag
        case select
        case local, global
        case table
        case memoryAccess(alignment: UInt32)
        case memory
        case i32, i64, f32, f64
        case heapType
        case memoryInit, data, memoryCopy
        case tableInit, element, tableCopy
        case field
        case typeAndCount, typeAndData, typeAndElement, twoTypes
        case referenceType
        case castTypes
        case vectorConstant, shuffle, lane
        case laneAccess(alignment: UInt32)
        case block, conditional, tryTable
        case structural
    }

    var prefix: UInt8?
    var code: UInt32
    var immediates: Immediates

    /// The instruction with a name; nil when there is none.
    static func named(_ name: String) -> Instruction? { table[name] }

    private static let table: [String: Instruction] = {
        var table: [String: Instruction] = [:]
        for code in 0...255 as ClosedRange<UInt32> {
            guard let name = InstructionNames.name(of: UInt8(code)),
                // The first of two codes that share a name, and no legacy exceptions.
                ![0x06, 0x07, 0x09, 0x18, 0x19, 0x1C].contains(code)
            else { continue }
            table[name] = Instruction(prefix: nil, code: code, immediates: oneByte(code))
        }
        for prefix in [0xFB, 0xFC, 0xFD] as [UInt8] {
            for code in 0..<276 as Range<UInt32> {
                guard let name = InstructionNames.name(prefix: prefix, code), table[name] == nil
                else { continue }
                table[name] = Instruction(
                    prefix: prefix,
                    code: code,
                    immediates: prefixed(prefix, code)
                )
            }
        }
        return table
    }()

    private static func oneByte(_ code: UInt32) -> Immediates {
        switch code {
        case 0x02, 0x03: .block
        case 0x04: .conditional
        case 0x1F: .tryTable
        case 0x05, 0x0B: .structural
        case 0x08: .tag
        case 0x0C, 0x0D, 0xD5, 0xD6: .label
        case 0x0E: .labelTable
        case 0x10, 0x12, 0xD2: .function
        case 0x11, 0x13: .indirectCall
        case 0x14, 0x15: .type
        case 0x1B: .select
        case 0x20...0x22: .local
        case 0x23, 0x24: .global
        case 0x25, 0x26: .table
        case 0x28...0x3E: .memoryAccess(alignment: alignments[Int(code) - 0x28])
        case 0x3F, 0x40: .memory
        case 0x41: .i32
        case 0x42: .i64
        case 0x43: .f32
        case 0x44: .f64
        case 0xD0: .heapType
        default: .none
        }
    }

    /// The natural alignments of the loads and stores from `i32.load` on.
    private static let alignments: [UInt32] = [
        2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2,
    ]

    private static let vectorAlignments: [UInt32] = [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3, 4]

    private static func prefixed(_ prefix: UInt8, _ code: UInt32) -> Immediates {
        switch (prefix, code) {
        case (0xFB, 0), (0xFB, 1), (0xFB, 6), (0xFB, 7), (0xFB, 11...14), (0xFB, 16): .type
        case (0xFB, 2...5): .field
        case (0xFB, 8): .typeAndCount
        case (0xFB, 9), (0xFB, 18): .typeAndData
        case (0xFB, 10), (0xFB, 19): .typeAndElement
        case (0xFB, 17): .twoTypes
        case (0xFB, 20...23): .referenceType
        case (0xFB, 24), (0xFB, 25): .castTypes
        case (0xFC, 8): .memoryInit
        case (0xFC, 9): .data
        case (0xFC, 10): .memoryCopy
        case (0xFC, 11): .memory
        case (0xFC, 12): .tableInit
        case (0xFC, 13): .element
        case (0xFC, 14): .tableCopy
        case (0xFC, 15...17): .table
        case (0xFD, 0...11): .memoryAccess(alignment: vectorAlignments[Int(code)])
        case (0xFD, 92): .memoryAccess(alignment: 2)
        case (0xFD, 93): .memoryAccess(alignment: 3)
        case (0xFD, 12): .vectorConstant
        case (0xFD, 13): .shuffle
        case (0xFD, 21...34): .lane
        case (0xFD, 84...91): .laneAccess(alignment: (code - 84) % 4)
        default: .none
        }
    }
}
