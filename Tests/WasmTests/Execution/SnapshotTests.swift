import Testing
import Wasm
import WasmText

struct SnapshotTests {
    /// A guest whose `mess` writes everything that an instance has, and whose getters tell.
    private static let text = """
        (module
          (memory 2 8)
          (table $table 4 funcref)
          (global $value (mut i32) (i32.const 5))
          (elem (i32.const 0) $global $memory-word)
          (data (i32.const 0) "\\ab")
          (data $passive "\\11\\22")
          (func (export "mess")
            (global.set $value (i32.const 99))
            (i32.store (i32.const 100000) (i32.const 7))
            (drop (memory.grow (i32.const 1)))
            (table.set $table (i32.const 1) (ref.null func))
            (data.drop $passive))
          (func $global (export "global") (result i32) (global.get $value))
          (func $memory-word (export "memory-word") (result i32) (i32.load (i32.const 100000)))
          (func (export "pages") (result i32) (memory.size))
          (func (export "element-is-null") (result i32)
            (ref.is_null (table.get $table (i32.const 1))))
          ;; Traps when the segment was dropped.
          (func (export "segment") (result i32)
            (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 2))
            (i32.load16_u (i32.const 0)))
          (func (export "first-byte") (result i32) (i32.load8_u (i32.const 0))))
        """

    private func run(_ instance: Instance, _ export: String) throws -> Int32? {
        let execution = try Execution(instance, export: export, stack: try ValueStack())
        guard case .finished = execution.resume(budget: 1 << 20) else { return nil }
        guard case .i32(let value)? = execution.results.first else { return 0 }
        return value
    }

    private func state(_ instance: Instance) throws -> [Int32?] {
        try ["first-byte", "global", "memory-word", "pages", "element-is-null"]
            .map { try run(instance, $0) }
    }

    private static let pristine: [Int32?] = [0xAB, 5, 0, 2, 0]
    private static let messed: [Int32?] = [0xAB, 99, 7, 3, 1]

    private func link() throws -> LinkedModule {
        try Module(TextModule.encode(Self.text)).link(Imports())
    }

    private func make() throws -> Instance { try Instance(try link()) }

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
        let linked = try link()
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
        let linked = try link()
        #expect(throws: InstantiationError.memoryTooLarge(131_072, limit: 65_536)) {
            try Instance(linked, limits: InstanceLimits(memoryBytesMax: 65_536))
        }
    }
}
