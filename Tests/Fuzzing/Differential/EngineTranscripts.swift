import Foundation
import FuzzTargets
import Wasm

/// Writes the transcript of each module file that is named as an argument.
///
/// `module` and the path come before it, `end` after it; each is written at once, so that nothing
/// is lost when a later module ends the process. With `--generate` first, the files are not run: each is
/// replaced by the module that its bytes choose.
@main
struct EngineTranscripts {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first != "--generate" else {
            for path in arguments.dropFirst() {
                let module = FuzzTarget.encodeGenerated(try read(path))
                try Data(module).write(to: URL(filePath: path))
            }
            return
        }
        let stack = try ValueStack(byteCount: 1 << 20)
        for path in arguments {
            let bytes = try read(path)
            write(["module \(path)"])
            write(ModuleTranscript(of: bytes, stack: stack).lines + ["end"])
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func write(_ lines: [String]) {
        let text = lines.map { $0 + "\n" }.joined()
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
