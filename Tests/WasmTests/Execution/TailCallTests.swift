import Testing
import WasmText

@testable import Wasm

struct TailCallTests {
    /// Room for a few dozen frames.
    private static let smallStack = 4096

    private func run(
        _ execution: Execution,
        budget: Int64 = 1 << 24
    ) throws -> [Value] {
        while true {
            switch execution.resume(budget: budget) {
            case .finished: return execution.results
            case .trapped(let trap): throw trap
            case .outOfBudget: continue
            case .waiting, .exited: throw Trap(.host)
            }
        }
    }

    private func start(
        _ instance: Instance,
        _ export: String,
        _ arguments: [Value],
        stackByteCount: Int = smallStack
    ) throws -> Execution {
        try Execution(
            instance,
            export: export,
            arguments: arguments,
            stack: try ValueStack(byteCount: stackByteCount)
        )
    }

    private func instance(_ text: String, _ imports: Imports = Imports()) throws -> Instance {
        try Instance(try Module(TextModule.encode(text)).link(imports))
    }

    /// `sum(n, total) = n == 0 ? total : sum(n - 1, total + n)`, by way of `spread`, which has more
    /// parameters and locals.
    private static let sum = """
        (module
          (func $sum (export "sum") (param $n i32) (param $total i32) (result i32)
            local.get $n  i32.eqz
            if
              local.get $total  return
            end
            local.get $n  local.get $total  i32.const 1  local.get $n  i32.const 1
            return_call $spread)
          (func $spread
            (param $n i32) (param $total i32) (param $step i32) (param $x i32) (param $y i32)
            (result i32)
            (local $next i32) (local $zero i32) (local $unused i32)
            local.get $n  local.get $step  i32.sub  local.set $next
            local.get $next
            local.get $total  local.get $x  local.get $y  i32.mul  i32.add
            local.get $zero  i32.add
            return_call $sum))
        """

    @Test(arguments: [Int64(0), 1 << 24])
    func `tail calls between functions of different sizes take no stack`(budget: Int64) throws {
        let execution = try start(try instance(Self.sum), "sum", [.i32(100_000), .i32(0)])
        #expect(try run(execution, budget: budget) == [.i32(705_082_704)])
        // In each round 9 and 13 instructions, and 5 in the last.
        #expect(execution.fuelUsed == 100_000 * 22 + 5)
    }

    @Test func `a tail call through a table or a reference takes no stack`() throws {
        let text = """
            (module
              (type $unary (func (param i32) (result i32)))
              (table 2 funcref)
              (elem (i32.const 0) $indirect $by_reference)
              (func $indirect (export "indirect") (param $n i32) (result i32)
                local.get $n  i32.eqz
                if
                  i32.const 7  return
                end
                local.get $n  i32.const 1  i32.sub
                i32.const 1  return_call_indirect (type $unary))
              (func $by_reference (param $n i32) (result i32)
                local.get $n  ref.func $indirect  return_call_ref $unary))
            """
        let execution = try start(try instance(text), "indirect", [.i32(100_001)])
        #expect(try run(execution, budget: 0) == [.i32(7)])
    }

    @Test func `a null reference cannot be called`() throws {
        for call in ["call_ref", "return_call_ref"] {
            let text = """
                (module
                  (type $nullary (func))
                  (func (export "f") ref.null $nullary  \(call) $nullary))
                """
            let execution = try start(try instance(text), "f", [])
            let trap = #expect(throws: Trap.self, "\(call)") { try run(execution) }
            #expect(trap?.kind == .nullFunctionReference)
            #expect(trap?.description == "null function reference")
        }
    }

    @Test func `tail calls to and fro between instances take no stack`() throws {
        let first = """
            (module
              (type $unary (func (param i32) (result i32)))
              (table (export "table") 1 funcref)
              (func $ping (export "ping") (param $n i32) (result i32)
                local.get $n  i32.eqz
                if
                  i32.const 9  return
                end
                local.get $n  i32.const 0  return_call_indirect (type $unary))
              ;; An ordinary call around it: 1 + ping(n).
              (func (export "main") (param $n i32) (result i32)
                i32.const 1  local.get $n  call $ping  i32.add))
            """
        let second = """
            (module
              (import "first" "ping" (func $ping (param i32) (result i32)))
              (import "first" "table" (table 0 funcref))
              (elem (i32.const 0) $pong)
              (func $pong (param $n i32) (result i32)
                local.get $n  i32.const 1  i32.sub  return_call $ping))
            """
        let firstInstance = try instance(first)
        var imports = Imports()
        imports.define("first", exportsOf: firstInstance)
        let secondInstance = try instance(second, imports)
        for _ in 0..<3 {
            let execution = try start(firstInstance, "main", [.i32(50_000)])
            var returnCountMax = 0
            while case .outOfBudget = execution.resume(budget: 0) {
                returnCountMax = max(returnCountMax, execution.returns.count)
            }
            #expect(returnCountMax == 1)
        }
        withExtendedLifetime(secondInstance) {}
    }

    @Test func `a host function that waits in a tail call is called again`() throws {
        final class Gate: Sendable {
            nonisolated(unsafe) var calls: [Int32] = []
        }
        let gate = Gate()
        var imports = Imports()
        imports.define(
            "host",
            "wait",
            HostFunction(FunctionType([.i32, .i32], [.i32])) { call in
                unsafe gate.calls.append(call.i32(1))
                guard unsafe gate.calls.count > 2 else { return .wait(.deadline(17)) }
                call.setResult(0, .i32(call.i32(0) - call.i32(1)))
                return .finished
            }
        )
        let text = """
            (module
              (import "host" "wait" (func $wait (param i32 i32) (result i32)))
              (func $tail (param $n i32) (result i32)
                local.get $n  i32.const 5  return_call $wait)
              (func (export "main") (param $n i32) (result i32)
                local.get $n  call $tail  i32.const 1  i32.add))
            """
        let execution = try start(try instance(text, imports), "main", [.i32(20)])
        for _ in 0..<2 {
            guard case .waiting(.deadline(17)) = execution.resume(budget: 0) else {
                Issue.record("the execution does not wait")
                return
            }
        }
        #expect(try run(execution) == [.i32(16)])
        #expect(unsafe gate.calls == [5, 5, 5])
        #expect(execution.fuelUsed == 7)
    }

    @Test func `a trap shows the function that replaced another, and gives back fuel`() throws {
        let text = """
            (module
              (func (export "outer") call $middle  nop)
              (func $middle nop  return_call $inner)
              (func $inner nop  unreachable))
            """
        let execution = try start(try instance(text), "outer", [])
        let trap = #expect(throws: Trap.self) { try run(execution) }
        #expect(trap?.backtrace.map(\.name) == ["inner", "outer"])
        #expect(trap?.depth == 2)
        #expect(execution.fuelUsed == 5)
    }

    @Test func `a tail call to a function with a larger frame than the stack traps`() throws {
        let locals = String(repeating: " i64", count: 600)
        let text = """
            (module
              (func (export "small") return_call $large)
              (func $large (local\(locals))))
            """
        let execution = try start(try instance(text), "small", [])
        let trap = #expect(throws: Trap.self) { try run(execution) }
        #expect(trap?.kind == .callStackExhausted)
        #expect(trap?.backtrace.map(\.name) == ["small"])
    }
}
