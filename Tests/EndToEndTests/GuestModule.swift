import Foundation
import TestSupport

/// Modules for tests: the sample functions as they are committed, and small ones made by hand.
enum GuestModule {
    /// A sample function of the repository.
    static func sample(_ name: String) throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: root.appending(path: "functions/\(name)/\(name).wasm")))
    }

    /// A command that writes a text to standard output, and then does what `ending` says.
    static func writing(_ text: String, thenExit code: Int32? = nil) -> [UInt8] {
        let bytes = Array(text.utf8)
        let vector = littleEndian(16) + littleEndian(UInt32(bytes.count))
        var body: [UInt8] = [
            0x41, 1, 0x41, 0, 0x41, 1, 0x41, 8,  // i32.const 1, 0, 1, 8
            0x10, 0, 0x1a,  // call fd_write, drop
        ]
        if let code { body += [0x41] + ModuleEncoding.signed(Int64(code)) + [0x10, 1] }
        return module(
            imports: [
                ("wasi_snapshot_preview1", "fd_write", 1),
                ("wasi_snapshot_preview1", "proc_exit", 2),
            ],
            body: body,
            data: vector + [UInt8](repeating: 0, count: 8) + bytes
        )
    }

    /// A command that answers how often it has run in its memory: `1`, then `2`.
    static let counting: [UInt8] = {
        let text = "Content-Type: text/plain\n\n0"
        let digit = UInt8(16 + text.utf8.count - 1)
        let body: [UInt8] = [
            0x41, digit, 0x41, digit, 0x2d, 0, 0,  // i32.const, i32.const, i32.load8_u
            0x41, 1, 0x6a, 0x3a, 0, 0,  // i32.const 1, i32.add, i32.store8
            0x41, 1, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 0, 0x1a,  // fd_write
        ]
        let vector = littleEndian(16) + littleEndian(UInt32(text.utf8.count))
        return module(
            imports: [("wasi_snapshot_preview1", "fd_write", 1)],
            body: body,
            data: vector + [UInt8](repeating: 0, count: 8) + Array(text.utf8)
        )
    }()

    /// A command with an import that nobody offers.
    static let withUnknownImport = module(
        imports: [("env", "missing", 0)],
        body: [0x10, 0],
        data: []
    )

    /// A command whose body leaves a value too many on the stack.
    static let invalid = module(imports: [], body: [0x41, 0], data: [])

    private static func module(
        imports: [(module: String, name: String, type: UInt8)],
        body: [UInt8],
        data: [UInt8]
    ) -> [UInt8] {
        let types: [UInt8] = [
            3,  // three types
            0x60, 0, 0,  // [] -> []
            0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f,  // [i32 i32 i32 i32] -> [i32]
            0x60, 1, 0x7f, 0,  // [i32] -> []
        ]
        let importEntries: [UInt8] = imports.flatMap { entry -> [UInt8] in
            ModuleEncoding.name(entry.module) + ModuleEncoding.name(entry.name) + [0, entry.type]
        }
        let start = UInt8(imports.count)
        let exports: [UInt8] =
            [2] + ModuleEncoding.name("_start") + [0, start] + ModuleEncoding.name("memory") + [
                2, 0,
            ]
        let code: [UInt8] = [0] + body + [0x0b]
        let segment: [UInt8] = [1, 0, 0x41, 0, 0x0b] + ModuleEncoding.unsigned(data.count) + data
        let sections: [(UInt8, [UInt8])] = [
            (1, types), (2, ModuleEncoding.unsigned(imports.count) + importEntries), (3, [1, 0]),
            (5, [1, 0, 1]), (7, exports), (10, [1] + ModuleEncoding.unsigned(code.count) + code),
            (11, segment),
        ]
        return sections.reduce(into: ModuleEncoding.header) { module, entry in
            module += ModuleEncoding.section(entry.0, entry.1)
        }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
