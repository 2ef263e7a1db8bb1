import Testing
import Wasm
import WasmText

struct TextModuleTests {
    /// The module that a text stands for, decoded and validated.
    private func module(_ text: String) throws -> Module {
        try Module(try TextModule.encode(text))
    }

    @Test(
        arguments: [
            "",
            "(module)",
            "(module $m (func $f (export \"f\") (param $x i32) (result i32) local.get $x))",
            "(func (result i32) (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))))",
            "(memory i64 1 2) (data (i64.const 0) \"a\\00\\u{20ac}\")",
            "(table 2 funcref) (elem (i32.const 0) $f $f) (func $f)",
            "(table (ref null $t) (elem $f)) (type $t (func)) (func $f (type $t))",
            "(rec (type $a (sub (struct (field $x (mut (ref null $b)))))) (type $b (array i8)))",
            "(tag $e (param i32)) (func (block (result i32) (try_table (catch $e 0) (throw $e (i32.const 1))) (i32.const 2)) drop)",
            "(func (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i32x4 1 2 3 4) (v128.const f64x2 nan:0x1 -inf))))",
            "(memory 1) (memory $m 1) (func (i32.store8 $m offset=3 align=1 (i32.const 0) (i32.const 7)))",
            "(func $\"a b\" (call $\"a b\")) (; a (; nested ;) comment ;) (@note (x \"y\")) ;; the end",
        ]
    )
    func `a text is encoded as a valid module`(text: String) throws {
        _ = try module(text)
    }

    @Test(
        arguments: [
            ("(module\n  (func (i32.ad)))", 2, 10, "unknown operator \"i32.ad\""),
            ("(func (call $g))", 1, 13, "unknown function $g"),
            ("(func (i32.const 4294967296))", 1, 18, "out of range"),
            ("(func $f)\n(func $f)", 2, 7, "duplicate function $f"),
            ("(func) (import \"a\" \"b\" (func))", 1, 8, "import after func"),
            ("(func (i32.load align=3 (i32.const 0)))", 1, 17, "power of two"),
            ("(module) x", 1, 10, "expected the end"),
            ("(func block $a end $b)", 1, 20, "mismatching label $b"),
            ("(data \"\\q\")", 1, 8, "illegal escape"),
            ("(func) \u{1}", 1, 8, "illegal character"),
            ("(type (func)) (func (type 0) (param i32))", 1, 21, "inline function type"),
        ] as [(String, Int, Int, String)]
    )
    func `an error says where and what`(text: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: TextError.self) { try TextModule.encode(text) }
        #expect(error?.message.contains(message) == true, "\(error?.description ?? "none")")
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test(
        arguments: [
            ("0x1.fffffep127", 0x7F7F_FFFF), ("1e-45", 1), ("-0x0p0", 0x8000_0000),
            ("16777217", 0x4B80_0000), ("0x1.000001p0", 0x3F80_0000),
            ("0x1.000003p0", 0x3F80_0002), ("nan:0x200000", 0x7FA0_0000), ("1_000.5", 0x447A_2000),
        ] as [(String, UInt32)]
    )
    func `a float is rounded to the nearest, ties to even`(text: String, bits: UInt32) throws {
        let bytes = try TextModule.encode("(global f32 (f32.const \(text)))")
        let expected = (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
        let section = try #require(bytes.firstIndex(of: 0x43))
        #expect(Array(bytes[section + 1..<section + 5]) == expected)
    }

    @Test func `names of functions are kept`() throws {
        let bytes = try TextModule.encode("(module $m (func $first) (func) (func $third))")
        #expect(String(decoding: bytes, as: Unicode.ASCII.self).contains("third"))
    }

    // MARK: - Hostile texts

    /// What is before and after thousands of zeros.
    @Test(arguments: [
        "(func (br $N))", "(func (local.get $N))", "(N)", "(func (N))", "(export \"\" (func $N))",
    ])
    func `an error quotes the beginning of a long name`(field: String) throws {
        let name = String(repeating: "n", count: 1_000_000)
        let text = "(module \(field))".replacing("N", with: name)
        let error = #expect(throws: TextError.self) { try TextModule.encode(text) }
        let message = try #require(error).message
        #expect(message.contains("nnnn") && message.hasSuffix("…"))
        #expect(message.utf8.count < 300)
    }

    @Test(arguments: [
        ("i32.const", "9", ""), ("i64.const", "9", ""), ("i32.const", "0", "9999999999"),
        ("i32.const", "0", "x"), ("f32.const", "9", ""), ("f64.const", "9", ""),
        ("f64.const", "e", ""), ("call", "9", ""), ("call", "0", "9999999999"),
        ("call", "0", "x"),
    ])
    func `an error quotes the beginning of a long number`(
        instruction: String,
        before: String,
        after: String
    ) throws {
        let number = before + String(repeating: "0", count: 5_000) + after
        let text = "(func (\(instruction) \(number)))"
        let error = try #require(throws: TextError.self) { try TextModule.encode(text) }
        #expect(error.message.contains(number.prefix(60)))
        #expect(error.message.utf8.count < 160, "\(error)")
    }

    @Test func `an error quotes the beginning of a character that has many accents`() throws {
        let text = "(func \"a\(String(repeating: "\u{301}", count: 5_000))\")"
        let error = try #require(throws: TextError.self) { try TextModule.encode(text) }
        // The quotation mark and the letter are the other two of sixty.
        #expect(error.message.unicodeScalars.count { $0 == "\u{301}" } == 58)
    }

    @Test(arguments: ["(block ", "(i32.eqz ", "(if (i32.const 1) (then "])
    func `nesting has a limit and takes no stack`(opening: String) {
        let count = 100_000
        let parentheses = opening.count { $0 == "(" } - opening.count { $0 == ")" }
        let deep =
            "(func " + String(repeating: opening, count: count)
            + String(repeating: ")", count: count * parentheses + 1)
        let error = #expect(throws: TextError.self) { try TextModule.encode(deep) }
        #expect(error?.message.contains("nested more than") == true)
    }

    @Test func `plain blocks nest to the limit`() throws {
        let depth = 9_000
        let text =
            "(func " + String(repeating: "block ", count: depth)
            + String(repeating: "end ", count: depth) + ")"
        _ = try module(text)
    }

    @Test(arguments: [
        "(", ")", "((((", "(module", "(func (", "\"", "(;", "(@", "(@a", "$", "(func $",
    ])
    func `a cut text is refused`(text: String) {
        #expect(throws: TextError.self) { try TextModule.encode(text) }
    }

    @Test func `changed texts never crash`() {
        let source = Array(
            """
            (module (type $t (func (param i32) (result i32))) (memory 1) (table 1 funcref)
              (func $f (type $t) (local $x i64) (block $b (br_if $b (local.get 0)))
                (i32.load offset=1 align=2 (i32.const 0)))
              (elem (i32.const 0) $f) (data (i32.const 0) "a\\n") (export "f" (func $f)))
            """.utf8
        )
        var random = SeededGenerator(state: 7)
        let alphabet = Array("()\";$ab01x.=_- \\\n".utf8)
        for _ in 0..<3_000 {
            var changed = source
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<changed.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: changed.remove(at: place)
                case 1: changed.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
                default: changed[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            _ = try? Module(try TextModule.encode(changed))
        }
    }
}

/// Numbers that are the same in every run.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
