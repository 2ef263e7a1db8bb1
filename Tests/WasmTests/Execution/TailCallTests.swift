import TestSupport
import Testing

@testable import Wasm

struct TailCallTests {
    private static let i32 = TestModule.i32

    /// Room for a few dozen frames.
    private static let smallStack = 4096

    private func run(
        _ execution: Execution,
        budget: Int64 = 1 << 24
    ) throws -> [Value] {
        while true {
            switch execution.resume(budget: budget) {
            case .finished(let values): return values
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

    private func instance(_ module: TestModule, _ imports: Imports = Imports()) throws -> Instance {
        try Instance(try Module(module.bytes).link(imports))
    }

    /// `sum(n, total) = n == 0 ? total : sum(n - 1, total + n)`, by way of `spread`, which has more
    /// parameters and locals.
    private static let sum = TestModule(
        functions: [
            TestModule.Function(
                name: "sum",
                parameters: [i32, i32],
                results: [i32],
                // if n == 0 return total; return_call spread(n, total, 1, n, 1)
                body: [
                    0x20, 0, 0x45, 0x04, 0x40, 0x20, 1, 0x0F, 0x0B,
                    0x20, 0, 0x20, 1, 0x41, 1, 0x20, 0, 0x41, 1, 0x12, 1,
                ]
            ),
            TestModule.Function(
                name: "spread",
                parameters: [i32, i32, i32, i32, i32],
                results: [i32],
                locals: [i32, i32, i32],
                // local 5 = n - 1; return_call sum(local 5, total + n * 1 + local 6)
                body: [
                    0x20, 0, 0x20, 2, 0x6B, 0x21, 5,
                    0x20, 5, 0x20, 1, 0x20, 3, 0x20, 4, 0x6C, 0x6A, 0x20, 6, 0x6A, 0x12, 0,
                ]
            ),
        ]
    )

    @Test(arguments: [Int64(0), 1 << 24])
    func `tail calls between functions of different sizes take no stack`(budget: Int64) throws {
        let execution = try start(try instance(Self.sum), "sum", [.i32(100_000), .i32(0)])
        #expect(try run(execution, budget: budget) == [.i32(705_082_704)])
        // In each round 9 and 13 instructions, and 5 in the last.
        #expect(execution.fuelUsed == 100_000 * 22 + 5)
    }

    @Test func `a tail call through a table or a reference takes no stack`() throws {
        // indirect(n) = n == 0 ? 7 : table[1](n - 1); by_reference(n) = indirect as a reference
        let module = TestModule(
            functions: [
                TestModule.Function(
                    name: "indirect",
                    parameters: [Self.i32],
                    results: [Self.i32],
                    body: [
                        0x20, 0, 0x45, 0x04, 0x40, 0x41, 7, 0x0F, 0x0B,
                        0x20, 0, 0x41, 1, 0x6B, 0x41, 1, 0x13, 0, 0,
                    ]
                ),
                TestModule.Function(
                    name: "by_reference",
                    parameters: [Self.i32],
                    results: [Self.i32],
                    body: [0x20, 0, 0xD2, 0, 0x15, 0]
                ),
            ],
            tableSize: 2,
            elements: [0, 1]
        )
        let execution = try start(try instance(module), "indirect", [.i32(100_001)])
        #expect(try run(execution, budget: 0) == [.i32(7)])
    }

    @Test func `a null reference cannot be called`() throws {
        let body: [[UInt8]] = [[0xD0, 0, 0x14, 0], [0xD0, 0, 0x15, 0]]
        for (index, body) in body.enumerated() {
            let module = TestModule(functions: [TestModule.Function(name: "f", body: body)])
            let execution = try start(try instance(module), "f", [])
            let trap = #expect(throws: Trap.self, "\(index)") { try run(execution) }
            #expect(trap?.kind == .nullFunctionReference)
            #expect(trap?.description == "null function reference")
        }
    }

    @Test func `tail calls to and fro between instances take no stack`() throws {
        // first.ping(n) calls through table[0]; second.pong(n) calls first.ping(n - 1).
        let first = TestModule(
            functions: [
                TestModule.Function(
                    name: "ping",
                    parameters: [Self.i32],
                    results: [Self.i32],
                    body: [
                        0x20, 0, 0x45, 0x04, 0x40, 0x41, 9, 0x0F, 0x0B,
                        0x20, 0, 0x41, 0, 0x13, 0, 0,
                    ]
                ),
                // An ordinary call around it: 1 + ping(n).
                TestModule.Function(
                    name: "main",
                    parameters: [Self.i32],
                    results: [Self.i32],
                    body: [0x41, 1, 0x20, 0, 0x10, 0, 0x6A]
                ),
            ],
            tableSize: 1,
            exportsTable: true
        )
        let second = TestModule(
            imports: [
                (
                    "first",
                    TestModule.Function(
                        name: "ping",
                        parameters: [Self.i32],
                        results: [Self.i32],
                        body: []
                    )
                )
            ],
            importsTable: "first",
            functions: [
                TestModule.Function(
                    name: "pong",
                    parameters: [Self.i32],
                    results: [Self.i32],
                    body: [0x20, 0, 0x41, 1, 0x6B, 0x12, 0]
                )
            ],
            elements: [1]
        )
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
        let wait = TestModule.Function(
            name: "wait",
            parameters: [Self.i32, Self.i32],
            results: [Self.i32],
            body: []
        )
        let tail = TestModule.Function(
            name: "tail",
            parameters: [Self.i32],
            results: [Self.i32],
            body: [0x20, 0, 0x41, 5, 0x12, 0]
        )
        let main = TestModule.Function(
            name: "main",
            parameters: [Self.i32],
            results: [Self.i32],
            body: [0x20, 0, 0x10, 1, 0x41, 1, 0x6A]
        )
        let module = TestModule(imports: [("host", wait)], functions: [tail, main])
        let execution = try start(try instance(module, imports), "main", [.i32(20)])
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
        let module = TestModule(
            functions: [
                TestModule.Function(name: "outer", body: [0x10, 1, 0x01]),
                TestModule.Function(name: "middle", body: [0x01, 0x12, 2]),
                TestModule.Function(name: "inner", body: [0x01, 0x00]),
            ]
        )
        let execution = try start(try instance(module), "outer", [])
        let trap = #expect(throws: Trap.self) { try run(execution) }
        #expect(trap?.backtrace.map(\.name) == ["inner", "outer"])
        #expect(trap?.depth == 2)
        #expect(execution.fuelUsed == 5)
    }

    @Test func `a tail call to a function with a larger frame than the stack traps`() throws {
        let large = TestModule.Function(
            name: "large",
            locals: [UInt8](repeating: TestModule.i64, count: 600),
            body: []
        )
        let module = TestModule(
            functions: [TestModule.Function(name: "small", body: [0x12, 1]), large]
        )
        let execution = try start(try instance(module), "small", [])
        let trap = #expect(throws: Trap.self) { try run(execution) }
        #expect(trap?.kind == .callStackExhausted)
        #expect(trap?.backtrace.map(\.name) == ["small"])
    }
}
