/// The types of values in generated modules, with the instructions that make them.
enum GeneratedType: String, CaseIterable {
    case i32, i64, f32, f64, v128

    /// What makes a value from operands, which are the types named.
    typealias Operator = (name: String, operands: [GeneratedType])

    /// Instructions whose result is this type and whose bits are the same on every engine; those of
    /// ``floats`` are, but for those of a NaN.
    var operators: [Operator] { Self.exact[self] ?? [] }

    /// Instructions with results that may be NaNs, or have lanes that may be.
    var floats: [Operator] { Self.rounding[self] ?? [] }

    private static let exact: [GeneratedType: [Operator]] = [
        .i32: integers("i32", .i32) + comparisons("i32", .i32) + comparisons("i64", .i64)
            + [("i64.eqz", [.i64]), ("i32.wrap_i64", [.i64])]
            + floatComparisons("f32", .f32) + floatComparisons("f64", .f64)
            + list(
                "i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.reinterpret_f32",
                [.f32]
            )
            + list("i32.trunc_sat_f64_s i32.trunc_sat_f64_u", [.f64])
            + list(
                """
                v128.any_true i8x16.all_true i16x8.all_true i32x4.all_true i64x2.all_true
                i8x16.bitmask i16x8.bitmask i32x4.bitmask i64x2.bitmask i8x16.extract_lane_s|15
                i8x16.extract_lane_u|3 i16x8.extract_lane_s|7 i16x8.extract_lane_u|0
                i32x4.extract_lane|2
                """,
                [.v128]
            ),
        .i64: integers("i64", .i64)
            + list("i64.extend_i32_s i64.extend_i32_u", [.i32]) + list("i64.extend32_s", [.i64])
            + list("i64.trunc_sat_f32_s i64.trunc_sat_f32_u", [.f32])
            + list("i64.trunc_sat_f64_s i64.trunc_sat_f64_u i64.reinterpret_f64", [.f64])
            + list("i64x2.extract_lane|0 i64x2.extract_lane|1", [.v128]),
        .f32: list("f32.convert_i32_s f32.convert_i32_u f32.reinterpret_i32", [.i32])
            + list("f32.convert_i64_s f32.convert_i64_u", [.i64])
            + list("f32.abs f32.neg", [.f32]) + list("f32.copysign", [.f32, .f32])
            + list("f32x4.extract_lane|3", [.v128]),
        .f64: list("f64.convert_i32_s f64.convert_i32_u", [.i32])
            + list("f64.convert_i64_s f64.convert_i64_u f64.reinterpret_i64", [.i64])
            + list("f64.abs f64.neg", [.f64]) + list("f64.copysign", [.f64, .f64])
            + list("f64x2.extract_lane|1", [.v128]),
        .v128: vectors,
    ]

    private static let rounding: [GeneratedType: [Operator]] = [
        .f32: list("f32.add f32.sub f32.mul f32.div f32.min f32.max", [.f32, .f32])
            + list("f32.sqrt f32.ceil f32.floor f32.trunc f32.nearest", [.f32])
            + list("f32.demote_f64", [.f64]),
        .f64: list("f64.add f64.sub f64.mul f64.div f64.min f64.max", [.f64, .f64])
            + list("f64.sqrt f64.ceil f64.floor f64.trunc f64.nearest", [.f64])
            + list("f64.promote_f32", [.f32]),
        .v128: list(
            "f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax",
            [.v128, .v128]
        )
            + list(
                "f32x4.sqrt f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest f32x4.demote_f64x2_zero",
                [.v128]
            ),
    ]

    private static let vectors: [Operator] =
        list("v128.not", [.v128])
        + list("v128.and v128.or v128.xor v128.andnot i8x16.swizzle", [.v128, .v128])
        + list("v128.bitselect", [.v128, .v128, .v128])
        + list("i8x16.shuffle|0 31 2 29 4 27 6 25 8 23 10 21 12 19 14 17", [.v128, .v128])
        + list("i8x16.splat i16x8.splat i32x4.splat", [.i32]) + list("i64x2.splat", [.i64])
        + list("i8x16.replace_lane|9 i16x8.replace_lane|4 i32x4.replace_lane|1", [.v128, .i32])
        + list("i64x2.replace_lane|1", [.v128, .i64])
        + list("f32x4.splat", [.f32]) + list("f64x2.splat", [.f64])
        + list("f32x4.replace_lane|2", [.v128, .f32]) + list("f64x2.replace_lane|0", [.v128, .f64])
        + ["i8x16", "i16x8", "i32x4", "i64x2"].flatMap(lanes)
        + ["i8x16", "i16x8"].flatMap(narrowLanes)
        + list(
            """
            i16x8.mul i16x8.q15mulr_sat_s i32x4.mul i64x2.mul i32x4.dot_i16x8_s i8x16.narrow_i16x8_s
            i8x16.narrow_i16x8_u i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u i16x8.extmul_low_i8x16_s
            i16x8.extmul_high_i8x16_u i32x4.extmul_high_i16x8_s i64x2.extmul_low_i32x4_u
            f32x4.eq f32x4.lt f32x4.ge f64x2.ne f64x2.gt f64x2.le i32x4.min_s i32x4.max_u
            i32x4.lt_u i32x4.ge_u i32x4.min_u i32x4.max_s
            """,
            [.v128, .v128]
        )
        + list(
            """
            i16x8.extadd_pairwise_i8x16_s i32x4.extadd_pairwise_i16x8_u i16x8.extend_low_i8x16_s
            i16x8.extend_high_i8x16_u i32x4.extend_low_i16x8_u i64x2.extend_high_i32x4_s
            i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u i32x4.trunc_sat_f64x2_s_zero
            i32x4.trunc_sat_f64x2_u_zero f32x4.convert_i32x4_s f32x4.convert_i32x4_u
            f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u i8x16.popcnt f32x4.abs f64x2.neg
            """,
            [.v128]
        )

    private static func integers(_ type: String, _ operand: GeneratedType) -> [Operator] {
        list(
            "\(type).clz \(type).ctz \(type).popcnt \(type).extend8_s \(type).extend16_s",
            [operand]
        )
            + list(
                """
                \(type).add \(type).sub \(type).mul \(type).and \(type).or \(type).xor \(type).shl
                \(type).shr_s \(type).shr_u \(type).rotl \(type).rotr \(type).add \(type).sub
                \(type).div_s \(type).div_u \(type).rem_s \(type).rem_u
                """,
                [operand, operand]
            )
    }

    private static func comparisons(_ type: String, _ operand: GeneratedType) -> [Operator] {
        list(
            """
            \(type).eq \(type).ne \(type).lt_s \(type).lt_u \(type).gt_s \(type).gt_u \(type).le_s
            \(type).le_u \(type).ge_s \(type).ge_u
            """,
            [operand, operand]
        )
            + (operand == .i32 ? list("i32.eqz", [.i32]) : [])
    }

    private static func floatComparisons(_ type: String, _ operand: GeneratedType) -> [Operator] {
        list(
            "\(type).eq \(type).ne \(type).lt \(type).gt \(type).le \(type).ge",
            [operand, operand]
        )
    }

    private static func lanes(_ shape: String) -> [Operator] {
        list("\(shape).neg \(shape).abs", [.v128])
            + list("\(shape).shl \(shape).shr_s \(shape).shr_u", [.v128, .i32])
            + list(
                """
                \(shape).add \(shape).sub \(shape).eq \(shape).ne \(shape).lt_s \(shape).gt_s
                \(shape).le_s \(shape).ge_s
                """,
                [.v128, .v128]
            )
    }

    private static func narrowLanes(_ shape: String) -> [Operator] {
        list(
            """
            \(shape).add_sat_s \(shape).add_sat_u \(shape).sub_sat_s \(shape).sub_sat_u
            \(shape).avgr_u \(shape).min_s \(shape).min_u \(shape).max_s \(shape).max_u
            \(shape).lt_u \(shape).gt_u
            """,
            [.v128, .v128]
        )
    }

    /// A name may be followed by `|` and immediates.
    private static func list(_ names: String, _ operands: [GeneratedType]) -> [Operator] {
        // The immediates of a shuffle have spaces: such a name stands alone.
        guard !names.contains("shuffle") else {
            return [(names.split(separator: "|").joined(separator: " "), operands)]
        }
        return names.split(whereSeparator: \.isWhitespace).map {
            ($0.split(separator: "|").joined(separator: " "), operands)
        }
    }
}
