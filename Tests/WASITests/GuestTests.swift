import Testing
import WASI
import Wasm

/// The functions as guests call them: imported, linked, and run by the engine.
struct GuestTests {
    private static let budget: Int64 = 1_000_000

    private func start(
        _ builder: ModuleBuilder,
        _ context: WASIContext,
        from moduleName: String = WASIPreview1.moduleName
    ) throws -> Execution {
        let module = try Module(builder.bytes(importing: moduleName))
        var imports = Imports()
        WASIPreview1.define(in: &imports)
        let instance = try Instance(try module.link(imports))
        return try Execution(
            instance,
            export: "_start",
            stack: try ValueStack(byteCount: 65_536),
            hostState: context
        )
    }

    /// A guest that reads up to 16 bytes, writes as many to stdout, and exits with 7.
    private func echo() -> ModuleBuilder {
        var builder = ModuleBuilder()
        builder.place(words: [1024, 16], at: 0)
        builder.call("fd_read", .i32(0), .i32(0), .i32(1), .i32(4))
        builder.call("fd_write", .i32(1), .i32(0), .i32(1), .i32(64))
        builder.call("proc_exit", .i32(7))
        return builder
    }

    /// Runs a guest to its end, in slices that are as short as slices can be.
    private func slices(
        _ builder: ModuleBuilder,
        _ context: WASIContext
    ) throws -> (count: Int, fuel: UInt64) {
        let execution = try start(builder, context)
        var count = 1
        while case .outOfBudget = execution.resume(budget: Execution.budgetMin) { count += 1 }
        return (count, execution.fuelUsed)
    }

    private func exitCode(_ outcome: Execution.Outcome) -> Int32? {
        guard case .exited(let code) = outcome else { return nil }
        return code
    }

    private func condition(_ outcome: Execution.Outcome) -> WaitCondition? {
        guard case .waiting(let condition) = outcome else { return nil }
        return condition
    }

    @Test(arguments: [WASIPreview1.moduleName, WASIPreview1.unstableModuleName])
    func `a guest reads, writes and exits`(moduleName: String) throws {
        let context = WASIContext()
        context.input = GuestInput(Array("to be echoed".utf8))
        let execution = try start(echo(), context, from: moduleName)
        #expect(exitCode(execution.resume(budget: Self.budget)) == 7)
        #expect(context.exitCode == 7)
        #expect(context.output.bytes == Array("to be echoed".utf8))
    }

    @Test func `a guest that waits for input goes on when it is fed`() throws {
        let context = WASIContext()
        context.input = .arriving
        let execution = try start(echo(), context)
        #expect(condition(execution.resume(budget: Self.budget)) == .input)
        #expect(condition(execution.resume(budget: Self.budget)) == .input)
        context.input.append(Array("late".utf8))
        #expect(exitCode(execution.resume(budget: Self.budget)) == 7)
        #expect(context.output.bytes == Array("late".utf8))
    }

    @Test func `a guest that sleeps goes on at its deadline`() throws {
        let clock = ManualClock()
        let context = WASIContext(clocks: clock.clocks)
        var builder = ModuleBuilder()
        // One subscription: the monotonic clock, in 1000 ns.
        builder.place(words: [1, 0, 0, 0, 1, 0, 1000, 0, 0, 0, 0, 0], at: 0)
        builder.call("poll_oneoff", .i32(0), .i32(128), .i32(1), .i32(256))
        builder.call("proc_exit", .i32(0))
        let execution = try start(builder, context)
        let deadline = WaitCondition.deadline(clock.monotonic + 1000)
        #expect(condition(execution.resume(budget: Self.budget)) == deadline)
        clock.advance(999)
        #expect(condition(execution.resume(budget: Self.budget)) == deadline)
        clock.advance(1)
        #expect(exitCode(execution.resume(budget: Self.budget)) == 0)
    }

    @Test func `a guest over its output limit is stopped by a trap`() throws {
        let context = WASIContext(outputByteLimit: 4)
        context.input = GuestInput(Array("12345".utf8))
        let execution = try start(echo(), context)
        guard case .trapped(let trap) = execution.resume(budget: Self.budget) else {
            Issue.record("no trap")
            return
        }
        #expect(trap.kind == .host)
        #expect(trap.reason == "output exceeds the limit of 4 bytes")
        #expect(context.output.limitWasExceeded)
    }

    @Test func `a wrong pointer is an answer and not a trap`() throws {
        let context = WASIContext()
        var builder = ModuleBuilder()
        builder.place(words: [4096, 4], at: 128)
        builder.call("random_get", .i32(65_535), .i32(2), storing: 4096)
        builder.call("fd_write", .i32(1), .i32(128), .i32(1), .i32(64))
        let execution = try start(builder, context)
        guard case .finished = execution.resume(budget: Self.budget) else {
            Issue.record("did not finish")
            return
        }
        #expect(context.output.bytes == [UInt8(ErrorNumber.fault.rawValue), 0, 0, 0])
    }

    @Test func `long calls shorten the slice and cost no fuel`() throws {
        func run(_ count: Int32) throws -> (count: Int, fuel: UInt64) {
            var builder = ModuleBuilder()
            builder.place(words: [0, UInt32(bitPattern: count)], at: 65_528)
            builder.call("fd_write", .i32(1), .i32(65_528), .i32(1), .i32(65_520))
            builder.repetitions = 100
            let context = WASIContext()
            context.standardOutput = .discard
            return try slices(builder, context)
        }
        let short = try run(1)
        let long = try run(65_000)
        #expect(short.count == 1)
        #expect(long.count > 1)
        #expect(short.fuel == long.fuel)
    }

    @Test func `calls on files shorten the slice by their time and cost no fuel`() throws {
        var builder = ModuleBuilder()
        builder.place(Array(".".utf8), at: 0)
        builder.call("path_filestat_get", .i32(3), .i32(0), .i32(0), .i32(1), .i32(128))
        builder.repetitions = 1000
        let context = WASIContext()
        let refused = try slices(builder, context)
        context.directories = [try PreopenedDirectory(host: "/", guest: "/")]
        let answered = try slices(builder, context)
        #expect(refused.count == 1)
        #expect(answered.count > 1)
        #expect(refused.fuel == answered.fuel)
    }

    @Test func `every function links, whichever snapshot it is asked of`() throws {
        for (moduleName, functions) in [
            (WASIPreview1.moduleName, WASIPreview1.functions),
            (WASIPreview1.unstableModuleName, WASIPreview1.unstableFunctions),
        ] {
            var imports = Imports()
            WASIPreview1.define(in: &imports)
            for name in functions.keys { #expect(imports.contains(moduleName, name), "\(name)") }
        }
    }
}
