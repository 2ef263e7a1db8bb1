import Foundation
import FuzzTargets
import Wasm

/// Writes the transcript of each module file that is named as an argument.
///
/// `module` and the path come before it, `end` after it; each is written at once, so that nothing
/// is lost when a later module ends the process.
@main
struct EngineTranscripts {
    static func main() throws {
        let stack = try ValueStack(byteCount: 1 << 20)
        for path in CommandLine.arguments.dropFirst() {
            let bytes = try Data(contentsOf: URL(filePath: path))
            write(["module \(path)"])
            write(ModuleTranscript(of: [UInt8](bytes), stack: stack).lines + ["end"])
        }
    }

    private static func write(_ lines: [String]) {
        let text = lines.map { $0 + "\n" }.joined()
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
