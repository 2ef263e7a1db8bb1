import Testing
import Wasm

struct SnapshotTests {
    private static let i32 = TestModule.i32

    /// A guest whose `mess` writes everything that an instance has, and whose getters tell.
    private static let module = TestModule(
        functions: [
            // global 0 = 99; memory[100000] = 7; memory.grow 1; table[1] = null; data.drop 1
            TestModule.Function(
                name: "mess",
                body: [
                    0x41, 0xE3, 0x00, 0x24, 0, 0x41, 0xA0, 0x8D, 0x06, 0x41, 7, 0x36, 2, 0, 0x41, 1,
                    0x40, 0, 0x1A, 0x41, 1, 0xD0, 0x70, 0x26, 0, 0xFC, 9, 1,
                ]
            ),
            TestModule.Function(name: "global", results: [i32], body: [0x23, 0]),
            TestModule.Function(
                name: "memory-word",
                results: [i32],
                body: [0x41, 0xA0, 0x8D, 0x06, 0x28, 2, 0]
            ),
            TestModule.Function(name: "pages", results: [i32], body: [0x3F, 0]),
            TestModule.Function(
                name: "element-is-null",
                results: [i32],
                body: [0x41, 1, 0x25, 0, 0xD1]
            ),
            // memory.init of the passive segment: traps when it was dropped
            TestModule.Function(
                name: "segment",
                results: [i32],
                body: [
                    0x41, 0, 0x41, 0, 0x41, 2, 0xFC, 8, 1, 0, 0x41, 0, 0x2F, 1, 0,
                ]
            ),
            TestModule.Function(name: "first-byte", results: [i32], body: [0x41, 0, 0x2D, 0, 0]),
        ],
        memory: (2, 8),
        tableSize: 4,
        elements: [1, 2],
        globals: [5],
        passiveData: [[0x11, 0x22]],
        activeData: [[0xAB]]
    )

    private func run(_ instance: Instance, _ export: String) throws -> Int32? {
        let execution = try Execution(instance, export: export, stack: try ValueStack())
        guard case .finished(let values) = execution.resume(budget: 1 << 20) else { return nil }
        guard case .i32(let value)? = values.first else { return 0 }
        return value
    }

    private func state(_ instance: Instance) throws -> [Int32?] {
        try ["first-byte", "global", "memory-word", "pages", "element-is-null"]
            .map { try run(instance, $0) }
    }

    private static let pristine: [Int32?] = [0xAB, 5, 0, 2, 0]
    private static let messed: [Int32?] = [0xAB, 99, 7, 3, 1]

    private func make() throws -> Instance {
        try Instance(try Module(Self.module.bytes).link(Imports()))
    }

    @Test func `a reset instance has no trace of what ran in it`() throws {
        let instance = try make()
        let snapshot = instance.capture()
        for _ in 0..<3 {
            #expect(try state(instance) == Self.pristine)
            #expect(try run(instance, "mess") != nil)
            #expect(try state(instance) == Self.messed)
            #expect(try run(instance, "segment") == nil)
            instance.reset(to: snapshot)
        }
        #expect(try run(instance, "segment") == 0x2211)
        instance.reset(to: snapshot)
        #expect(try state(instance) == Self.pristine)
    }

    @Test func `an instance made from a snapshot starts where it was taken`() throws {
        let instance = try make()
        #expect(try run(instance, "mess") != nil)
        let snapshot = instance.capture()
        let copy = try Instance(snapshot)
        #expect(try state(copy) == Self.messed)
        #expect(try run(copy, "segment") == nil)
        // The two do not share anything that can be written.
        instance.reset(to: try make(snapshotOf: instance))
        #expect(try state(copy) == Self.messed)
    }

    private func make(snapshotOf instance: Instance) throws -> Snapshot {
        #expect(try run(instance, "mess") != nil)
        return instance.capture()
    }

    @Test func `growth beyond the limit is refused and noted`() throws {
        let linked = try Module(Self.module.bytes).link(Imports())
        let instance = try Instance(linked, limits: InstanceLimits(memoryBytesMax: 2 * 65_536))
        let snapshot = instance.capture()
        #expect(!instance.growthWasRefused)
        #expect(try run(instance, "mess") != nil)
        #expect(try run(instance, "pages") == 2)
        #expect(instance.growthWasRefused)
        instance.reset(to: snapshot)
        #expect(!instance.growthWasRefused)
    }

    @Test func `a memory larger than the limit is not instantiated`() throws {
        let linked = try Module(Self.module.bytes).link(Imports())
        #expect(throws: InstantiationError.memoryTooLarge(131_072, limit: 65_536)) {
            try Instance(linked, limits: InstanceLimits(memoryBytesMax: 65_536))
        }
    }
}
