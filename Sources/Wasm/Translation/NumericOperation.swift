/// How the translator handles a numeric instruction.
enum NumericOperation {
    /// Not a numeric instruction.
    case none
    /// The operand's bits are the result: a slot holds them unchanged.
    case reinterpretation
    case unary(Opcode)
    case binary(Opcode)
    /// An integer operation that can carry its right operand as a 16-bit immediate.
    case integer(Opcode, immediate: Opcode, ImmediateRule)

    /// How constants become immediates.
    struct ImmediateRule {
        /// 32 or 64.
        var width: Int
        var isCommutative = false

        /// The immediate for a constant operand, when it fits.
        func immediate(for operand: FunctionTranslator.Operand) -> UInt16? {
            guard case .constant(let bits) = operand.source else { return nil }
            let value =
                width == 32 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
            return Int16(exactly: value).map { UInt16(bitPattern: $0) }
        }
    }

    /// The operation for each opcode byte.
    static let table: [NumericOperation] = makeTable()

    private static func makeTable() -> [NumericOperation] {
        var table = [NumericOperation](repeating: .none, count: 256)
        func fill(from opcode: Int, _ operations: [NumericOperation]) {
            for (index, operation) in operations.enumerated() { table[opcode + index] = operation }
        }
        fill(from: 0x45, [.unary(.i32Eqz)] + integers(comparisons32, width: 32, commuting: [0, 1]))
        fill(from: 0x50, [.unary(.i64Eqz)] + integers(comparisons64, width: 64, commuting: [0, 1]))
        fill(from: 0x5B, binaries([.f32Eq, .f32Ne, .f32Lt, .f32Gt, .f32Le, .f32Ge]))
        fill(from: 0x61, binaries([.f64Eq, .f64Ne, .f64Lt, .f64Gt, .f64Le, .f64Ge]))
        fill(from: 0x67, unaries([.i32Clz, .i32Ctz, .i32Popcnt]))
        fill(from: 0x6A, integers(arithmetic32, width: 32, commuting: [0, 2]))
        fill(from: 0x6D, binaries([.i32DivS, .i32DivU, .i32RemS, .i32RemU]))
        fill(from: 0x71, integers(bits32, width: 32, commuting: [0, 1, 2]))
        fill(from: 0x79, unaries([.i64Clz, .i64Ctz, .i64Popcnt]))
        fill(from: 0x7C, integers(arithmetic64, width: 64, commuting: [0, 2]))
        fill(from: 0x7F, binaries([.i64DivS, .i64DivU, .i64RemS, .i64RemU]))
        fill(from: 0x83, integers(bits64, width: 64, commuting: [0, 1, 2]))
        fill(from: 0x8B, floats32)
        fill(from: 0x99, floats64)
        fill(from: 0xA7, conversions)
        fill(from: 0xC0, unaries([.i32Extend8S, .i32Extend16S]))
        fill(from: 0xC2, unaries([.i64Extend8S, .i64Extend16S, .i64Extend32S]))
        return table
    }

    private static func unaries(_ opcodes: [Opcode]) -> [NumericOperation] {
        opcodes.map { .unary($0) }
    }

    private static func binaries(_ opcodes: [Opcode]) -> [NumericOperation] {
        opcodes.map { .binary($0) }
    }

    private static func integers(
        _ opcodes: [(Opcode, Opcode)],
        width: Int,
        commuting: [Int]
    ) -> [NumericOperation] {
        opcodes.enumerated().map { index, pair in
            let rule = ImmediateRule(width: width, isCommutative: commuting.contains(index))
            return .integer(pair.0, immediate: pair.1, rule)
        }
    }

    private static let comparisons32: [(Opcode, Opcode)] = [
        (.i32Eq, .i32EqImmediate), (.i32Ne, .i32NeImmediate),
        (.i32LtS, .i32LtSImmediate), (.i32LtU, .i32LtUImmediate),
        (.i32GtS, .i32GtSImmediate), (.i32GtU, .i32GtUImmediate),
        (.i32LeS, .i32LeSImmediate), (.i32LeU, .i32LeUImmediate),
        (.i32GeS, .i32GeSImmediate), (.i32GeU, .i32GeUImmediate),
    ]

    private static let comparisons64: [(Opcode, Opcode)] = [
        (.i64Eq, .i64EqImmediate), (.i64Ne, .i64NeImmediate),
        (.i64LtS, .i64LtSImmediate), (.i64LtU, .i64LtUImmediate),
        (.i64GtS, .i64GtSImmediate), (.i64GtU, .i64GtUImmediate),
        (.i64LeS, .i64LeSImmediate), (.i64LeU, .i64LeUImmediate),
        (.i64GeS, .i64GeSImmediate), (.i64GeU, .i64GeUImmediate),
    ]

    private static let arithmetic32: [(Opcode, Opcode)] = [
        (.i32Add, .i32AddImmediate), (.i32Sub, .i32SubImmediate), (.i32Mul, .i32MulImmediate),
    ]

    private static let arithmetic64: [(Opcode, Opcode)] = [
        (.i64Add, .i64AddImmediate), (.i64Sub, .i64SubImmediate), (.i64Mul, .i64MulImmediate),
    ]

    private static let bits32: [(Opcode, Opcode)] = [
        (.i32And, .i32AndImmediate), (.i32Or, .i32OrImmediate), (.i32Xor, .i32XorImmediate),
        (.i32Shl, .i32ShlImmediate), (.i32ShrS, .i32ShrSImmediate),
        (.i32ShrU, .i32ShrUImmediate), (.i32Rotl, .i32RotlImmediate),
        (.i32Rotr, .i32RotrImmediate),
    ]

    private static let bits64: [(Opcode, Opcode)] = [
        (.i64And, .i64AndImmediate), (.i64Or, .i64OrImmediate), (.i64Xor, .i64XorImmediate),
        (.i64Shl, .i64ShlImmediate), (.i64ShrS, .i64ShrSImmediate),
        (.i64ShrU, .i64ShrUImmediate), (.i64Rotl, .i64RotlImmediate),
        (.i64Rotr, .i64RotrImmediate),
    ]

    private static let floats32 =
        unaries([.f32Abs, .f32Neg, .f32Ceil, .f32Floor, .f32Trunc, .f32Nearest, .f32Sqrt])
        + binaries([.f32Add, .f32Sub, .f32Mul, .f32Div, .f32Min, .f32Max, .f32Copysign])

    private static let floats64 =
        unaries([.f64Abs, .f64Neg, .f64Ceil, .f64Floor, .f64Trunc, .f64Nearest, .f64Sqrt])
        + binaries([.f64Add, .f64Sub, .f64Mul, .f64Div, .f64Min, .f64Max, .f64Copysign])

    /// From `i32.wrap_i64` to `f64.reinterpret_i64`.
    private static let conversions: [NumericOperation] =
        unaries([
            .i32WrapI64, .i32TruncF32S, .i32TruncF32U, .i32TruncF64S, .i32TruncF64U,
            .i64ExtendI32S,
        ])
        // i64.extend_i32_u: an i32 is kept zero-extended.
        + [.reinterpretation]
        + unaries([
            .i64TruncF32S, .i64TruncF32U, .i64TruncF64S, .i64TruncF64U,
            .f32ConvertI32S, .f32ConvertI32U, .f32ConvertI64S, .f32ConvertI64U, .f32DemoteF64,
            .f64ConvertI32S, .f64ConvertI32U, .f64ConvertI64S, .f64ConvertI64U, .f64PromoteF32,
        ])
        + [.reinterpretation, .reinterpretation, .reinterpretation, .reinterpretation]
}

extension Opcode {
    /// The additions of an index, by the shift that makes it one.
    static let shiftedAdditions: [UInt16: Opcode] = [
        1: .i32AddShifted1, 2: .i32AddShifted2, 3: .i32AddShifted3,
    ]

    /// From `i32.load` (0x28) to `i64.load32_u` (0x35).
    static let loads: [Opcode] = [
        .load32U, .load64, .load32U, .load64,
        .i32Load8S, .load8U, .i32Load16S, .load16U,
        .i64Load8S, .load8U, .i64Load16S, .load16U, .i64Load32S, .load32U,
    ]

    /// From `i32.store` (0x36) to `i64.store32` (0x3E).
    static let stores: [Opcode] = [
        .store32, .store64, .store32, .store64,
        .store8, .store16, .store8, .store16, .store32,
    ]

    /// From `i32.trunc_sat_f32_s` (0xFC 0) to `i64.trunc_sat_f64_u` (0xFC 7).
    static let saturatingTruncations: [Opcode] = [
        .i32TruncSatF32S, .i32TruncSatF32U, .i32TruncSatF64S, .i32TruncSatF64U,
        .i64TruncSatF32S, .i64TruncSatF32U, .i64TruncSatF64S, .i64TruncSatF64U,
    ]
}
