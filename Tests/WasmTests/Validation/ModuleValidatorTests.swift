import Testing

@testable import Wasm

struct ModuleValidatorTests {
    private typealias B = ModuleBuilder

    private func check(_ bytes: [UInt8]) throws(ModuleError) {
        let structure = try ModuleDecoder.decode(bytes, limits: ModuleLimits())
        try ModuleValidator.validate(structure, bytes: bytes, limits: ModuleLimits())
    }

    /// A module for the rows below: function 0 is imported, `[] -> []`; function 1 is defined,
    /// `[i32] -> [i32]`; global 0 is imported and immutable, global 1 imported and mutable.
    private static func module(_ change: (inout ModuleBuilder) -> Void) -> ModuleBuilder {
        var module = ModuleBuilder()
        module.types = [B.functionType([], []), B.functionType([B.i32], [B.i32])]
        module.imports = [
            B.name("m") + B.name("f") + [0x00, 0x00],
            B.name("m") + B.name("g") + [0x03, B.i32, 0x00],
            B.name("m") + B.name("v") + [0x03, B.i32, 0x01],
        ]
        module.functions = [1]
        module.bodies = [[0x00, 0x20, 0x00, 0x0B]]
        change(&module)
        return module
    }

    private static func global(_ type: UInt8, _ instructions: [UInt8]) -> ModuleBuilder {
        module { $0.globals = [[type, 0x00] + instructions + [0x0B]] }
    }

    @Test(
        arguments: [
            module { _ in },
            module { $0.start = 0 },
            module { $0.memories = [[0x01, 0x00, 0x80, 0x80, 0x04]] },
            module { $0.tables = [[0x70, 0x01, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]] },
            module { $0.exports = [B.export("a", 0, 0), B.export("b", 0, 0)] },
            // Equivalent to Unicode, but of different bytes.
            module { $0.exports = [B.export("\u{E9}", 0, 0), B.export("e\u{301}", 0, 1)] },
            global(B.i32, [0x23, 0x00, 0x41, 0x02, 0x6C, 0x41, 0x03, 0x6B]),
            global(B.i64, [0x42, 0x01, 0x42, 0x02, 0x7C]),
            global(B.funcref, [0xD2, 0x01]),
            global(B.externref, [0xD0, 0x6F]),
            module { $0.globals = [[B.i32, 0, 0x41, 0, 0x0B], [B.i32, 0, 0x23, 2, 0x0B]] },
        ]
    )
    func `a correct module is accepted`(module: ModuleBuilder) throws {
        try check(module.bytes)
    }

    @Test(
        arguments: [
            (module { $0.functions = [2] }, "unknown type 2"),
            (module { $0.imports[0] = B.name("") + B.name("") + [0x00, 0x05] }, "unknown type 5"),
            (module { $0.start = 2 }, "unknown function 2"),
            (module { $0.start = 1 }, "start function must have type [] -> []"),
            // Limits.
            (
                module { $0.memories = [[0x00, 0x81, 0x80, 0x04]] },
                "memory size must be at most 65536 pages (4GiB)"
            ),
            (
                module { $0.memories = [[0x01, 0x02, 0x01]] },
                "size minimum must not be greater than maximum"
            ),
            (
                module { $0.tables = [[0x70, 0x00, 0x80, 0x80, 0x80, 0x80, 0x10]] },
                "table size must be at most 2^32-1"
            ),
            (
                module { $0.imports.append(B.name("m") + B.name("t") + [1, 0x70, 1, 2, 1]) },
                "size minimum must not be greater than maximum"
            ),
            // Exports.
            (
                module { $0.exports = [B.export("a", 0, 0), B.export("a", 0, 1)] },
                "duplicate export name \"a\""
            ),
            (module { $0.exports = [B.export("a", 0, 2)] }, "unknown function 2"),
            (module { $0.exports = [B.export("a", 1, 0)] }, "unknown table 0"),
            (module { $0.exports = [B.export("a", 2, 0)] }, "unknown memory 0"),
            (module { $0.exports = [B.export("a", 3, 2)] }, "unknown global 2"),
            // Constant expressions.
            (global(B.i32, [0x41, 0x00, 0x67]), "constant expression required: i32.clz"),
            (global(B.i32, [0x10, 0x01]), "constant expression required: call"),
            (global(B.i32, [0x02, 0x7F, 0x41, 0x00, 0x0B]), "constant expression required: block"),
            (global(B.i32, [0x23, 0x01]), "constant expression required: global 1 is mutable"),
            (global(B.i32, [0x23, 0x02]), "unknown global 2"),
            (global(B.funcref, [0xD2, 0x02]), "unknown function 2"),
            (global(B.i32, []), "type mismatch"),
            (global(B.i32, [0x42, 0x00]), "type mismatch"),
            (global(B.i32, [0x41, 0x00, 0x41, 0x00]), "type mismatch"),
            (global(B.i32, [0x41, 0x00, 0x6A]), "type mismatch: i32 arithmetic"),
            (global(B.i64, [0x42, 0x00, 0x41, 0x00, 0x7D]), "type mismatch: i64 arithmetic"),
            (global(B.funcref, [0xD0, 0x6F]), "type mismatch"),
            // Segments.
            (module { $0.elements = [[0x00, 0x41, 0x00, 0x0B, 0x00]] }, "unknown table 0"),
            (module { $0.elements = [[0x01, 0x00, 0x01, 0x02]] }, "unknown function 2"),
            (
                module {
                    $0.tables = [[B.externref, 0x00, 0x00]]
                    $0.elements = [[0x00, 0x41, 0x00, 0x0B, 0x00]]
                },
                "type mismatch: a table of externref cannot hold elements of (ref func)"
            ),
            (
                module { $0.elements = [[0x05, B.externref, 0x01, 0xD2, 0x00, 0x0B]] },
                "type mismatch"
            ),
            (
                module {
                    $0.tables = [[B.funcref, 0x00, 0x00]]
                    $0.elements = [[0x00, 0x42, 0x00, 0x0B, 0x00]]
                },
                "type mismatch"
            ),
            (module { $0.dataSegments = [[0x00, 0x41, 0x00, 0x0B, 0x00]] }, "unknown memory 0"),
            (
                module {
                    $0.memories = [[0x00, 0x01]]
                    $0.dataSegments = [[0x00, 0x43, 0, 0, 0, 0, 0x0B, 0x00]]
                },
                "type mismatch"
            ),
            // The initial value of a table cannot use the module's own globals.
            (
                module {
                    $0.tables = [[0x40, 0x00, B.funcref, 0x00, 0x00, 0x23, 0x02, 0x0B]]
                    $0.globals = [[B.funcref, 0x00, 0xD0, 0x70, 0x0B]]
                },
                "unknown global 2"
            ),
        ] as [(ModuleBuilder, String)]
    )
    func `a wrong module is refused`(module: ModuleBuilder, message: String) {
        let bytes = module.bytes
        let error = #expect(throws: ModuleError.self) { try check(bytes) }
        #expect(error?.kind == .invalid)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "none")")
        #expect((8..<bytes.count).contains(error?.offset ?? -1))
    }

    @Test(arguments: 0..<8)
    func `changed bytes never crash, and give the same answer twice`(seed: Int) {
        let original = ModuleBuilder.complete.bytes
        var random = SplitMix64(state: UInt64(seed))
        var refused = 0
        for _ in 0..<1_000 {
            var bytes = original
            for _ in 0...random.next(below: 3) {
                let index = random.next(below: bytes.count)
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            let first = outcome(of: bytes)
            #expect(first == outcome(of: bytes))
            guard let error = first else { continue }
            refused += 1
            #expect((0...bytes.count).contains(error.offset), "\(error)")
        }
        #expect(refused > 500)
    }

    private func outcome(of bytes: [UInt8]) -> ModuleError? {
        do throws(ModuleError) {
            try check(bytes)
            return nil
        } catch {
            return error
        }
    }
}

/// A small generator of numbers that are the same in every run.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
