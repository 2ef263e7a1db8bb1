/// The types of the instructions that take one or two operands and give one result.
///
/// Core specification §3.4.4. Each signature is packed into 16 bits: the result's type in the
/// lowest four, the topmost operand's in the next four, then that of the operand below it, which
/// is ``OperandType/unknown`` for instructions with one operand.
enum NumericSignatures {
    /// By opcode; zero for those that are not numeric.
    static let oneByte = table([
        (0x45...0x45, [.i32], .i32),
        (0x46...0x4F, [.i32, .i32], .i32),
        (0x50...0x50, [.i64], .i32),
        (0x51...0x5A, [.i64, .i64], .i32),
        (0x5B...0x60, [.f32, .f32], .i32),
        (0x61...0x66, [.f64, .f64], .i32),
        (0x67...0x69, [.i32], .i32),
        (0x6A...0x78, [.i32, .i32], .i32),
        (0x79...0x7B, [.i64], .i64),
        (0x7C...0x8A, [.i64, .i64], .i64),
        (0x8B...0x91, [.f32], .f32),
        (0x92...0x98, [.f32, .f32], .f32),
        (0x99...0x9F, [.f64], .f64),
        (0xA0...0xA6, [.f64, .f64], .f64),
        (0xA7...0xA7, [.i64], .i32),
        (0xA8...0xA9, [.f32], .i32),
        (0xAA...0xAB, [.f64], .i32),
        (0xAC...0xAD, [.i32], .i64),
        (0xAE...0xAF, [.f32], .i64),
        (0xB0...0xB1, [.f64], .i64),
        (0xB2...0xB3, [.i32], .f32),
        (0xB4...0xB5, [.i64], .f32),
        (0xB6...0xB6, [.f64], .f32),
        (0xB7...0xB8, [.i32], .f64),
        (0xB9...0xBA, [.i64], .f64),
        (0xBB...0xBB, [.f32], .f64),
        (0xBC...0xBC, [.f32], .i32),
        (0xBD...0xBD, [.f64], .i64),
        (0xBE...0xBE, [.i32], .f32),
        (0xBF...0xBF, [.i64], .f64),
        (0xC0...0xC1, [.i32], .i32),
        (0xC2...0xC4, [.i64], .i64),
    ])

    /// By the number after the prefix 0xFC: the saturating conversions.
    static let saturating = table([
        (0...1, [.f32], .i32),
        (2...3, [.f64], .i32),
        (4...5, [.f32], .i64),
        (6...7, [.f64], .i64),
    ])

    /// By opcode from 0x28 on: the loads, then the stores.
    ///
    /// The value's type is in the lowest four bits, the natural alignment's logarithm above.
    static let memory: [UInt8] = [
        access(.i32, 2), access(.i64, 3), access(.f32, 2), access(.f64, 3),
        access(.i32, 0), access(.i32, 0), access(.i32, 1), access(.i32, 1),
        access(.i64, 0), access(.i64, 0), access(.i64, 1), access(.i64, 1),
        access(.i64, 2), access(.i64, 2),
        access(.i32, 2), access(.i64, 3), access(.f32, 2), access(.f64, 3),
        access(.i32, 0), access(.i32, 1), access(.i64, 0), access(.i64, 1),
        access(.i64, 2),
    ]

    private static func access(_ type: OperandType, _ alignment: UInt8) -> UInt8 {
        UInt8(truncatingIfNeeded: type.rawValue) | alignment << 4
    }

    private static func table(
        _ rows: [(ClosedRange<Int>, [OperandType], OperandType)]
    ) -> [UInt16] {
        var table = [UInt16](repeating: 0, count: 256)
        for (opcodes, operands, result) in rows {
            var signature = UInt16(result.rawValue)
            for (index, operand) in operands.reversed().enumerated() {
                signature |= UInt16(operand.rawValue) << UInt16(4 * (index + 1))
            }
            for opcode in opcodes { table[opcode] = signature }
        }
        return table
    }
}
