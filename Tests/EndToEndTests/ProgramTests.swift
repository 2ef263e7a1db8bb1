import Foundation
import Testing

/// The program as a user runs it: processes, exit codes, and what survives a crash.
struct ProgramTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "roost-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func roost(
        _ arguments: String...,
        data: URL,
        url: String,
        input: String = ""
    ) throws -> Program.Result {
        let environment = ["ROOST_URL": url, "ROOST_DATA": data.path(percentEncoded: false)]
        return try Program.run(arguments, input: input, environment: environment)
    }

    // MARK: - The daemon

    @Test(arguments: [
        ("exit-codes", "76"), ("environment", "ROOST_URL"), ("calling", "X-Start"),
        ("completion", "fish"),
    ])
    func `help has topics`(topic: String, word: String) throws {
        let help = try Program.run(["help", topic])
        #expect(help.exitCode == 0 && help.output.contains(word))
        #expect(try Program.run([topic]).output == help.output)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `shells complete commands`(shell: String) throws {
        let script = try Program.run(["--generate-completion-script", shell])
        #expect(script.exitCode == 0 && script.output.contains("capabilities"))
    }

    @Test func `what was deployed before kill -9 is there afterwards`() throws {
        try withFolder { data in
            let (first, url) = try Program.serve(data: data)
            for name in ["hello", "counter"] {
                let deployed = try roost("deploy", name, Program.sample(name), data: data, url: url)
                #expect(deployed.exitCode == 0)
            }
            kill(first.processIdentifier, SIGKILL)
            first.waitUntilExit()

            let (second, newURL) = try Program.serve(data: data)
            defer { second.waitUntilExit() }
            defer { second.terminate() }
            let answer = try roost("invoke", "hello", "-i", data: data, url: newURL)
            #expect(answer.exitCode == 0)
            #expect(answer.output.contains("Hello from WebAssembly!"))
            // The module was not in memory: it was loaded from the store.
            #expect(answer.output.lowercased().contains("x-start: compiled"))
            let again = try roost("invoke", "hello", "-i", data: data, url: newURL)
            #expect(again.output.lowercased().contains("x-start: pooled"))
            let counted = try roost("invoke", "counter", data: data, url: newURL)
            #expect(counted.output == "1\n")
        }
    }

    @Test func `SIGTERM ends the daemon with code 0`() throws {
        try withFolder { data in
            let (daemon, _) = try Program.serve(data: data)
            daemon.terminate()
            daemon.waitUntilExit()
            #expect(daemon.terminationReason == .exit)
            #expect(daemon.terminationStatus == 0)
        }
    }

    @Test func `the commands deploy, list, call, measure, show logs and delete`() throws {
        try withFolder { data in
            let (daemon, url) = try Program.serve(data: data)
            defer { daemon.waitUntilExit() }
            defer { daemon.terminate() }
            let module = Program.sample("chatty")
            #expect(try roost("deploy", "chatty", module, data: data, url: url).exitCode == 0)
            let list = try roost("list", "--json", data: data, url: url)
            #expect(list.output.contains("\"name\""))
            #expect(list.output.contains("chatty"))
            let answer = try roost("invoke", "chatty/?lines=2", data: data, url: url)
            #expect(answer.exitCode == 0)
            let bench = try roost("bench", "chatty", "--count", "3", data: data, url: url)
            #expect(bench.exitCode == 0)
            #expect(bench.output.contains("start"))
            let gone = try roost("delete", "chatty", data: data, url: url)
            #expect(gone.exitCode == 0)
            let missing = try roost("invoke", "chatty", data: data, url: url)
            #expect(missing.exitCode == 1)
            #expect(missing.errors.contains("404"))
        }
    }

    @Test func `an unreachable daemon has an exit code of its own`() throws {
        let result = try Program.run(["list", "--url", "http://127.0.0.1:1", "--token", "x"])
        #expect(result.exitCode == 69)
    }

    // MARK: - roost run

    @Test func `run gives a program input, environment and arguments, and passes its output on`()
        throws
    {
        let result = try Program.run(
            [
                "run", Program.sample("echo"), "--env", "REQUEST_METHOD=POST", "--env",
                "CONTENT_LENGTH=4",
            ],
            input: "ping"
        )
        #expect(result.exitCode == 0)
        #expect(result.output.hasSuffix("ping"))
    }

    @Test func `run shows a trap with the guest's call stack`() throws {
        let result = try Program.run(["run", Program.sample("crash")])
        #expect(result.exitCode != 0)
        #expect(result.errors.contains("unreachable"))
        #expect(result.errors.contains(" at byte 0x"))
    }

    @Test func `run reads the text format, and says where it is wrong`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).wat")
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.path(percentEncoded: false)
        try Data(
            """
            (module
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 0)
              (func (export "_start") (call $exit (i32.const 7))))
            """.utf8
        ).write(to: file)
        #expect(try Program.run(["run", path]).exitCode == 7)
        try Data("(module\n  (fun))".utf8).write(to: file)
        let refused = try Program.run(["run", path])
        #expect(refused.exitCode != 0)
        #expect(refused.errors.contains("\(path):2:4: "))
    }

    @Test func `run refuses what is not a module, with the offset`() throws {
        let result = try Program.run(["run", #filePath])
        #expect(result.exitCode != 0)
        #expect(result.errors.contains("magic header"))
    }
}
