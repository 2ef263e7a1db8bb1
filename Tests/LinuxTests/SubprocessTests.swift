import Linux
import TestSupport
import Testing

struct SubprocessTests {
    private func shell(
        _ script: String,
        environment: [String] = [],
        folder: String = "/",
        output: borrowing MemoryFile
    ) throws -> Subprocess {
        try Subprocess(
            executable: "/bin/sh",
            arguments: ["-c", script],
            environment: environment,
            folder: folder,
            output: output.descriptor,
            errors: output.descriptor
        )
    }

    @Test func `a program has its folder and environment, and both streams are collected`() throws {
        let folder = try ScratchFolder()
        let output = try MemoryFile(name: "output", contents: [])
        let process = try shell(
            "pwd; echo $WORD >&2; exit 3",
            environment: ["WORD=yes"],
            folder: folder.path,
            output: output
        )
        #expect(process.wait() == .exited(3))
        let text = String(decoding: try output.contents(limit: 1_000) ?? [], as: UTF8.self)
        #expect(text == "\(folder.path)\nyes\n")
        #expect(try output.contents(limit: 3) == nil)
    }

    @Test func `a program can be ended, and ending it again does nothing`() throws {
        let output = try MemoryFile(name: "output", contents: [])
        let process = try shell("exec sleep 60", output: output)
        process.terminate()
        #expect(process.wait() == .signaled(15))
        process.terminate()
    }

    @Test func `a program or a folder that is not there is an error`() throws {
        let output = try MemoryFile(name: "output", contents: [])
        for (executable, folder) in [("/nowhere/program", "/"), ("/bin/sh", "/nowhere")] {
            #expect(throws: SystemError.self) {
                _ = try Subprocess(
                    executable: executable,
                    arguments: [],
                    environment: [],
                    folder: folder,
                    output: output.descriptor,
                    errors: output.descriptor
                )
            }
        }
    }
}
