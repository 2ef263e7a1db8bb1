import Testing
import Wasm
import WasmText

/// Capturing an execution that waits, and going on from there on other instances.
struct SuspendedCallTests {
    /// What the guest asks for, and how often it asked.
    private final class Host {
        var next: Int32?
    }

    private static let imports: Imports = {
        var imports = Imports()
        imports.define(
            "host",
            "ask",
            HostFunction(FunctionType([], [.i32])) { call in
                guard let next = (call.hostState as? Host)?.next else { return .wait(.input) }
                call.setResult(0, .i32(next))
                return .finished
            }
        )
        return imports
    }()

    /// `run` writes to memory and a global, calls itself as deep as it is told, asks at the bottom, and adds up on
    /// the way back.
    private static let text = """
        (module
          (import "host" "ask" (func $ask (result i32)))
          (memory (export "memory") 40)
          (global $calls (mut i32) (i32.const 0))
          (table 1 funcref)
          (elem (i32.const 0) $inner)
          (type $inner_t (func (param i32 i64) (result i32)))
          (func $inner (type $inner_t)
            (if (result i32) (i32.eqz (local.get 0))
              (then (call $ask))
              (else
                (i32.add
                  (i32.wrap_i64 (local.get 1))
                  (call_indirect (type $inner_t)
                    (i32.sub (local.get 0) (i32.const 1))
                    (i64.add (local.get 1) (i64.const 1))
                    (i32.const 0))))))
          (func (export "run") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (i32.store (i32.const 100000) (i32.const 7))
            (i32.add
              (call $inner (local.get 0) (i64.const 1))
              (i32.add
                (i32.mul (global.get $calls) (i32.const 1000))
                (i32.mul (i32.load (i32.const 100000)) (i32.const 10000)))))
          (func (export "hold") (result i32)
            (local $f funcref)
            (local.set $f (ref.func $inner))
            (drop (call $ask))
            (ref.is_null (local.get $f))))
        """

    private let linked: LinkedModule

    init() throws {
        let module = try Module(try TextModule.encode(Array(Self.text.utf8)))
        linked = try module.link(Self.imports)
    }

    private func waiting(_ export: String, _ arguments: [Value]) throws -> (Instance, Execution) {
        let instance = try Instance(linked)
        let execution = try Execution(
            instance,
            export: export,
            arguments: arguments,
            stack: try ValueStack(byteCount: 1 << 20),
            hostState: Host()
        )
        guard case .waiting(.input) = execution.resume(budget: Execution.budgetMin) else {
            throw Trap(.host)
        }
        return (instance, execution)
    }

    private func finish(
        _ call: SuspendedCall,
        on instance: Instance,
        _ answer: Int32
    ) throws -> [Value]? {
        let host = Host()
        host.next = answer
        let execution = Execution(
            resuming: call,
            instance,
            stack: try ValueStack(byteCount: 1 << 20),
            hostState: host
        )
        guard case .finished = execution.resume(budget: Execution.budgetMin) else {
            return nil
        }
        return execution.results
    }

    @Test(arguments: [Int32(0), 1, 200])
    func `a call goes on from where it waits, as often as one likes`(depth: Int32) throws {
        let (first, execution) = try waiting("run", [.i32(depth)])
        let call = try #require(execution.captureCall())
        let snapshot = first.capture()
        let sum = depth * (depth + 1) / 2
        for answer in [Int32(5), 6] {
            let instance = try Instance(snapshot)
            #expect(
                try finish(call, on: instance, answer) == [.i32(71_000 + sum + answer)]
            )
            // The instance serves again after it was reset.
            instance.reset(to: snapshot)
            #expect(try finish(call, on: instance, 9) == [.i32(71_009 + sum)])
        }
        #expect(call.byteCount > Int(depth) * 16)
    }

    @Test func `a call that holds a reference to a function is not captured`() throws {
        let (_, execution) = try waiting("hold", [])
        #expect(execution.captureCall() == nil)
    }

    @Test(arguments: [false, true])
    func `an image over another has its changes only`(isLarge: Bool) throws {
        let first = try Instance(linked)
        let memory = try #require(first.memory(named: "memory")).guest
        // Few pages are kept as they are, many in a file.
        for page in 0..<(isLarge ? 40 : 4) {
            #expect(memory.store(UInt32(page + 1), at: UInt32(page * 8192)))
        }
        let base = first.capture()
        let second = try Instance(base)
        let changed = try #require(second.memory(named: "memory")).guest
        #expect(changed.store(UInt32(99), at: 8192))
        #expect(changed.store(UInt32(0), at: 0))
        #expect(changed.store(UInt32(77), at: 2_000_000))
        let snapshot = second.capture(over: base)
        #expect(snapshot.byteCount < 2_000)
        let third = try Instance(snapshot)
        let view = try #require(third.memory(named: "memory")).guest
        func check() {
            #expect(view.load(0, as: UInt32.self) == 0)
            #expect(view.load(8192, as: UInt32.self) == 99)
            #expect(view.load(16384, as: UInt32.self) == 3)
            #expect(view.load(2_000_000, as: UInt32.self) == 77)
            #expect(view.load(2_004_096, as: UInt32.self) == 0)
        }
        check()
        for address in [UInt32(0), 8192, 16384, 2_000_000, 2_004_096] {
            #expect(view.store(UInt32(1), at: address))
        }
        third.reset(to: snapshot)
        check()
    }
}
