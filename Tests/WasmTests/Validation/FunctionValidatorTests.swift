import Testing

@testable import Wasm

/// One function of a module that has a bit of everything for its instructions to name.
///
/// Types: 0 `[] -> []`, 1 `[i32] -> [i32]`, 2 `[] -> [i32 i64]`. Functions: 0 is the one under
/// test, `[i32 i64] -> results` with locals 2: f32, 3: f64; 1 is of type 1 and declared; 2 is of
/// type 2. Tables: 0 of funcref, 1 of externref. Globals: 0 `i32`, 1 `(mut i64)`. Element
/// segments: 0 of funcref, 1 of externref. One data segment.
struct FunctionValidatorTests {
    private static func module(_ results: [UInt8], _ instructions: [UInt8]) -> ModuleBuilder {
        typealias B = ModuleBuilder
        var module = ModuleBuilder()
        module.types = [
            B.functionType([], []), B.functionType([B.i32], [B.i32]),
            B.functionType([], [B.i32, B.i64]), B.functionType([B.i32, B.i64], results),
        ]
        module.functions = [3, 1, 2]
        module.tables = [[B.funcref, 0x00, 0x01], [B.externref, 0x00, 0x01]]
        module.memories = [[0x00, 0x01]]
        module.globals = [
            [B.i32, 0x00, 0x41, 0x00, 0x0B], [B.i64, 0x01, 0x42, 0x00, 0x0B],
        ]
        module.elements = [[0x01, 0x00, 0x01, 0x01], [0x05, B.externref, 0x00]]
        module.dataCount = 1
        module.bodies = [
            [0x02, 0x01, B.f32, 0x01, B.f64] + instructions,
            [0x00, 0x20, 0x00, 0x0B],
            [0x00, 0x41, 0x00, 0x42, 0x00, 0x0B],
        ]
        module.dataSegments = [[0x01, 0x00]]
        return module
    }

    private func check(
        _ module: ModuleBuilder,
        _ limits: ModuleLimits = ModuleLimits()
    ) throws(ModuleError) {
        let structure = try ModuleDecoder.decode(module.bytes, limits: limits)
        try ModuleValidator.validate(structure, bytes: module.bytes, limits: limits)
    }

    private func refusal(
        of module: ModuleBuilder,
        _ limits: ModuleLimits = ModuleLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ModuleError? {
        #expect(throws: ModuleError.self, sourceLocation: sourceLocation) {
            try check(module, limits)
        }
    }

    @Test(
        arguments: [
            ([], [0x0B]),
            ([0x7F], [0x20, 0x00, 0x41, 0x01, 0x6A, 0x0B]),
            ([0x7F], [0x20, 0x01, 0xA7, 0x0B]),
            ([0x7C], [0x20, 0x03, 0x20, 0x03, 0xA0, 0x0B]),
            ([0x7F], [0x20, 0x02, 0xFC, 0x00, 0x0B]),
            ([0x7F, 0x7E], [0x10, 0x02, 0x0B]),
            // Blocks: with a value, with parameters, a loop with a branch to its start.
            ([0x7F], [0x02, 0x7F, 0x20, 0x00, 0x0B, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x02, 0x01, 0x41, 0x01, 0x6A, 0x0B, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x03, 0x01, 0x20, 0x00, 0x0D, 0x00, 0x0B, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x41, 0x01, 0x04, 0x01, 0x05, 0x0B, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x41, 0x01, 0x04, 0x01, 0x0B, 0x0B]),
            // Unreachable code is polymorphic.
            ([0x7F, 0x7E], [0x00, 0x0B]),
            ([0x7F], [0x00, 0x6A, 0x0B]),
            ([0x7F], [0x00, 0x0F, 0x1B, 0x0B]),
            ([0x7F], [0x41, 0x00, 0x0C, 0x00, 0x0B]),
            ([], [0x00, 0xD1, 0x1A, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x20, 0x00, 0x0E, 0x02, 0x00, 0x00, 0x00, 0x0B]),
            // Select, tables, references, bulk memory.
            ([0x7E], [0x20, 0x01, 0x20, 0x01, 0x20, 0x00, 0x1B, 0x0B]),
            ([0x70], [0xD0, 0x70, 0xD2, 0x01, 0x20, 0x00, 0x1C, 0x01, 0x70, 0x0B]),
            ([0x6F], [0x20, 0x00, 0x25, 0x01, 0x0B]),
            ([], [0x20, 0x00, 0xD2, 0x01, 0x26, 0x00, 0x0B]),
            ([0x7F], [0xD0, 0x6F, 0x20, 0x00, 0xFC, 0x0F, 0x01, 0x0B]),
            ([0x7F], [0xFC, 0x10, 0x00, 0x0B]),
            (
                [],
                [0x20, 0x00, 0xD0, 0x70, 0x20, 0x00, 0xFC, 0x11, 0x00, 0x0B]
            ),
            (
                [],
                [
                    0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xFC, 0x0C, 0x01, 0x01, 0xFC, 0x0D, 0x00,
                    0x0B,
                ]
            ),
            ([], [0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xFC, 0x0A, 0x00, 0x00, 0x0B]),
            ([], [0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xFC, 0x0B, 0x00, 0xFC, 0x09, 0x00, 0x0B]),
            ([0x7F], [0x20, 0x00, 0x20, 0x00, 0x11, 0x01, 0x00, 0x0B]),
            // An overlong table index is a number like others.
            ([0x7F], [0x20, 0x00, 0x20, 0x00, 0x11, 0x01, 0x80, 0x00, 0x0B]),
            ([], [0x20, 0x01, 0x24, 0x01, 0x0B]),
            ([0x7F], [0x3F, 0x00, 0x40, 0x00, 0x0B]),
        ] as [([UInt8], [UInt8])]
    )
    func `a correct body is accepted`(results: [UInt8], instructions: [UInt8]) throws {
        try check(Self.module(results, instructions))
    }

    @Test(
        arguments: [
            // Operands.
            ([0x7F], [0x0B], 0, "type mismatch: end expects i32, found an empty stack"),
            ([], [0x20, 0x00, 0x0B], 2, "type mismatch: 1 values more"),
            (
                [0x7F], [0x20, 0x00, 0x20, 0x01, 0x6A, 0x0B], 4,
                "type mismatch: i32.add expects i32, found i64"
            ),
            (
                [0x7F], [0x20, 0x02, 0xFC, 0x02, 0x0B], 2,
                "type mismatch: i32.trunc_sat_f64_s expects f64, found f32"
            ),
            ([], [0x1A, 0x0B], 0, "type mismatch: drop expects any type, found an empty stack"),
            ([], [0x00, 0x42, 0x00, 0x45, 0x1A, 0x0B], 3, "type mismatch: i32.eqz"),
            ([], [0x20, 0x00, 0x02, 0x40, 0x1A, 0x0B, 0x1A, 0x0B], 4, "type mismatch: drop"),
            // Variables.
            ([], [0x20, 0x04, 0x1A, 0x0B], 0, "unknown local 4"),
            ([], [0x23, 0x02, 0x1A, 0x0B], 0, "unknown global 2"),
            ([], [0x20, 0x00, 0x24, 0x00, 0x0B], 2, "immutable global"),
            ([], [0x20, 0x00, 0x21, 0x01, 0x0B], 2, "type mismatch: local.set expects i64"),
            // Control.
            ([], [0x0C, 0x01, 0x0B], 0, "unknown label 1"),
            ([], [0x02, 0x09, 0x0B, 0x0B], 0, "unknown type 9"),
            (
                [], [0x20, 0x00, 0x04, 0x7F, 0x41, 0x00, 0x0B, 0x1A, 0x0B], 6,
                "type mismatch: an if"
            ),
            ([], [0x05, 0x0B], 0, "END opcode expected"),
            (
                [0x7F],
                [0x02, 0x40, 0x20, 0x00, 0x20, 0x00, 0x0E, 0x01, 0x00, 0x01, 0x0B, 0x00, 0x0B], 6,
                "type mismatch: br_table has targets that take 0 and 1 operands"
            ),
            ([], [0x10, 0x03, 0x0B], 0, "unknown function 3"),
            ([], [0x20, 0x01, 0x10, 0x01, 0x1A, 0x0B], 2, "type mismatch: call expects i32"),
            ([], [0x20, 0x00, 0x11, 0x00, 0x01, 0x0B], 2, "type mismatch: call_indirect"),
            ([], [0x20, 0x00, 0x11, 0x00, 0x02, 0x0B], 2, "unknown table 2"),
            ([], [0x20, 0x00, 0x11, 0x04, 0x00, 0x0B], 2, "unknown type 4"),
            // Memory.
            ([], [0x20, 0x00, 0x28, 0x03, 0x00, 0x1A, 0x0B], 2, "alignment must not be larger"),
            ([], [0x20, 0x00, 0x28, 0x42, 0x01, 0x00, 0x1A, 0x0B], 2, "unknown memory 1"),
            (
                [], [0x20, 0x00, 0x28, 0x02, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A, 0x0B], 2,
                "offset out of range"
            ),
            ([], [0x3F, 0x01, 0x1A, 0x0B], 0, "unknown memory 1"),
            ([], [0xFC, 0x09, 0x01, 0x0B], 0, "unknown data segment 1"),
            // References and tables.
            ([], [0xD2, 0x02, 0x1A, 0x0B], 0, "undeclared function reference"),
            ([], [0xD2, 0x03, 0x1A, 0x0B], 0, "unknown function 3"),
            ([], [0x20, 0x00, 0xD1, 0x1A, 0x0B], 2, "type mismatch: ref.is_null"),
            (
                [], [0xD0, 0x70, 0xD0, 0x70, 0x20, 0x00, 0x1B, 0x1A, 0x0B], 6,
                "type mismatch: select"
            ),
            (
                [], [0x20, 0x00, 0x20, 0x01, 0x20, 0x00, 0x1B, 0x1A, 0x0B], 6,
                "type mismatch: select"
            ),
            ([], [0x00, 0x1C, 0x02, 0x7F, 0x7F, 0x0B], 1, "invalid result arity"),
            (
                [], [0x20, 0x00, 0xD0, 0x6F, 0x26, 0x00, 0x0B], 4,
                "type mismatch: table.set expects"
            ),
            ([], [0xFC, 0x0D, 0x02, 0x0B], 0, "unknown elem segment 2"),
            ([], [0xFC, 0x0C, 0x00, 0x01, 0x0B], 0, "type mismatch: table.init"),
            ([], [0xFC, 0x0E, 0x00, 0x01, 0x0B], 0, "type mismatch: table.copy"),
        ] as [([UInt8], [UInt8], Int, String)]
    )
    func `a wrong body is refused at the instruction`(
        results: [UInt8],
        instructions: [UInt8],
        position: Int,
        message: String
    ) throws {
        let module = Self.module(results, instructions)
        let error = refusal(of: module)
        let structure = try ModuleDecoder.decode(module.bytes, limits: ModuleLimits())
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "none")")
        #expect(error?.function == 0)
        #expect(error?.offset == structure.bodies[0].code.lowerBound + position)
    }

    @Test(
        arguments: [
            ([], "unexpected end of section or function"),
            ([0x02, 0x40, 0x0B], "unexpected end of section or function"),
            ([0x0B, 0x01], "section size mismatch"),
            ([0x41], "unexpected end"),
            ([0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x1A, 0x0B], "integer too large"),
            ([0xFF, 0x0B], "illegal opcode ff"),
            ([0xFC, 0x20, 0x0B], "illegal opcode fc 20"),
            ([0x41, 0x00, 0x28, 0x80, 0x01, 0x00, 0x0B], "malformed memop flags"),
            ([0x41, 0x00, 0x0E, 0x7F, 0x00, 0x0B], "unexpected end"),
        ] as [([UInt8], String)]
    )
    func `a malformed body is refused`(instructions: [UInt8], message: String) {
        let error = refusal(of: Self.module([], instructions))
        #expect(error?.kind == .malformed)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "none")")
        #expect(error?.function == 0)
    }

    @Test func `data segments can be named only after a data count`() {
        var module = Self.module([], [0xFC, 0x09, 0x00, 0x0B])
        module.dataCount = nil
        let error = refusal(of: module)
        #expect(error?.kind == .malformed)
        #expect(error?.message == "data count section required, by data.drop")
    }

    @Test(
        arguments: [
            ([0xFE, 0x00, 0x02, 0x00], "threads and atomics (memory.atomic.notify)"),
            ([0x06, 0x40], "recompile with -mllvm -wasm-use-legacy-eh=false"),
            ([0x19], "legacy exception handling (catch_all)"),
        ] as [([UInt8], String)]
    )
    func `instructions of features that the engine lacks are named`(
        instructions: [UInt8],
        feature: String
    ) {
        let error = refusal(of: Self.module([], instructions + [0x0B]))
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains(feature) == true, "\(error?.message ?? "none")")
    }

    // MARK: - Limits and hostile bodies

    private func nested(_ depth: Int) -> ModuleBuilder {
        let open = [[UInt8]](repeating: [0x02, 0x40], count: depth).flatMap { $0 }
        return Self.module([], open + [UInt8](repeating: 0x0B, count: depth + 1))
    }

    @Test func `blocks nest to the limit and no deeper`() throws {
        let most = ModuleLimits().nestingMax
        try check(nested(most))
        #expect(refusal(of: nested(most + 1))?.kind == .limit)
    }

    @Test func `operands pile up to the limit and no higher`() throws {
        let most = ModuleLimits().operandsMax
        let push = [[UInt8]](repeating: [0x41, 0x00], count: most).flatMap { $0 }
        try check(Self.module([], push + [0x00, 0x0B]))
        #expect(refusal(of: Self.module([], push + [0x41, 0x00, 0x00, 0x0B]))?.kind == .limit)
    }

    @Test func `a branch table is as long as the limit and no longer`() throws {
        let most = ModuleLimits().branchTargetsMax
        func table(_ count: Int) -> ModuleBuilder {
            let targets = [UInt8](repeating: 0x00, count: count + 1)
            let length = ModuleBuilder.leb(UInt32(count))
            return Self.module([], [0x20, 0x00, 0x0E] + length + targets + [0x0B])
        }
        try check(table(most))
        #expect(refusal(of: table(most + 1))?.kind == .limit)
    }

    @Test func `locals far into their runs have the types of the runs`() throws {
        // 20,000 i32, then 29,998 i64: with two parameters, the limit.
        let runs: [UInt8] =
            [0x02] + ModuleBuilder.leb(20_000) + [0x7F] + ModuleBuilder.leb(29_998) + [0x7E]
        func get(_ index: UInt32, drop: [UInt8]) -> ModuleBuilder {
            var module = Self.module([], [])
            module.bodies[0] = runs + [0x20] + ModuleBuilder.leb(index) + drop + [0x1A, 0x0B]
            return module
        }
        try check(get(20_001, drop: [0x45]))
        try check(get(20_002, drop: [0x50]))
        try check(get(49_999, drop: [0x50]))
        let error = refusal(of: get(50_000, drop: [0x50]))
        #expect(error?.message.hasPrefix("unknown local 50000") == true)
    }

    @Test func `long lists of operands are compared by every type`() throws {
        typealias B = ModuleBuilder
        let parameters = [UInt8](repeating: B.i32, count: 100)
        for wrong in [0, 50, 99] {
            var module = ModuleBuilder()
            module.addFunction(parameters, parameters, [0x00, 0x0B])
            var push = [[UInt8]](repeating: [0x41, 0x00], count: 100)
            let drops = [UInt8](repeating: 0x1A, count: 100)
            module.addFunction([], [], push.flatMap { $0 } + [0x10, 0x00] + drops + [0x0B])
            try check(module)
            push[wrong] = [0x42, 0x00]
            module.bodies[1] = [0x00] + push.flatMap { $0 } + [0x10, 0x00] + drops + [0x0B]
            let error = refusal(of: module)
            #expect(error?.message == "type mismatch: call expects i32, found i64")
        }
    }
}
