import Glibc
import Linux
import Platform
import Wasm

/// Decoding, validation and trial translation of an upload, in a process of its own: whatever a
/// module does to the decoder, it does not do it to the daemon.
struct ModuleCheck: Sendable {
    /// The program that is started: this one.
    let executable: String
    var memoryBytesMax = 1 << 30
    var processorSecondsMax = 10
    var timeoutMilliseconds = 20_000

    /// The command of the program that does the check.
    static let command = "check-module"

    /// What the check found.
    enum Verdict: Equatable {
        case valid
        case refused(kind: String, message: String, offset: Int, function: Int?)
        /// The check itself broke down or ran out of its limits.
        case failed(String)
    }

    /// Checks a module.
    ///
    /// Blocks.
    func run(_ module: [UInt8]) throws(SystemError) -> Verdict {
        let file = try MemoryFile(name: "module", contents: module)
        let deadline = Monotonic.now() &+ UInt64(timeoutMilliseconds) &* 1_000_000
        let result = try ChildProcess.run(
            executable: executable,
            arguments: [Self.command, String(memoryBytesMax), String(processorSecondsMax)],
            input: file.descriptor,
            outputBytesMax: 64 << 10,
            deadline: deadline
        )
        return verdict(result)
    }

    private func verdict(_ result: ChildProcess.Result) -> Verdict {
        switch result.termination {
        case .exited(0):
            guard let json = try? JSONValue(parsing: result.output) else {
                return .failed("the check gave no answer")
            }
            if json["valid"] == true { return .valid }
            return .refused(
                kind: json["kind"]?.string ?? "invalid",
                message: json["message"]?.string ?? "",
                offset: Int(clamping: json["offset"]?.integer ?? 0),
                function: json["function"]?.integer.map { Int(clamping: $0) }
            )
        case .exited(let code):
            return .failed("the check ended with code \(code)")
        case .signaled(SIGXCPU), .signaled(SIGKILL):
            return .failed(
                "checking it took more than \(processorSecondsMax) s of processor time"
            )
        case .signaled(let signal):
            return .failed(
                "the check crashed with signal \(signal), or needed more than "
                    + "\(memoryBytesMax) bytes of memory"
            )
        case .deadline:
            return .failed("checking it took longer than \(timeoutMilliseconds) ms")
        case .outputLimit:
            return .failed("the check gave too long an answer")
        }
    }

    /// The child's side: reads a module from standard input, and prints one line of JSON.
    static func perform(arguments: [String]) -> Int32 {
        guard arguments.count == 2, let memory = UInt64(arguments[0]),
            let seconds = UInt64(arguments[1])
        else { return 64 }
        do throws(SystemError) {
            try ResourceLimits.restrict(
                addressSpaceBytes: memory,
                processorSeconds: seconds,
                openFiles: 16
            )
            var bytes: [UInt8] = []
            while true {
                let chunk = try StandardStream.input.read(upTo: 1 << 20)
                if chunk.isEmpty { break }
                bytes += chunk
            }
            let line = answer(bytes).encoded() + [UInt8(ascii: "\n")]
            try StandardStream.output.writeAll(line)
            return 0
        } catch {
            return 74
        }
    }

    private static func answer(_ bytes: [UInt8]) -> JSONValue {
        do throws(ModuleError) {
            let module = try Module(bytes)
            try module.translateAll()
            return ["valid": true]
        } catch {
            var members: [String: JSONValue] = [
                "valid": false,
                "kind": JSONValue(error.kind.rawValue),
                "message": JSONValue(error.message),
                "offset": JSONValue(error.offset),
            ]
            if let function = error.function { members["function"] = JSONValue(function) }
            return .object(members)
        }
    }
}
