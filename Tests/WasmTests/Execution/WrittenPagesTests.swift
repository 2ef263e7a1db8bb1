import Linux
import Testing
import WasmText

@testable import Wasm

struct WrittenPagesTests {
    private static let page = Mapping.pageSize
    private static let memorySize: UInt64 = 1 << 30

    private func note(_ pages: inout WrittenPages, _ address: Int, _ count: Int = 1) -> StoreWindow
    {
        pages.note(UInt64(address), count: UInt64(count), of: Self.memorySize)
    }

    @Test func `what is written near something else is one run with it`() {
        let page = Self.page
        var pages = WrittenPages()
        _ = note(&pages, 10 * page + 5)
        #expect(pages.runs == [10 * page..<11 * page])
        // One page between them is restored as well.
        _ = note(&pages, 13 * page - 1, 2)
        #expect(pages.runs == [10 * page..<14 * page])
        _ = note(&pages, 30 * page)
        #expect(pages.runs == [10 * page..<14 * page, 30 * page..<31 * page])
        // What lies between two makes one of both.
        _ = note(&pages, 15 * page, 14 * page)
        #expect(pages.runs == [10 * page..<31 * page])
        pages.clear()
        #expect(pages.runs == [])
    }

    @Test func `a window has the run that a store was noted in, and no byte more`() {
        let page = UInt64(Self.page)
        var pages = WrittenPages()
        let window = note(&pages, 2 * Self.page)
        #expect(window.covers(2 * page, 16) && window.covers(3 * page - 16, 16))
        #expect(!window.covers(2 * page - 1, 1) && !window.covers(2 * page - 1, 2))
        #expect(!window.covers(3 * page - 1, 2) && !window.covers(3 * page, 1))
        #expect(!StoreWindow.none.covers(0, 1) && !StoreWindow.none.covers(Self.memorySize, 16))
        #expect(!StoreWindow(0..<0).covers(0, 1))
    }

    @Test func `pages in too many places are not told apart`() {
        var pages = WrittenPages()
        for place in 0..<32 { _ = note(&pages, place * 100 * Self.page) }
        #expect(pages.runs?.count == 32)
        let window = note(&pages, 9000 * Self.page)
        #expect(pages.runs == nil)
        #expect(window.covers(0, 1) && window.covers(Self.memorySize - 1, 1))
        #expect(!window.covers(Self.memorySize, 1))
        pages.clear()
        #expect(pages.runs == [])
    }

    @Test func `a guest that writes in two places in turn is not stopped for long`() {
        var pages = WrittenPages()
        var noted = 0
        while pages.runs != nil {
            _ = note(&pages, noted % 2 * 100 * Self.page)
            noted += 1
        }
        #expect(noted == 65)
    }

    @Test func `pages that are written without windows are never told apart`() {
        var pages = WrittenPages()
        pages.neverTell()
        pages.clear()
        #expect(pages.runs == nil)
    }

    // MARK: - Guests

    /// Writes in every way that there is; each function takes an address and a value.
    private static let text = """
        (module
          (memory (export "memory") 4 6)
          (memory $other (export "other") 2)
          (data $passive "0123456789abcdef")
          (func (export "8") (param $a i32) (param $v i32) (i32.store8 (local.get $a) (local.get $v)))
          (func (export "16") (param $a i32) (param $v i32) (i32.store16 (local.get $a) (local.get $v)))
          (func (export "32") (param $a i32) (param $v i32) (i32.store (local.get $a) (local.get $v)))
          (func (export "64") (param $a i32) (param $v i32)
            (i64.store (local.get $a) (i64.extend_i32_u (local.get $v))))
          (func (export "128") (param $a i32) (param $v i32)
            (v128.store (local.get $a) (i32x4.splat (local.get $v))))
          (func (export "lane") (param $a i32) (param $v i32)
            (v128.store32_lane 1 (local.get $a) (i32x4.splat (local.get $v))))
          (func (export "byte lane") (param $a i32) (param $v i32)
            (v128.store8_lane 3 (local.get $a) (i32x4.splat (local.get $v))))
          (func (export "offset") (param $a i32) (param $v i32)
            (i32.store offset=4000 (local.get $a) (local.get $v)))
          (func (export "wide offset") (param $a i32) (param $v i32)
            (i32.store16 offset=70000 (local.get $a) (local.get $v)))
          (func (export "constant") (param $a i32) (param $v i32)
            (i32.store (i32.const 69998) (local.get $v)))
          (func (export "sum") (param $a i32) (param $v i32)
            (i32.store8 (i32.add (local.get $a) (local.get $v)) (local.get $v)))
          (func (export "scaled") (param $a i32) (param $v i32)
            (i32.store (i32.add (local.get $a) (i32.shl (local.get $v) (i32.const 2))) (local.get $v)))
          (func (export "fill") (param $a i32) (param $v i32)
            (memory.fill (local.get $a) (local.get $v) (local.get $v)))
          (func (export "copy") (param $a i32) (param $v i32)
            (memory.copy (local.get $a) (i32.const 0) (local.get $v)))
          (func (export "init") (param $a i32) (param $v i32)
            (memory.init $passive (local.get $a) (i32.const 0) (i32.const 16)))
          (func (export "grow") (param $a i32) (param $v i32)
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.add (local.get $a) (i32.const 65536)) (local.get $v)))
          (func (export "both") (param $a i32) (param $v i32)
            (i32.store8 (local.get $a) (local.get $v))
            (i32.store $other (local.get $a) (local.get $v))
            (i32.store8 (i32.add (local.get $a) (i32.const 1)) (local.get $v)))
          (func (export "everywhere") (param $a i32) (param $v i32)
            (loop $next
              (i32.store8 (local.get $a) (local.get $v))
              (i32.store8 (i32.sub (i32.const 262143) (local.get $a)) (local.get $v))
              (local.set $a (i32.add (local.get $a) (i32.const 9001)))
              (br_if $next (i32.lt_u (local.get $a) (i32.const 262144))))))
        """

    private static let exports = [
        "8", "16", "32", "64", "128", "lane", "byte lane", "offset", "wide offset", "constant",
        "sum",
        "scaled", "fill", "copy", "init", "grow", "both", "everywhere",
    ]

    /// How a snapshot came to be: its memory is kept in another way each time.
    enum Origin: CaseIterable { case fewPages, manyPages, changes }

    private func make(_ origin: Origin) throws -> (Instance, Snapshot) {
        let module = try Module(TextModule.encode(Self.text))
        let first = try Instance(module.link(Imports()))
        guard origin != .fewPages else { return (first, first.capture()) }
        try call(first, "fill", 1000, 100_000)
        let base = first.capture()
        let instance = try Instance(base)
        guard origin == .changes else { return (instance, base) }
        try call(instance, "8", 5000, 1)
        try call(instance, "8", 250_000, 1)
        let snapshot = instance.capture(over: base)
        return (try Instance(snapshot), snapshot)
    }

    private func call(_ instance: Instance, _ export: String, _ address: Int, _ value: Int) throws {
        let execution = try Execution(
            instance,
            export: export,
            arguments: [.i32(Int32(truncatingIfNeeded: address)), .i32(Int32(value))],
            stack: try ValueStack()
        )
        _ = execution.resume(budget: 1 << 20)
    }

    private func contents(_ instance: Instance) throws -> [[UInt8]] {
        try ["memory", "other"].map { name in
            let guest = try #require(instance.memory(named: name)).guest
            return try #require(guest.bytes(at: 0, count: UInt32(guest.byteCount)))
        }
    }

    private func writeAsHost(_ instance: Instance, _ address: UInt32, _ value: UInt8) throws {
        let guest = try #require(instance.memory(named: "memory")).guest
        switch value % 3 {
        case 0: _ = guest.store(UInt32(value), at: address)
        case 1: _ = guest.write([UInt8](repeating: value, count: 5000), at: address)
        default:
            _ = guest.withMutableBytes(at: address, count: 9) { bytes in
                bytes.storeBytes(of: UInt64.max, toByteOffset: 1, as: UInt64.self)
            }
        }
    }

    @Test(arguments: Origin.allCases)
    func `nothing that was written is left, however it was`(_ origin: Origin) throws {
        let (instance, snapshot) = try make(origin)
        let pristine = try contents(instance)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var calls: [String] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Often at the border of two pages, now and then beyond the end.
                let border = Int.random(in: 0...64, using: &random) * Self.page
                let address = max(0, border + Int.random(in: -20...20, using: &random))
                let value = Int.random(in: 1...255, using: &random)
                let export = Self.exports.randomElement(using: &random) ?? "8"
                calls.append("\(export) \(address) \(value)")
                try call(instance, export, address, value)
                if value % 5 == 0 { try writeAsHost(instance, UInt32(address), UInt8(value)) }
            }
            instance.reset(to: snapshot)
            #expect(try contents(instance) == pristine, "after \(calls)")
        }
    }
}
