import Testing
import WasmText

@testable import Wasm

/// Modules that try to make the host work, or hold memory, out of proportion to what they are; and what
/// their tricks must not break.
struct HostileModuleTests {
    private func module(_ text: String) throws -> Module { try Module(TextModule.encode(text)) }

    private func run(
        _ instance: Instance,
        _ export: String,
        budget: Int64 = 1 << 30
    ) throws -> Execution.Outcome {
        try execution(instance, export).resume(budget: budget)
    }

    private func execution(_ instance: Instance, _ export: String) throws -> Execution {
        try Execution(instance, export: export, stack: try ValueStack(byteCount: 1 << 20))
    }

    private func results(_ instance: Instance, _ export: String) throws -> [Value]? {
        let execution = try execution(instance, export)
        guard case .finished = execution.resume(budget: 1 << 30) else { return nil }
        return execution.results
    }

    private func result(_ text: String, _ export: String = "f") throws -> [Value]? {
        try results(try Instance(module(text).link(Imports())), export)
    }

    // MARK: - Snapshots

    @Test func `a function in a captured exception is that of each instance`() throws {
        let text = """
            (module
              (type $count (func (result i32)))
              (tag $e (param i64 (ref $count) i32))
              (global $calls (mut i32) (i32.const 0))
              (global $thrown (mut exnref) (ref.null exn))
              (elem declare func $count)
              (func $count (type $count)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (global.get $calls))
              (func $throw
                (block $caught (result i64 (ref $count) i32 exnref)
                  (try_table (catch_ref $e $caught)
                    (throw $e (i64.const -1) (ref.func $count) (i32.const 7)))
                  (unreachable))
                (global.set $thrown)
                (drop) (drop) (drop))
              (start $throw)
              (func (export "call") (result i32)
                (block $caught (result i64 (ref $count) i32)
                  (try_table (catch $e $caught) (throw_ref (global.get $thrown)))
                  (unreachable))
                (drop)
                (call_ref $count)
                (return)))
            """
        var first: Instance? = try Instance(module(text).link(Imports()))
        let stack = try ValueStack(byteCount: 1 << 16)
        let start = try #require(first.flatMap { Execution(start: $0, stack: stack) })
        guard case .finished = start.resume(budget: 1_000) else {
            Issue.record("the start function failed")
            return
        }
        let snapshot = try #require(first?.capture())
        first = nil
        let one = try Instance(snapshot)
        let other = try Instance(snapshot)
        func call(_ instance: Instance) throws -> [Value]? { try results(instance, "call") }
        #expect(try call(one) == [.i32(1)])
        #expect(try call(one) == [.i32(2)])
        #expect(try call(other) == [.i32(1)])
        one.reset(to: snapshot)
        #expect(try call(one) == [.i32(1)])
    }

    // MARK: - Traps

    @Test(.timeLimit(.minutes(1)), arguments: [1, 2])
    func `the trap of a deep recursion is explained once per function`(functionCount: Int) throws {
        // Functions of so many instructions that the maps of all are not kept.
        let nops = String(repeating: "nop ", count: 600_000)
        let functions = (0..<functionCount).map {
            "(func $f\($0) \(nops) (call $f\(($0 + 1) % functionCount)))"
        }
        let text = "(module \(functions.joined()) (func (export \"f\") (call $f0)))"
        let instance = try Instance(module(text).link(Imports()))
        guard case .trapped(let trap) = try run(instance, "f", budget: 1 << 50) else {
            Issue.record("it did not trap")
            return
        }
        #expect(trap.kind == .callStackExhausted)
        #expect(trap.depth > 10_000)
        #expect(trap.backtrace.first?.name == "f0" || trap.backtrace.first?.name == "f1")
    }

    @Test(.timeLimit(.minutes(1)))
    func `explaining a trap takes time in proportion to the function`() throws {
        // Each access absorbs the addition before it.
        let access = "(drop (i32.load (i32.add (local.get $n) (i32.const 4))))"
        let body = String(repeating: access, count: 100_000)
        let text = """
            (module (memory 1) (func (export "f") (local $n i32) \(body) unreachable))
            """
        let instance = try Instance(module(text).link(Imports()))
        guard case .trapped(let trap) = try run(instance, "f") else {
            Issue.record("it did not trap")
            return
        }
        #expect(trap.kind == .unreachable)
        let offset = try #require(trap.backtrace.first?.offset)
        #expect(instance.module.bytes[offset] == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `handlers are found among functions that are translated one by one`() throws {
        let count = 3_000
        let functions = (0..<count).map { "(func $f\($0) (throw $e))" }
        let calls = (0..<count).map {
            "(block $caught (try_table (catch $e $caught) (call $f\($0))))"
        }
        let text = """
            (module (tag $e) \(functions.joined())
              (func (export "f") (result i32) \(calls.joined()) (i32.const 1)))
            """
        #expect(try result(text) == [.i32(1)])
    }

    // MARK: - Memory

    @Test func `a throw that has to make room ends the slice`() throws {
        let text = """
            (module
              (type $list (struct (field (ref null $list))))
              (tag $e)
              (global $all (mut (ref null $list)) (ref.null $list))
              (func (export "fill") (param $count i32)
                (loop $more
                  (global.set $all (struct.new $list (global.get $all)))
                  (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
              (func (export "f")
                (loop $again
                  (block $caught (try_table (catch $e $caught) (throw $e)))
                  (br $again))))
            """
        var limits = InstanceLimits()
        limits.heapBytesMax = 4 << 20
        let instance = try Instance(module(text).link(Imports()), limits: limits)
        // All but some hundred bytes of the heap is taken by a list of objects of 16 bytes.
        let stack = try ValueStack(byteCount: 1 << 16)
        let fill = try Execution(
            instance,
            export: "fill",
            arguments: [.i32(262_100)],
            stack: stack
        )
        guard case .finished = fill.resume(budget: 1 << 30) else {
            Issue.record("the heap could not be filled")
            return
        }
        let execution = try Execution(instance, export: "f", stack: stack)
        for _ in 0..<20 {
            guard case .outOfBudget = execution.resume(budget: 100_000) else {
                Issue.record("it went on beyond its slice")
                return
            }
        }
        // Nearly all of the time went into looking for room, which is not fuel.
        #expect(execution.fuelUsed < 1_000)
    }

    @Test func `tables have a limit together`() throws {
        let tables = String(repeating: "(table 131072 funcref)", count: 5)
        #expect(throws: InstantiationError.tablesTooLarge(limit: 524_288)) {
            try Instance(module("(module \(tables))").link(Imports()))
        }
        let grow = """
            (module
              (table $a 100000 funcref) (table $b 0 200000 funcref) (table $c 0 200000 funcref)
              (func (export "f") (result i32 i32 i32)
                (table.grow $b (ref.null func) (i32.const 131072))
                (table.grow $c (ref.null func) (i32.const 131073))
                (table.grow $c (ref.null func) (i32.const 131072))))
            """
        #expect(try result(grow) == [.i32(0), .i32(-1), .i32(0)])
    }

    @Test(.timeLimit(.minutes(1)))
    func `the expressions of a segment are evaluated once`() throws {
        let addition = String(repeating: "(i32.const 1) i32.add ", count: 3_000)
        let items = String(repeating: "(item (i32.const 0) \(addition) ref.i31)", count: 20)
        let text = """
            (module
              (table $t 20 i31ref)
              (elem $e i31ref \(items))
              (func (export "f") (result i32) (local $n i32)
                (loop $more
                  (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 20))
                  (br_if $more
                    (i32.lt_u
                      (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                      (i32.const 20000))))
                (i31.get_u (table.get $t (i32.const 19)))))
            """
        #expect(try result(text) == [.i32(3_000)])
    }

    @Test func `branches with many operands stay small`() throws {
        let many = 1_000
        let types = String(repeating: "i32 ", count: many)
        let operands = (0..<many).map { "(i32.const \($0))" }.joined()
        let branches = String(repeating: "(br_if $b (local.get $n))", count: 2_000)
        let text = """
            (module
              (type $many (func (result \(types))))
              (func (export "f") (param $n i32)
                (i64.const 1)
                (block $b (type $many) (i64.const 2) drop \(operands) (i32.const 5) drop \(branches))
                \(String(repeating: "drop ", count: many)) drop)
              (func (export "g") (param $n i32)
                (block $b (type $many) (i32.const 7) \(operands) \(branches)
                  (br $b))
                \(String(repeating: "drop ", count: many))))
            """
        let module = try module(text)
        try module.translateAll()
        #expect(module.translatedByteCount < 20 * module.codeByteCount)
    }

    @Test(arguments: [1, 4, 5, 9])
    func `the operands of a branch arrive in order, whatever they are`(count: Int) throws {
        // A local, a constant and a temporary in turn; below them a value that the branch leaves behind.
        let operands = (0..<count).map { index in
            switch index % 3 {
            case 0: "(local.get $x)"
            case 1: "(i32.const \(100 + index))"
            default: "(i32.add (local.get $x) (i32.const \(index)))"
            }
        }
        let expected = (0..<count).map { index -> Value in
            switch index % 3 {
            case 0: .i32(7)
            case 1: .i32(Int32(100 + index))
            default: .i32(Int32(7 + index))
            }
        }
        let types = String(repeating: "i32 ", count: count)
        for branch in [
            "(br_if $b (i32.eqz (i32.const 0))) unreachable", "(br $b)",
            "(br_table $b $b (local.get $x))", "(br_if $b (i32.const 0)) (br $b)",
            "(br_if 1 (local.get $x)) unreachable", "(br_table 1 $b (i32.const 0))",
        ] {
            let text = """
                (module (func (export "f") (result \(types)) (local $x i32)
                  (local.set $x (i32.const 7))
                  (i64.const 3)
                  (block $b (result \(types))
                    (i64.const 5) (i64.const 6) \(operands.joined(separator: " ")) \(branch))
                  (return)))
                """
            #expect(try result(text) == expected, "\(branch)")
        }
    }
}
