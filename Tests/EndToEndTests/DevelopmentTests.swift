import Foundation
import TestSupport
import Testing

/// `roost new`, `build` and `dev` as a user runs them, against a daemon of its own process.
@Suite(.timeLimit(.minutes(2)))
struct DevelopmentTests {
    /// A daemon, and a project whose script takes a module's path from `source.txt` and fails for any other text.
    private func withProject(
        _ body: (_ folder: ScratchFolder, _ environment: [String: String]) throws -> Void
    ) throws {
        let data = try ScratchFolder()
        let folder = try ScratchFolder()
        let (daemon, url) = try Program.serve(data: URL(filePath: data.path))
        defer { daemon.waitUntilExit() }
        defer { daemon.terminate() }
        try FileManager.default.createDirectory(
            atPath: folder.file("greet"),
            withIntermediateDirectories: false
        )
        try folder.writeProgram(
            """
            #!/bin/sh
            cp "$(cat source.txt)" greet.wasm || { echo "source.txt:1: no such source" >&2; exit 3; }

            """,
            to: "greet/build"
        )
        try folder.write(Program.sample("hello"), to: "greet/source.txt")
        try body(folder, ["ROOST_URL": url, "ROOST_DATA": data.path])
    }

    @Test func `dev deploys, follows changes and the log, and keeps what works when a build fails`()
        throws
    {
        try withProject { folder, environment in
            func answer() throws -> String {
                try Program.run(["invoke", "greet"], environment: environment).output
            }
            let dev = try RunningCommand(["dev", folder.file("greet")], environment: environment)
            #expect(try dev.wait(for: "live at").contains("greet version 1, 265 bytes"))
            #expect(try answer() == "Hello from WebAssembly!\n")

            try folder.write(Program.sample("chatty"), to: "greet/source.txt")
            #expect(try dev.wait(for: "live at").contains("greet version 2"))
            let chatty = try answer()
            try dev.wait(for: "@2")

            try folder.write("nothing.c", to: "greet/source.txt")
            let failure = try dev.wait(for: "ended with code 3")
            #expect(failure.contains("changed: source.txt"))
            #expect(failure.contains("source.txt:1: no such source"))
            #expect(try answer() == chatty)

            // A module that the daemon refuses leaves the version before, too.
            try folder.write("/dev/null", to: "greet/source.txt")
            try dev.wait(for: "415")
            #expect(try answer() == chatty)

            try folder.write(Program.sample("counter"), to: "greet/source.txt")
            #expect(try dev.wait(for: "live at").contains("greet version 3"))
            let settings = #"{"name": "greet", "limits": {"timeoutMs": 700}}"#
            try folder.write(settings, to: "greet/roost.json")
            #expect(try dev.wait(for: "live at").contains("greet version 4"))
            try folder.write(#"{"limits": {"timeoutMs": "soon"}}"#, to: "greet/roost.json")
            try dev.wait(for: "limits.timeoutMs")
            #expect(try answer() == "1\n")
            #expect(try dev.end(by: SIGINT) == 0)
            #expect(try answer() == "1\n")
            // Piped, it has neither colours nor a bar.
            #expect(!dev.output.contains("\u{1b}"))
        }
    }

    @Test func `dev without a daemon ends, and says so`() throws {
        try withProject { folder, environment in
            let dev = try Program.run(
                ["dev", folder.file("greet"), "--url", "http://127.0.0.1:1"],
                environment: environment
            )
            #expect(dev.exitCode == 69)
            #expect(dev.errors.contains("no answer from 127.0.0.1:1"))
        }
    }

    @Test func `Ctrl-C ends a compiler that goes on`() throws {
        try withProject { folder, environment in
            try folder.write(
                "#!/bin/sh\necho $$ >pid\nprintf x >started\nexec sleep 600\n",
                to: "greet/build"
            )
            try #require(unsafe mkfifo(folder.file("greet/started"), 0o600) == 0)
            let dev = try RunningCommand(["dev", folder.file("greet")], environment: environment)
            // Opening a pipe by name waits for its writer.
            let started = try #require(FileHandle(forReadingAtPath: folder.file("greet/started")))
            #expect(try started.read(upToCount: 1) == Data("x".utf8))
            let pid = try #require(
                folder.text(of: "greet/pid").flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
            )
            #expect(try dev.end(by: SIGINT) == 0)
            var tries = 0
            while isRunning(pid), tries < 1_000 {
                usleep(10_000)
                tries += 1
            }
            #expect(!isRunning(pid))
        }
    }

    /// Whether a process runs: not if it has ended and only nobody has asked how.
    private func isRunning(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = status.lastIndex(of: ")")
        else { return false }
        return !status[end...].dropFirst(2).hasPrefix("Z")
    }

    // MARK: - Terminals

    /// What a command shows on a terminal.
    private func terminal(_ arguments: String, _ environment: [String: String]) throws -> String {
        let command = "\(Program.executable.path(percentEncoded: false)) \(arguments)"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/script")
        process.arguments = ["-qec", command, "/dev/null"]
        process.environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let shown = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: shown, as: UTF8.self)
    }

    @Test func `a terminal sees progress and colours, unless it does not want them`() throws {
        try withProject { folder, environment in
            let build = "build \(folder.file("greet"))"
            let bar = "building greet with its script"
            #expect(try terminal(build, environment).contains(bar))
            #expect(try !terminal("\(build) --quiet", environment).contains(bar))
            let dumb = try terminal(build, environment.merging(["TERM": "dumb"]) { $1 })
            #expect(!dumb.contains("\u{1b}"))
            let failing = "deploy greet \(folder.file("missing.wasm"))"
            #expect(
                try terminal(failing, environment).contains("\u{1b}[31mroost:\u{1b}[0m cannot read")
            )
            let plain = try terminal(failing, environment.merging(["NO_COLOR": "1"]) { $1 })
            #expect(plain.contains("roost: cannot read"))
            #expect(!plain.contains("\u{1b}"))
            let deploy = "deploy greet \(Program.sample("hello"))"
            #expect(try terminal(deploy, environment).contains("deploying ██"))
            #expect(try !terminal("\(deploy) -q", environment).contains("░"))
        }
    }

    // MARK: - New projects

    @Test func `new writes a project once, and only into a folder that is empty`() throws {
        let folder = try ScratchFolder()
        let target = folder.file("a/greet")
        let arguments = ["new", "--language", "rust", "greet", "--directory", target]
        let made = try Program.run(arguments)
        #expect(made.exitCode == 0)
        #expect(made.output.contains("src/main.rs"))
        #expect(made.output.contains("next: roost dev \(target)"))
        #expect(folder.text(of: "a/greet/Cargo.toml")?.contains("name = \"greet\"") == true)
        #expect(folder.text(of: "a/greet/.gitignore")?.contains("target/") == true)
        let again = try Program.run(arguments)
        #expect(again.exitCode == 73)
        #expect(again.errors.contains("is not empty: it has '"))
        try folder.write("", to: "file")
        let file = try Program.run([
            "new", "--language", "c", "a", "--directory", folder.file("file"),
        ])
        #expect(file.exitCode == 73)
    }

    @Test(arguments: [
        (["new", "--language", "c", "Greet"], "not a function's name"),
        (["new", "--language", "cobol", "greet"], "cobol"),
        (["new", "greet"], "--language"),
    ])
    func `a name or a language that is none is a usage error`(_ row: ([String], String)) throws {
        let result = try Program.run(row.0)
        #expect(result.exitCode == 64)
        #expect(result.errors.contains(row.1))
    }
}
