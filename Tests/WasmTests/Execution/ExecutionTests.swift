import Testing
import Wasm
import WasmText

struct ExecutionTests {
    /// One instruction to enter, five for each round.
    private static let countdown = """
        (module
          (func (export "countdown") (param $n i32)
            loop $again
              local.get $n  i32.const 1  i32.sub  local.tee $n  br_if $again
            end))
        """

    private func start(
        _ text: String,
        _ export: String,
        _ arguments: [Value] = [],
        imports: Imports = Imports(),
        fuelLimit: UInt64? = nil
    ) throws -> Execution {
        let instance = try Instance(try Module(TextModule.encode(text)).link(imports))
        return try Execution(
            instance,
            export: export,
            arguments: arguments,
            stack: try ValueStack(),
            fuelLimit: fuelLimit
        )
    }

    private func trap(_ outcome: Execution.Outcome) -> Trap? {
        guard case .trapped(let trap) = outcome else { return nil }
        return trap
    }

    private func isFinished(_ outcome: Execution.Outcome) -> Bool {
        if case .finished = outcome { true } else { false }
    }

    // MARK: - Fuel

    @Test(arguments: [1, 2, 10, 1000])
    func `fuel is the number of executed instructions`(rounds: Int32) throws {
        let execution = try start(Self.countdown, "countdown", [.i32(rounds)])
        #expect(isFinished(execution.resume(budget: 1 << 20)))
        #expect(execution.fuelUsed == 1 + 5 * UInt64(rounds))
    }

    @Test func `a limit of exactly the fuel needed is enough and one less is not`() throws {
        let enough = try start(Self.countdown, "countdown", [.i32(100)], fuelLimit: 501)
        #expect(isFinished(enough.resume(budget: 1 << 20)))
        #expect(enough.fuelUsed == 501)
        let short = try start(Self.countdown, "countdown", [.i32(100)], fuelLimit: 500)
        #expect(trap(short.resume(budget: 1 << 20))?.kind == .outOfFuel)
        #expect(short.fuelUsed <= 500)
        #expect(short.fuelUsed > 490)
    }

    @Test func `each entry of a branch table pays for what follows its label`() throws {
        let text = """
            (module
              (func (export "choose") (param $n i32)
                block $a
                  loop $c
                    block $b
                      local.get $n
                      i32.const -1
                      local.set $n
                      br_table $a $b $a $c $b $a
                    end
                    nop nop nop
                  end
                end
                nop))
            """
        // Three blocks, four instructions, then what follows the label.
        let toA: UInt64 = 7 + 1
        let toB: UInt64 = 7 + 3 + 1
        // To the loop's start, once more through it, and by the last entry out.
        let toC: UInt64 = 7 + 5 + 1
        for (index, fuel) in [toA, toB, toA, toC, toB, toA, toA].enumerated() {
            let execution = try start(text, "choose", [.i32(Int32(index))])
            #expect(isFinished(execution.resume(budget: 1 << 20)))
            #expect(execution.fuelUsed == fuel, "\(index)")
        }
    }

    @Test func `a trap gives back what was paid for instructions not reached`() throws {
        let text = """
            (module
              (func $divide (export "divide")
                i32.const 1  i32.const 0  i32.div_s  drop  nop  nop  nop)
              (func (export "caller") nop  call $divide  nop  nop))
            """
        let inner = try start(text, "divide")
        #expect(trap(inner.resume(budget: 0))?.kind == .integerDivideByZero)
        #expect(inner.fuelUsed == 3)
        let outer = try start(text, "caller")
        #expect(trap(outer.resume(budget: 0))?.kind == .integerDivideByZero)
        #expect(outer.fuelUsed == 5)
    }

    @Test func `a function longer than one charge is counted exactly`() throws {
        let nops = String(repeating: " nop", count: 200_000)
        let execution = try start("(module (func (export \"long\")\(nops)))", "long")
        while case .outOfBudget = execution.resume(budget: 0) {}
        #expect(execution.fuelUsed == 200_000)
    }

    @Test(arguments: 0..<12)
    func `branches not taken and taken cost what they execute`(selector: Int32) throws {
        let text = """
            (module
              (func (export "table") (param $selector i32)
                block $2
                  block $1
                    block $0
                      local.get $selector  br_table $0 $1 $2
                    end
                    nop
                  end
                  nop  nop
                end
                nop))
            """
        let execution = try start(text, "table", [.i32(selector)])
        #expect(isFinished(execution.resume(budget: 0)))
        let afterTable: [UInt64] = [4, 3, 1]
        #expect(execution.fuelUsed == 5 + afterTable[Int(min(selector, 2))])
    }

    // MARK: - Stopping and going on

    @Test func `an execution in slices computes the same as in one go`() throws {
        let execution = try start(Self.countdown, "countdown", [.i32(1_000_000)])
        var slices = 0
        while case .outOfBudget = execution.resume(budget: 0) { slices += 1 }
        #expect(slices >= 70)
        #expect(execution.fuelUsed == 5_000_001)
    }

    @Test func `a large bulk operation is done in steps, and completely`() throws {
        let text = """
            (module
              (memory 64 64)
              (func (export "bulk") (result i32 i32 i32)
                i32.const 0  i32.const 7  i32.const 0x300000  memory.fill
                i32.const 0  i32.const 9  i32.store8
                i32.const 5  i32.const 0  i32.const 0x300000  memory.copy
                i32.const 5  i32.load8_u
                i32.const 6  i32.load8_u
                i32.const 0x300004  i32.load8_u))
            """
        let execution = try start(text, "bulk")
        var slices = 0
        while true {
            switch execution.resume(budget: 0) {
            case .outOfBudget: slices += 1
            case .finished:
                #expect(execution.results == [.i32(9), .i32(7), .i32(7)])
                #expect(slices >= 3)
                #expect(execution.fuelUsed == 17)
                return
            default:
                Issue.record("the execution does not finish")
                return
            }
        }
    }

    @Test func `a waiting host function is called again with its arguments`() throws {
        final class Gate: Sendable {
            nonisolated(unsafe) var calls: [Int32] = []
        }
        let gate = Gate()
        var imports = Imports()
        let type = FunctionType([.i32], [.i32])
        imports.define(
            "host",
            "wait",
            HostFunction(type) { call in
                unsafe gate.calls.append(call.i32(0))
                guard unsafe gate.calls.count > 2 else { return .wait(.deadline(17)) }
                call.setResult(0, .i32(call.i32(0) * 2))
                return .finished
            }
        )
        let text = """
            (module
              (import "host" "wait" (func $wait (param i32) (result i32)))
              (func (export "main") (param $n i32) (result i32)
                local.get $n  call $wait  i32.const 1  i32.add))
            """
        let execution = try start(text, "main", [.i32(20)], imports: imports)
        for _ in 0..<2 {
            guard case .waiting(.deadline(17)) = execution.resume(budget: 0) else {
                Issue.record("the execution does not wait")
                return
            }
        }
        guard case .finished = execution.resume(budget: 0) else {
            Issue.record("the execution does not finish")
            return
        }
        #expect(execution.results == [.i32(41)])
        #expect(unsafe gate.calls == [20, 20, 20])
        #expect(execution.fuelUsed == 4)
    }

    @Test func `a host function can end the guest or refuse to go on`() throws {
        var imports = Imports()
        imports.define("host", "exit", HostFunction(FunctionType()) { _ in .exit(3) })
        imports.define("host", "refuse", HostFunction(FunctionType()) { _ in .trap("no more") })
        let text = """
            (module
              (import "host" "exit" (func $exit))
              (import "host" "refuse" (func $refuse))
              (func (export "a") call $exit  unreachable)
              (func (export "b") call $refuse  unreachable))
            """
        let exiting = try start(text, "a", imports: imports)
        guard case .exited(3) = exiting.resume(budget: 0) else {
            Issue.record("the guest does not exit")
            return
        }
        #expect(exiting.exitTrap?.kind == .exited)
        #expect(exiting.exitTrap?.backtrace.map(\.name) == ["a"])
        let refused = trap(try start(text, "b", imports: imports).resume(budget: 0))
        #expect(refused?.kind == .host)
        #expect(refused?.description == "no more")
    }

    // MARK: - Traps

    @Test func `a trap shows the call stack with names and offsets`() throws {
        let text = """
            (module
              (func (export "outer") call $deep::inner)
              (func $deep::inner (export "inner") nop  unreachable))
            """
        let bytes = try TextModule.encode(text)
        let trap = trap(try start(text, "outer").resume(budget: 0))
        #expect(trap?.kind == .unreachable)
        #expect(trap?.backtrace.map(\.name) == ["deep::inner", "outer"])
        #expect(trap?.backtrace.map(\.function) == [1, 0])
        let opcodes = trap?.backtrace.map { bytes[$0.offset] }
        #expect(opcodes == [0x00, 0x10])
    }

    @Test func `recursion without end exhausts the value stack and is reported`() throws {
        let text = "(module (func $forever (export \"forever\") call $forever))"
        let execution = try start(text, "forever")
        let trap = trap(execution.resume(budget: 1 << 24))
        #expect(trap?.kind == .callStackExhausted)
        #expect((trap?.depth ?? 0) > 10_000)
        // All frames are at the same call.
        #expect(trap?.backtrace.count == 1)
        #expect(trap?.shownDepth == trap?.depth)
        #expect(execution.fuelUsed == UInt64(trap?.depth ?? 0))
    }

    @Test func `a backtrace is cut after so many entries, not frames`() throws {
        let text = """
            (module
              (func $even (export "even") call $odd)
              (func $odd call $even))
            """
        let trap = trap(try start(text, "even").resume(budget: 1 << 24))
        #expect(trap?.backtrace.count == Trap.backtraceDepthMax)
        #expect(trap?.shownDepth == Trap.backtraceDepthMax)
        #expect((trap?.depth ?? 0) > 10_000)
    }

    @Test func `an interrupted execution tells where the guest was`() throws {
        let text = """
            (module
              (func (export "outer") call $forever)
              (func $forever (loop $again br $again)))
            """
        let execution = try start(text, "outer")
        guard case .outOfBudget = execution.resume(budget: 0) else {
            Issue.record("it should not have ended")
            return
        }
        let used = execution.fuelUsed
        let trap = try #require(execution.interrupt(reason: "enough"))
        #expect(trap.kind == .interrupted)
        #expect(trap.description == "enough")
        #expect(trap.backtrace.map(\.name) == ["forever", "outer"])
        #expect(execution.fuelUsed <= used)
        #expect(execution.interrupt(reason: "again") == nil)
    }

    @Test func `a call that does not fit the function is refused before it runs`() throws {
        #expect(throws: InvocationError.unknownExport("missing")) {
            try start(Self.countdown, "missing")
        }
        #expect(
            throws: InvocationError.argumentTypes(
                expected: FunctionType([.i32]),
                found: [.i64]
            )
        ) { try start(Self.countdown, "countdown", [.i64(1)]) }
    }

    // MARK: - Linking

    @Test func `a link error lists every import with the nearest name`() throws {
        let text = """
            (module
              (import "wasi" "fd_wirte" (func (param i32)))
              (import "host" "log" (func (param i64))))
            """
        var imports = Imports()
        imports.define("wasi", "fd_write", HostFunction(FunctionType([.i32])) { _ in .finished })
        imports.define("host", "log", HostFunction(FunctionType([.i32])) { _ in .finished })
        let error = #expect(throws: LinkError.self) {
            try Module(TextModule.encode(text)).link(imports)
        }
        #expect(error?.problems.count == 2)
        #expect(error?.problems.first?.reason == "unknown import, did you mean fd_write?")
        let reason = "incompatible import type: expected function [i64] -> [], "
        #expect(error?.problems.last?.reason == reason + "found function [i32] -> []")
    }

    @Test(arguments: [
        ("wasi_snapshot_preview", "fd_wirte", "did you mean wasi_snapshot_preview1.fd_write?"),
        ("wasi_snapshot_preview", "something", "there is no module wasi_snapshot_preview"),
        ("env", "fd_write", "there is no module env"),
        ("wasi_snapshot_preview1", "something", "unknown import"),
    ])
    func `an import of an unknown module is told the nearest name`(
        module: String,
        name: String,
        reason: String
    ) throws {
        var imports = Imports()
        let function = HostFunction(FunctionType([])) { _ in .finished }
        imports.define("wasi_snapshot_preview1", "fd_write", function)
        imports.define("host", "log", function)
        let text = "(module (import \"\(module)\" \"\(name)\" (func)))"
        let error = #expect(throws: LinkError.self) {
            try Module(TextModule.encode(text)).link(imports)
        }
        #expect(error?.problems.first?.reason.hasSuffix(reason) == true)
    }
}
