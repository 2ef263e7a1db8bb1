import Linux
import Synchronization
import TestSupport
import Testing

@testable import Wasm

/// Modules large enough to be divided among threads.
struct FunctionBodiesTests {
    /// A module of 300 functions of 2,000 instructions each; those in `invalid` leave a value behind, and the
    /// others answer their index.
    private static func module(invalid: Set<Int> = []) -> [UInt8] {
        var module = ModuleBuilder()
        for index in 0..<300 {
            let nops = [UInt8](repeating: 0x01, count: 2_000)
            let result = [0x41] + ModuleEncoding.signed(Int64(index))
            let rest = invalid.contains(index) ? result : []
            module.addFunction([], [ModuleBuilder.i32], nops + result + rest + [0x0B])
        }
        module.exports = [ModuleBuilder.export("last", 0, 299)]
        return module.bytes
    }

    @Test(arguments: [1, 2, 3, 8])
    func `ranges cover every body once, with about as much code each`(threads: Int) throws {
        let module = Self.module()
        let bodies = try ModuleDecoder.decode(module, limits: ModuleLimits()).bodies
        let ranges = FunctionBodies.ranges(of: bodies, threads: threads)
        // Not enough code for more than four.
        #expect(ranges.count == min(threads, 4))
        #expect(ranges.flatMap { Array($0) } == Array(bodies.indices))
        for range in ranges { #expect(abs(range.count - 300 / ranges.count) <= 1) }
        #expect(FunctionBodies.ranges(of: [], threads: threads) == [0..<0])
    }

    @Test
    func `work is done on several threads at once`() throws {
        let bodies = try ModuleDecoder.decode(Self.module(), limits: ModuleLimits()).bodies
        // Each of the three waits for the two others: in turn they would wait for ever.
        let arrived = Atomic(0)
        let done = Atomic(0)
        try FunctionBodies.divide(bodies, threads: 3) { range throws(ModuleError) in
            arrived.add(1, ordering: .relaxed)
            while arrived.load(ordering: .relaxed) < 3 {}
            done.add(range.count, ordering: .relaxed)
        }
        #expect(done.load(ordering: .relaxed) == 300)
    }

    @Test(arguments: [1, 2, 4])
    func `the first error is thrown, whichever thread finds it`(threads: Int) throws {
        for invalid: Set<Int> in [[0, 299], [120, 180, 240], [299]] {
            let error = #expect(throws: ModuleError.self) {
                try Module(Self.module(invalid: invalid), threads: threads)
            }
            #expect(error?.function == invalid.min())
        }
    }

    @Test(arguments: [1, 2, 4])
    func `a module translated on several threads runs`(threads: Int) throws {
        let module = try Module(Self.module(), threads: threads)
        try module.translateAll(threads: threads)
        let size = module.translatedByteCount
        try module.translateAll(threads: threads)
        #expect(module.translatedByteCount == size)
        let execution = try Execution(
            try Instance(module.link(Imports())),
            export: "last",
            stack: try ValueStack()
        )
        guard case .finished = execution.resume(budget: 10_000) else { return }
        #expect(execution.results == [.i32(299)])
    }

    @Test
    func `threads that translate the same functions agree (hammer)`() throws {
        let module = try Module(Self.module())
        let group = ThreadGroup()
        for _ in 0..<4 {
            try group.spawn(name: "hammer") { try? module.translateAll() }
        }
        group.joinAll()
        let once = try Module(Self.module())
        try once.translateAll()
        #expect(module.translatedByteCount == once.translatedByteCount)
    }
}
