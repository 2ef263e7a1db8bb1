import TestSupport
import Testing
import Wasm

struct ExecutionTests {
    /// `loop: n = n - 1; if n != 0 continue`: one instruction to enter, five for each round.
    private static let countdown = TestModule.Function(
        name: "countdown",
        parameters: [TestModule.i32],
        body: [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6B, 0x22, 0, 0x0D, 0, 0x0B]
    )

    private func start(
        _ module: TestModule,
        _ export: String,
        _ arguments: [Value] = [],
        imports: Imports = Imports(),
        fuelLimit: UInt64? = nil
    ) throws -> Execution {
        let instance = try Instance(try Module(module.bytes).link(imports))
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
        let execution = try start(
            TestModule(functions: [Self.countdown]),
            "countdown",
            [.i32(rounds)]
        )
        #expect(isFinished(execution.resume(budget: 1 << 20)))
        #expect(execution.fuelUsed == 1 + 5 * UInt64(rounds))
    }

    @Test func `a limit of exactly the fuel needed is enough and one less is not`() throws {
        let module = TestModule(functions: [Self.countdown])
        let enough = try start(module, "countdown", [.i32(100)], fuelLimit: 501)
        #expect(isFinished(enough.resume(budget: 1 << 20)))
        #expect(enough.fuelUsed == 501)
        let short = try start(module, "countdown", [.i32(100)], fuelLimit: 500)
        #expect(trap(short.resume(budget: 1 << 20))?.kind == .outOfFuel)
        #expect(short.fuelUsed <= 500)
        #expect(short.fuelUsed > 490)
    }

    @Test func `a trap gives back what was paid for instructions not reached`() throws {
        let divide = TestModule.Function(
            name: "divide",
            body: [0x41, 1, 0x41, 0, 0x6D, 0x1A, 0x01, 0x01, 0x01]
        )
        let caller = TestModule.Function(name: "caller", body: [0x01, 0x10, 0, 0x01, 0x01])
        let module = TestModule(functions: [divide, caller])
        let inner = try start(module, "divide")
        #expect(trap(inner.resume(budget: 0))?.kind == .integerDivideByZero)
        #expect(inner.fuelUsed == 3)
        let outer = try start(module, "caller")
        #expect(trap(outer.resume(budget: 0))?.kind == .integerDivideByZero)
        #expect(outer.fuelUsed == 5)
    }

    @Test func `a function longer than one charge is counted exactly`() throws {
        let nops = [UInt8](repeating: 0x01, count: 200_000)
        let module = TestModule(functions: [TestModule.Function(name: "long", body: nops)])
        let execution = try start(module, "long")
        while case .outOfBudget = execution.resume(budget: 0) {}
        #expect(execution.fuelUsed == 200_000)
    }

    @Test(arguments: 0..<12)
    func `branches not taken and taken cost what they execute`(selector: Int32) throws {
        // block block block (br_table 0 1 2) nop end nop nop end nop nop nop end nop
        let body: [UInt8] = [
            0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0E, 2, 0, 1, 2, 0x0B, 0x01, 0x0B,
            0x01, 0x01, 0x0B, 0x01,
        ]
        let function = TestModule.Function(name: "table", parameters: [TestModule.i32], body: body)
        let execution = try start(TestModule(functions: [function]), "table", [.i32(selector)])
        #expect(isFinished(execution.resume(budget: 0)))
        let afterTable: [UInt64] = [4, 3, 1]
        #expect(execution.fuelUsed == 5 + afterTable[Int(min(selector, 2))])
    }

    // MARK: - Stopping and going on

    @Test func `an execution in slices computes the same as in one go`() throws {
        let module = TestModule(functions: [Self.countdown])
        let execution = try start(module, "countdown", [.i32(1_000_000)])
        var slices = 0
        while case .outOfBudget = execution.resume(budget: 0) { slices += 1 }
        #expect(slices >= 70)
        #expect(execution.fuelUsed == 5_000_001)
    }

    @Test func `a large bulk operation is done in steps, and completely`() throws {
        // fill [0, 3 MiB) with 7; copy it up by 5 bytes; load the bytes at 4, 5 and 3 MiB + 4
        let size = ModuleEncoding.signed(3 << 20)
        let body: [UInt8] =
            [0x41, 0, 0x41, 7] + [0x41] + size + [0xFC, 11, 0]
            + [0x41, 0, 0x41, 9, 0x3A, 0, 0]
            + [0x41, 5, 0x41, 0] + [0x41] + size + [0xFC, 10, 0, 0]
            + [0x41, 5, 0x2D, 0, 0, 0x41, 6, 0x2D, 0, 0]
            + [0x41] + ModuleEncoding.signed(3 << 20 | 4) + [0x2D, 0, 0]
        let function = TestModule.Function(
            name: "bulk",
            results: [TestModule.i32, TestModule.i32, TestModule.i32],
            body: body
        )
        let execution = try start(TestModule(functions: [function], memory: (64, 64)), "bulk")
        var slices = 0
        while true {
            switch execution.resume(budget: 0) {
            case .outOfBudget: slices += 1
            case .finished(let values):
                #expect(values == [.i32(9), .i32(7), .i32(7)])
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
        let wait = TestModule.Function(
            name: "wait",
            parameters: [TestModule.i32],
            results: [TestModule.i32],
            body: []
        )
        var main = wait
        main.name = "main"
        main.body = [0x20, 0, 0x10, 0, 0x41, 1, 0x6A]
        let module = TestModule(imports: [("host", wait)], functions: [main])
        let execution = try start(module, "main", [.i32(20)], imports: imports)
        for _ in 0..<2 {
            guard case .waiting(.deadline(17)) = execution.resume(budget: 0) else {
                Issue.record("the execution does not wait")
                return
            }
        }
        guard case .finished(let values) = execution.resume(budget: 0) else {
            Issue.record("the execution does not finish")
            return
        }
        #expect(values == [.i32(41)])
        #expect(unsafe gate.calls == [20, 20, 20])
        #expect(execution.fuelUsed == 4)
    }

    @Test func `a host function can end the guest or refuse to go on`() throws {
        var imports = Imports()
        imports.define("host", "exit", HostFunction(FunctionType()) { _ in .exit(3) })
        imports.define("host", "refuse", HostFunction(FunctionType()) { _ in .trap("no more") })
        let none = TestModule.Function(name: "exit", body: [])
        var other = none
        other.name = "refuse"
        let module = TestModule(
            imports: [("host", none), ("host", other)],
            functions: [
                TestModule.Function(name: "a", body: [0x10, 0, 0x00]),
                TestModule.Function(name: "b", body: [0x10, 1, 0x00]),
            ]
        )
        guard case .exited(3) = try start(module, "a", imports: imports).resume(budget: 0) else {
            Issue.record("the guest does not exit")
            return
        }
        let refused = trap(try start(module, "b", imports: imports).resume(budget: 0))
        #expect(refused?.kind == .host)
        #expect(refused?.description == "no more")
    }

    // MARK: - Traps

    @Test func `a trap shows the call stack with names and offsets`() throws {
        let module = TestModule(
            functions: [
                TestModule.Function(name: "outer", body: [0x10, 1]),
                TestModule.Function(name: "inner", body: [0x01, 0x00]),
            ],
            functionNames: [(1, "deep::inner")]
        )
        let trap = trap(try start(module, "outer").resume(budget: 0))
        #expect(trap?.kind == .unreachable)
        #expect(trap?.backtrace.map(\.name) == ["deep::inner", "outer"])
        #expect(trap?.backtrace.map(\.function) == [1, 0])
        let opcodes = trap?.backtrace.map { module.bytes[$0.offset] }
        #expect(opcodes == [0x00, 0x10])
    }

    @Test func `recursion without end exhausts the value stack and is reported`() throws {
        let module = TestModule(functions: [TestModule.Function(name: "forever", body: [0x10, 0])])
        let execution = try start(module, "forever")
        let trap = trap(execution.resume(budget: 1 << 24))
        #expect(trap?.kind == .callStackExhausted)
        #expect(trap?.backtrace.count == Trap.backtraceDepthMax)
        #expect((trap?.depth ?? 0) > 10_000)
        #expect(execution.fuelUsed == UInt64(trap?.depth ?? 0))
    }

    @Test func `a call that does not fit the function is refused before it runs`() throws {
        let module = TestModule(functions: [Self.countdown])
        #expect(throws: InvocationError.unknownExport("missing")) { try start(module, "missing") }
        #expect(
            throws: InvocationError.argumentTypes(
                expected: FunctionType([.i32]),
                found: [.i64]
            )
        ) { try start(module, "countdown", [.i64(1)]) }
    }

    // MARK: - Linking

    @Test func `a link error lists every import with the nearest name`() throws {
        let missing = TestModule.Function(name: "fd_wirte", parameters: [TestModule.i32], body: [])
        let other = TestModule.Function(name: "log", parameters: [TestModule.i64], body: [])
        let module = TestModule(imports: [("wasi", missing), ("host", other)], functions: [])
        var imports = Imports()
        imports.define("wasi", "fd_write", HostFunction(FunctionType([.i32])) { _ in .finished })
        imports.define("host", "log", HostFunction(FunctionType([.i32])) { _ in .finished })
        let error = #expect(throws: LinkError.self) { try Module(module.bytes).link(imports) }
        #expect(error?.problems.count == 2)
        #expect(error?.problems.first?.reason == "unknown import, did you mean fd_write?")
        let reason = "incompatible import type: expected function [i64] -> [], "
        #expect(error?.problems.last?.reason == reason + "found function [i32] -> []")
    }
}
