import Foundation
import TestSupport
import Testing

/// What `roost capabilities`, and the calls behind it, say of modules.
struct CapabilityReportTests {
    private func withDaemon(_ body: ([String: String]) throws -> Void) throws {
        let data = try ScratchFolder()
        let (daemon, url) = try Program.serve(data: URL(filePath: data.path))
        defer { daemon.waitUntilExit() }
        defer { daemon.terminate() }
        try body(["ROOST_URL": url, "ROOST_DATA": data.path])
    }

    @Test func `what a module may do is told of files and of functions`() throws {
        let file = try Program.run(["capabilities", Program.sample("hello")])
        #expect(
            file.output
                == "writes the response and the log\n    wasi_snapshot_preview1.fd_write\n"
        )
        try withDaemon { environment in
            let deploy = ["deploy", "hello", Program.sample("hello"), "--json"]
            let deployed = try Program.run(deploy, environment: environment)
            #expect(deployed.output.contains("\"summary\":\"writes the response and the log\""))
            let named = try Program.run(["capabilities", "hello"], environment: environment)
            #expect(named.output == file.output)
            let old = try Program.run(
                ["capabilities", "hello", "--version", "7"],
                environment: environment
            )
            #expect(old.exitCode == 1)
            #expect(old.errors.contains("has no version 7"))
            let json = try Program.run(
                ["capabilities", "hello", "--json", "--version", "1"],
                environment: environment
            )
            #expect(json.output.contains("\"interface\":\"wasi-command\""))
        }
    }

    @Test func `an import that the host does not have is refused with the nearest name`() throws {
        let folder = try ScratchFolder()
        let text = """
            (module
              (import "wasi_snapshot_preview1" "fd_wirte"
                (func (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "_start")))
            """
        try folder.write(text, to: "a.wat")
        try withDaemon { environment in
            let refused = try Program.run(
                ["deploy", "a", folder.file("a.wat")],
                environment: environment
            )
            #expect(refused.exitCode == 1)
            #expect(refused.errors.contains("unknown import, did you mean fd_write?"))
        }
        // What it would take is told all the same.
        let report = try Program.run(["capabilities", folder.file("a.wat")])
        #expect(
            report.output
                == """
                calls other functions of its host
                    wasi_snapshot_preview1.fd_wirte
                is refused at deployment
                    wasi_snapshot_preview1.fd_wirte: unknown import, did you mean fd_write?

                """
        )
        let script = try Program.run(["capabilities", "a.py"])
        #expect(script.exitCode == 64 && script.errors.contains("its runtime"))
    }

    @Test func `a file that is no module has no report`() throws {
        let folder = try ScratchFolder()
        try folder.write("(module", to: "a.wat")
        let broken = try Program.run(["capabilities", folder.file("a.wat")])
        #expect(broken.exitCode == 1)
        #expect(broken.errors.contains("a.wat:1:8"))
        let missing = try Program.run(["capabilities", folder.file("b.wasm")])
        #expect(missing.exitCode == 66)
    }
}
