import Testing
import WasmText

@testable import Wasm

/// Instructions that the translator makes one of: they must do what each of them does.
struct FusionTests {
    private func instance(_ functions: String) throws -> Instance {
        let text = """
            (module
              (memory (export "memory") 2)
              (data (i32.const 0) "\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\10")
              (data (i32.const 70000) "\\2a\\00\\00\\00\\2b")
              \(functions))
            """
        return try Instance(try Module(TextModule.encode(text)).link(Imports()))
    }

    private func call(
        _ instance: Instance,
        _ export: String,
        _ arguments: [Value]
    ) throws -> (outcome: Execution.Outcome, results: [Value], fuel: UInt64) {
        let execution = try Execution(
            instance,
            export: export,
            arguments: arguments,
            stack: try ValueStack()
        )
        let outcome = execution.resume(budget: 1 << 20)
        return (outcome, execution.results, execution.fuelUsed)
    }

    /// How a call ended, and with what.
    private func ending(
        _ instance: Instance,
        _ export: String,
        _ arguments: [Value]
    ) throws -> String {
        let call = try call(instance, export, arguments)
        return "\(call.outcome) \(call.results)"
    }

    private func value(_ body: String, _ argument: Int32) throws -> Value? {
        let function = "(func (export \"f\") (param i32) (result i32) \(body))"
        return try call(try instance(function), "f", [.i32(argument)]).results.first
    }

    // MARK: - Addresses

    @Test(arguments: [
        ("(i32.load8_u (i32.add (local.get 0) (i32.const 3)))", Int32(4), Int32(8)),
        ("(i32.load8_u (i32.add (local.get 0) (i32.const -4)))", 4, 1),
        // The addition wraps around.
        ("(i32.load8_u (i32.add (local.get 0) (i32.const 8)))", -8, 1),
        ("(i32.load8_u (i32.add (local.get 0) (local.get 0)))", Int32.min, 1),
        ("(i32.load8_u (i32.add (local.get 0) (i32.const 70001)))", -1, 42),
        ("(i32.load16_s (i32.add (local.get 0) (local.get 0)))", 3, 0x0807),
        ("(i32.load8_u (i32.const 5))", 0, 6),
        ("(i32.load8_u offset=2 (i32.const 5))", 0, 8),
        ("(i32.load8_u offset=70000 (i32.const 4))", 0, 43),
        ("(i32.load8_u offset=70000 (local.get 0))", 4, 43),
        ("(i32.load8_u offset=69999 (i32.add (local.get 0) (i32.const 2)))", 3, 43),
        ("(i32.load8_u offset=1 (i32.add (local.get 0) (i32.const 2)))", 3, 7),
        // Additions of constants that need a second cell.
        ("(i32.load (i32.add (i32.const 70000) (local.get 0)))", 0, 42),
        ("(i32.load8_u (i32.add (local.get 0) (i32.const 0x40000000)))", -0x3FFF_FFFF, 2),
        ("(i32.load8_s offset=4 (i32.add (local.get 0) (i32.const 69999)))", 1, 43),
        // Indices to elements of the access's size, and of another.
        ("(i32.load16_u (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 1))))", 2, 0x0807),
        ("(i32.load (i32.add (i32.const 70000) (i32.shl (local.get 0) (i32.const 2))))", 1, 43),
        (
            "(i32.load (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 2))))", 2,
            0x0E0D_0C0B
        ),
        (
            "(i32.load (i32.add (i32.shl (local.get 0) (i32.const 2)) (local.get 0)))", 2,
            0x0E0D_0C0B
        ),
        (
            "(i32.load (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 2))))", 0x3333_3334,
            0x0807_0605
        ),
        ("(i32.load8_u (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 2))))", 2, 11),
        (
            "(i32.load (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 3))))", 1,
            0x0D0C_0B0A
        ),
        (
            "(i32.wrap_i64 (i64.load (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 3)))))",
            0,
            0x0403_0201
        ),
        (
            "(i32.load offset=1 (i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 2))))", 2,
            0x0F0E_0D0C
        ),
    ])
    func `a load finds its address in every form`(body: String, argument: Int32, result: Int32)
        throws
    {
        #expect(try value(body, argument) == .i32(result))
    }

    @Test(arguments: [
        "(i32.store (i32.add (local.get 0) (i32.const 4)) (i32.const 77))",
        "(i32.store (i32.add (local.get 0) (local.get 1)) (i32.const 77))",
        // The index is a temporary where the constant would be put.
        "(i32.store (i32.add (i32.clz (i32.const 0)) (i32.popcnt (i32.const 255))) (i32.const 77))",
        "(i32.store (i32.const 40) (i32.mul (i32.const 7) (i32.const 11)))",
        "(i32.store offset=40 (i32.const 0) (i32.const 77))",
        "(i32.store (i32.add (local.get 0) (i32.const 4)) (i32.add (local.get 0) (i32.const 41)))",
        "(i32.store (i32.add (local.get 1) (i32.const 36)) (i32.const 77))",
        "(i32.store (i32.add (local.get 0) (i32.shl (i32.const 1) (i32.const 2))) (i32.const 77))",
        "(i32.store (i32.add (local.get 1) (i32.shl (i32.const 9) (i32.const 2))) (local.get 2))",
        // The index is a temporary where the constant would be put.
        "(i32.store (i32.add (local.get 1) (i32.shl (i32.clz (i32.const 0x400000)) (i32.const 2))) (i32.const 77))",
        // The addition that wraps around has a constant of more than 16 bits.
        "(i32.store (i32.add (i32.mul (local.get 0) (i32.const -1)) (i32.const 76)) (i32.const 77))",
        "(i32.store (i32.add (i32.sub (local.get 0) (i32.const 99996)) (i32.const 100000)) (i32.const 77))",
    ])
    func `a store finds its address in every form`(body: String) throws {
        let function = """
            (func (export "f") (param i32 i32 i32) (result i32)
              \(body) (i32.load (i32.const 40)))
            """
        let arguments: [Value] = [.i32(36), .i32(4), .i32(77)]
        #expect(try call(try instance(function), "f", arguments).results == [.i32(77)])
    }

    @Test(arguments: [
        ("(i32.load (i32.add (local.get 0) (i32.const -5)))", 4),
        ("(i32.load (i32.add (local.get 0) (local.get 0)))", 4),
        ("(i32.load offset=4294967295 (i32.const 1))", 2),
        ("(i32.load offset=4294967295 (local.get 0))", 2),
        ("(i32.load (i32.const -1))", 2),
    ])
    func `an access outside the memory traps where it is`(body: String, fuel: UInt64) throws {
        let function = "(func (export \"f\") (param i32) (result i32) (nop) \(body))"
        let instance = try instance(function)
        let result = try call(instance, "f", [.i32(-2_000_000_000)])
        guard case .trapped(let trap) = result.outcome else {
            Issue.record("\(result.outcome)")
            return
        }
        #expect(trap.kind == .memoryOutOfBounds)
        // With the nop; the instructions after the access are not counted.
        #expect(result.fuel == fuel + 1)
        // The access is the function's last instruction but for its end.
        let offset = try #require(trap.backtrace.first?.offset)
        #expect(instance.module.bytes[offset] == 0x28)
    }

    // MARK: - Sums and copies

    @Test(arguments: [
        ("(i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 1)))", Int32(5), Int32(15)),
        ("(i32.add (i32.shl (local.get 0) (i32.const 2)) (local.get 0))", 5, 25),
        ("(i32.add (i32.clz (local.get 0)) (i32.shl (local.get 0) (i32.const 3)))", 5, 69),
        ("(i32.add (i32.const 100000) (i32.shl (local.get 0) (i32.const 3)))", 5, 100_040),
        ("(i32.add (i32.shl (local.get 0) (i32.const 3)) (i32.const 7))", 5, 47),
        ("(i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 4)))", 5, 85),
        ("(i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 33)))", 5, 15),
        ("(i32.add (local.get 0) (i32.shl (local.get 0) (i32.const 2)))", Int32.max, 0x7FFF_FFFB),
        // What was stored on the way stays stored.
        (
            "(local i32) (i32.add (local.get 0) (local.tee 1 (i32.shl (local.get 0) (i32.const 2)))) (i32.mul (local.get 1))",
            3, 180
        ),
    ])
    func `an index is added as an addition and a shift do`(
        body: String,
        argument: Int32,
        result: Int32
    )
        throws
    {
        #expect(try value(body, argument) == .i32(result))
    }

    @Test(arguments: [
        // A copy keeps its value when what it was copied from changes.
        (
            "(local i32) (local.tee 1 (local.get 0)) (local.set 0 (i32.const 9)) (i32.sub (local.get 1))",
            Int32(4), Int32(0)
        ),
        (
            "(local i32) (local.set 1 (i32.add (local.tee 0 (i32.const 9)) (local.get 0))) (local.get 1)",
            4, 18
        ),
        ("(local i32) (i32.sub (local.tee 1 (local.get 0)) (local.tee 0 (i32.const 9)))", 4, -5),
        (
            "(local i32) (local.tee 1 (local.get 0)) (block (local.set 0 (i32.const 9))) (i32.add (local.get 0))",
            4, 13
        ),
    ])
    func `a copied local can be read where it came from`(
        body: String,
        argument: Int32,
        result: Int32
    )
        throws
    {
        #expect(try value(body, argument) == .i32(result))
    }

    // MARK: - Conditions

    private static let floats: [Double] = [
        .nan, -.infinity, -1, -0.0, 0, 1, 1.5, .infinity,
    ]

    @Test(arguments: ["f32", "f64"], ["eq", "ne", "lt", "gt", "le", "ge"])
    func `a branch on a comparison of floats agrees with its value`(type: String, name: String)
        throws
    {
        let comparison = "(\(type).\(name) (local.get 0) (local.get 1))"
        let instance = try instance(
            """
            (func (export "value") (param \(type) \(type)) (result i32) \(comparison))
            (func (export "if") (param \(type) \(type)) (result i32)
              (if (result i32) \(comparison) (then (i32.const 1)) (else (i32.const 0))))
            (func (export "br_if") (param \(type) \(type)) (result i32)
              (block (br_if 0 \(comparison)) (return (i32.const 0))) (i32.const 1))
            (func (export "unless") (param \(type) \(type)) (result i32)
              (block (br_if 0 (i32.eqz \(comparison))) (return (i32.const 1))) (i32.const 0))
            (func (export "twice") (param \(type) \(type)) (result i32)
              (block (br_if 0 (i32.eqz (i32.eqz \(comparison)))) (return (i32.const 0))) (i32.const 1))
            """
        )
        for left in Self.floats {
            for right in Self.floats {
                let arguments: [Value] =
                    type == "f32"
                    ? [.f32(bits: Float(left).bitPattern), .f32(bits: Float(right).bitPattern)]
                    : [.f64(bits: left.bitPattern), .f64(bits: right.bitPattern)]
                let expected = try ending(instance, "value", arguments)
                for form in ["if", "br_if", "unless", "twice"] {
                    let outcome = try ending(instance, form, arguments)
                    #expect(outcome == expected, "\(form) of \(left) and \(right)")
                }
            }
        }
    }

    @Test(arguments: ["(local.get 1)", "(i32.const 6)", "(i32.const 100000)"])
    func `a branch on common bits agrees with their value`(mask: String) throws {
        let bits = "(i32.and (local.get 0) \(mask))"
        let instance = try instance(
            """
            (func (export "value") (param i32 i32) (result i32) (i32.ne \(bits) (i32.const 0)))
            (func (export "br_if") (param i32 i32) (result i32)
              (block (br_if 0 \(bits)) (return (i32.const 0))) (i32.const 1))
            (func (export "unless") (param i32 i32) (result i32)
              (block (br_if 0 (i32.eqz \(bits))) (return (i32.const 1))) (i32.const 0))
            """
        )
        for left in [Int32(0), 1, 2, 9, 100_000, -1] {
            let arguments: [Value] = [.i32(left), .i32(6)]
            let expected = try ending(instance, "value", arguments)
            for form in ["br_if", "unless"] {
                #expect(try ending(instance, form, arguments) == expected, "\(left)")
            }
        }
    }

    @Test(arguments: [
        ("i32.add", Int64(100_002)), ("i32.mul", 200_000), ("i32.and", 0), ("i32.or", 100_002),
        ("i32.xor", 100_002),
    ])
    func `constants of more than 16 bits are operands`(name: String, result: Int64) throws {
        for operands in ["(local.get 0) (i32.const 100000)", "(i32.const 100000) (local.get 0)"] {
            #expect(try value("(\(name) \(operands))", 2) == .i32(Int32(result)))
        }
        let wide = name.replacing("i32", with: "i64")
        let body = "(i32.wrap_i64 (\(wide) (i64.extend_i32_s (local.get 0)) (i64.const 100000)))"
        #expect(try value(body, 2) == .i32(Int32(result)))
    }
}
