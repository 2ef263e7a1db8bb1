import Foundation
import WasmText

/// Modules for tests: the sample functions as they are committed, and small ones made by hand.
enum GuestModule {
    /// A sample function of the repository.
    static func sample(_ name: String) throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: root.appending(path: "functions/\(name)/\(name).wasm")))
    }

    /// A command that writes a text to standard output, and then does what `ending` says.
    static func writing(_ text: String, thenExit code: Int32? = nil) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        let exit = code.map { "(call $exit (i32.const \($0)))" } ?? ""
        return try TextModule.encode(
            """
            (module
              (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "\\10\\00\\00\\00\(escaped(littleEndian(UInt32(bytes.count))))")
              (data (i32.const 16) "\(escaped(bytes))")
              (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                \(exit)))
            """
        )
    }

    /// A command that writes a text, waits for input, and then writes another; or traps, without one.
    static func stepping(_ first: String, _ second: String?) throws -> [UInt8] {
        let (one, two) = (Array(first.utf8), Array((second ?? "").utf8))
        let then =
            second == nil
            ? "unreachable"
            : "(drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 24)))"
        return try TextModule.encode(
            """
            (module
              (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_read"
                (func $read (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "\\00\\01\\00\\00\(escaped(littleEndian(UInt32(one.count))))")
              (data (i32.const 8) "\\00\\02\\00\\00\(escaped(littleEndian(UInt32(two.count))))")
              (data (i32.const 16) "\\00\\03\\00\\00\\10\\00\\00\\00")
              (data (i32.const 256) "\(escaped(one))")
              (data (i32.const 512) "\(escaped(two))")
              (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))
                (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
                \(then)))
            """
        )
    }

    /// A command that answers with so many pieces of 64 KiB.
    static func large(pieces: Int) throws -> [UInt8] {
        try TextModule.encode(
            """
            (module
              (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 2)
              (data (i32.const 0) "\\10\\00\\00\\00\\0d\\00\\00\\00\\00\\00\\01\\00\\00\\00\\01\\00")
              (data (i32.const 16) "Status: 200\\0a\\0a")
              (func (export "_start") (local $left i32)
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
                (local.set $left (i32.const \(pieces)))
                (loop $again
                  (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 64)))
                  (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                  (br_if $again (local.get $left)))))
            """
        )
    }

    /// The text of a command that answers how often it has run in its memory: `1`, then `2`.
    static let counting = """
        (module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "Content-Type: text/plain\\0A\\0A0")
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 27))
            (i32.store8 (i32.const 42) (i32.add (i32.load8_u (i32.const 42)) (i32.const 1)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
        """

    /// The text of a command that answers its environment, each variable followed by a NUL.
    static let environment = """
        (module
          (import "wasi_snapshot_preview1" "environ_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_get"
            (func $environment (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 4)
          (data (i32.const 64) "Content-Type: text/plain\\0A\\0A")
          (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 20)))
            (drop (call $environment (i32.const 1024) (i32.const 65536)))
            (i32.store (i32.const 8) (i32.const 64))
            (i32.store (i32.const 12) (i32.const 26))
            (i32.store (i32.const 16) (i32.const 65536))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 2) (i32.const 32)))))
        """

    /// The text of a command with an import that nobody offers.
    static let withUnknownImport = """
        (module
          (import "env" "missing" (func $missing))
          (memory (export "memory") 1)
          (func (export "_start") (call $missing)))
        """

    /// The text of a command whose body leaves a value too many on the stack.
    static let invalid = """
        (module (memory (export "memory") 1) (func (export "_start") (i32.const 0)))
        """

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        bytes.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
