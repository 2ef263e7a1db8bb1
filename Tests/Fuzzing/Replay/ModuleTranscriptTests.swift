import FuzzTargets
import Testing
import Wasm
import WasmText

struct ModuleTranscriptTests {
    private func transcript(_ text: String) throws -> [String] {
        let stack = try ValueStack(byteCount: 1 << 16)
        return ModuleTranscript(of: try TextModule.encode(text), stack: stack).lines
    }

    @Test func `each function is called twice in an instance of its own`() throws {
        let lines = try transcript(
            """
            (module
              (global (export "g") (mut i32) (i32.const 0))
              (func (export "a") (param i32 f64) (result f64)
                (global.set 0 (i32.add (global.get 0) (local.get 0)))
                (f64.mul (local.get 1) (f64.const nan)))
              (func (export "b") (unreachable)))
            """
        )
        #expect(
            lines == [
                "0 global i32:0",
                "1.0 ok f64:nan", "1.1 ok f64:nan", "0 global i32:5",
                "2.0 trap unreachable", "2.1 trap unreachable", "0 global i32:0",
            ]
        )
    }

    @Test(arguments: [
        (#"(module (func (result i32)))"#, ["invalid"]),
        (#"(module (import "m" "f" (func)))"#, ["unlinkable"]),
        (#"(module (memory 1) (data (i32.const 65536) "a"))"#, ["start trap memory"]),
        (#"(module (start 0) (func (loop (br 0))))"#, ["start cut"]),
        (#"(module (memory (export "m") 1))"#, ["0 memory 65536 3617033963"]),
        (#"(module (func (export "f") (loop (br 0))))"#, ["0.0 cut"]),
    ])
    func `what cannot be run says why`(text: String, expected: [String]) throws {
        #expect(try transcript(text) == expected)
    }
}
