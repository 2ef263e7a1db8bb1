import Daemon
import Foundation
import Linux
import TestSupport

/// Interpreters and scripts for tests.
enum ScriptFixtures {
    /// An interpreter that speaks the protocol by itself: its scripts are texts that it answers with.
    ///
    /// A script that begins with `!` fails to load, one that begins with `?` fails when it is called; both write the
    /// rest of the script to standard error. The last digit of an answer counts the requests that an instance has
    /// served.
    static let interpreter = """
        (module
          (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 3)
          (data (i32.const 64) "main.script")
          (data (i32.const 128) "Status: 200\\nContent-Type: text/plain\\n\\n")
          (data (i32.const 200) "0")
          (global $length (mut i32) (i32.const 0))

          (func $fill (param $at i32) (param $count i32)
            (loop $more
              (if (i32.eqz (local.get $count)) (then (return)))
              (i32.store (i32.const 0) (local.get $at))
              (i32.store (i32.const 4) (local.get $count))
              (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16))
                (then unreachable))
              (if (i32.eqz (i32.load (i32.const 16))) (then (call $exit (i32.const 0))))
              (local.set $at (i32.add (local.get $at) (i32.load (i32.const 16))))
              (local.set $count (i32.sub (local.get $count) (i32.load (i32.const 16))))
              (br $more)))

          (func $message (local $length i32) (local $place i32) (local $digit i32)
            (call $fill (i32.const 1024) (i32.const 8))
            (loop $digits
              (local.set $digit
                (i32.load8_u (i32.add (i32.const 1024) (local.get $place))))
              (local.set $digit
                (select
                  (i32.sub (local.get $digit) (i32.const 48))
                  (i32.sub (local.get $digit) (i32.const 87))
                  (i32.lt_u (local.get $digit) (i32.const 58))))
              (local.set $length
                (i32.add (i32.shl (local.get $length) (i32.const 4)) (local.get $digit)))
              (local.set $place (i32.add (local.get $place) (i32.const 1)))
              (br_if $digits (i32.lt_u (local.get $place) (i32.const 8))))
            (call $fill (i32.const 4096) (local.get $length)))

          (func $put (param $descriptor i32) (param $at i32) (param $count i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $count))
            (drop
              (call $write (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 16))))

          (func $fail_if (param $mark i32)
            (if (i32.eq (i32.load8_u (i32.const 65536)) (local.get $mark))
              (then
                (call $put (i32.const 2) (i32.const 65537)
                  (i32.sub (global.get $length) (i32.const 1)))
                (call $exit (i32.const 1)))))

          (func (export "_start")
            (call $message)
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 11)
                  (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32))
              (then unreachable))
            (i32.store (i32.const 0) (i32.const 65536))
            (i32.store (i32.const 4) (i32.const 65536))
            (drop
              (call $read (i32.load (i32.const 32)) (i32.const 0) (i32.const 1)
                (i32.const 16)))
            (global.set $length (i32.load (i32.const 16)))
            (call $fail_if (i32.const 33))
            (call $message)
            (call $fail_if (i32.const 63))
            (i32.store8 (i32.const 200)
              (i32.add (i32.load8_u (i32.const 200)) (i32.const 1)))
            (call $put (i32.const 1) (i32.const 128) (i32.const 38))
            (call $put (i32.const 1) (i32.const 65536) (global.get $length))
            (call $put (i32.const 1) (i32.const 200) (i32.const 1))))
        """

    /// The module of a published interpreter, where `scripts/runtimes` puts it; nil when it is not there.
    static func published(_ name: String) -> [UInt8]? {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: ".build-modules/runtimes/\(name).wasm")
        return (try? Data(contentsOf: file)).map { Array($0) }
    }
}

extension RunningDaemon {
    /// Adds a runtime from a module in the binary or the text format.
    @discardableResult
    func addRuntime(
        _ name: String,
        _ module: [UInt8],
        query: String = ""
    ) throws -> RawHTTPClient.Response {
        let isText = !module.starts(with: [0x00, 0x61, 0x73, 0x6d])
        return try request(
            "PUT",
            "/v1/runtimes/\(name)\(query)",
            fields: [("Content-Type", isText ? "text/wat" : "application/wasm")],
            body: module
        )
    }

    /// Deploys a script.
    @discardableResult
    func deploy(
        _ name: String,
        script: String,
        type: String = "text/plain",
        query: String = ""
    ) throws -> RawHTTPClient.Response {
        try request(
            "PUT",
            "/v1/functions/\(name)\(query)",
            fields: [("Content-Type", type)],
            body: Array(script.utf8)
        )
    }

    /// Deploys an archive.
    func deploy(
        _ name: String,
        files: [(path: String, text: String)]
    ) throws -> RawHTTPClient.Response {
        try request(
            "PUT",
            "/v1/functions/\(name)",
            fields: [("Content-Type", "application/x-tar")],
            body: TarWriter.archive(files.map { ($0.path, Array($0.text.utf8)) })
        )
    }
}
