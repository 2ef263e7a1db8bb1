import Glibc
import Linux
import Platform
import Wasm
import WasmText

/// Decoding, validation and trial translation of an upload, in a process of its own: whatever a
/// module does to the decoder, it does not do it to the daemon.
///
/// An upload in the text format is brought to the binary format there, too.
struct ModuleCheck: Sendable {
    /// The program that is started: this one.
    let executable: String
    var memoryBytesMax = 1 << 30
    var processorSecondsMax = 10
    var timeoutMilliseconds = 20_000

    /// The largest text: reading one takes up to 25 times its size of memory.
    static let textBytesMax = 16 << 20

    /// The command of the program that does the check.
    static let command = "check-module"

    /// How an upload is written.
    enum Format: String {
        case binary, text
    }

    /// What the check found.
    enum Verdict: Equatable {
        /// The module in the binary format.
        case valid([UInt8])
        case refusedText(TextError)
        case refused(ModuleError)
        /// The check itself broke down or ran out of its limits.
        case failed(String)
    }

    /// Checks a module.
    ///
    /// Blocks.
    func run(_ upload: [UInt8], format: Format) throws(SystemError) -> Verdict {
        let file = try MemoryFile(name: "module", contents: upload)
        let deadline = Monotonic.now() &+ UInt64(timeoutMilliseconds) &* 1_000_000
        let result = try ChildProcess.run(
            executable: executable,
            arguments: [
                Self.command, format.rawValue, String(memoryBytesMax), String(processorSecondsMax),
            ],
            input: file.descriptor,
            // A module in the binary format is smaller than its text.
            outputBytesMax: (64 << 10) + (format == .text ? upload.count : 0),
            deadline: deadline
        )
        return verdict(result, on: upload, format)
    }

    private func verdict(
        _ result: ChildProcess.Result,
        on upload: [UInt8],
        _ format: Format
    ) -> Verdict {
        switch result.termination {
        case .exited(0):
            let line = result.output.prefix { $0 != UInt8(ascii: "\n") }
            guard let json = try? JSONValue(parsing: Array(line)) else {
                return .failed("the check gave no answer")
            }
            if json["valid"] == true {
                let encoded = result.output.dropFirst(line.count + 1)
                return .valid(format == .text ? Array(encoded) : upload)
            }
            if let line = json["line"]?.integer, let column = json["column"]?.integer {
                return .refusedText(
                    TextError(
                        json["message"]?.string ?? "",
                        line: Int(clamping: line),
                        column: Int(clamping: column)
                    )
                )
            }
            return .refused(
                ModuleError(
                    json["kind"]?.string.flatMap(ModuleError.Kind.init) ?? .invalid,
                    json["message"]?.string ?? "",
                    at: Int(clamping: json["offset"]?.integer ?? 0),
                    function: json["function"]?.integer.map { Int(clamping: $0) },
                    functionName: json["functionName"]?.string
                )
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

    /// The child's side: reads an upload from standard input, and prints one line of JSON; then, when
    /// it was a valid text, the module in the binary format.
    static func perform(arguments: [String]) -> Int32 {
        guard arguments.count == 3, let format = Format(rawValue: arguments[0]),
            let memory = UInt64(arguments[1]), let seconds = UInt64(arguments[2])
        else { return 64 }
        do throws(SystemError) {
            try ResourceLimits.restrict(
                addressSpaceBytes: memory,
                processorSeconds: seconds,
                openFiles: 16
            )
            var upload: [UInt8] = []
            while true {
                let chunk = try StandardStream.input.read(upTo: 1 << 20)
                if chunk.isEmpty { break }
                upload += chunk
            }
            let (line, module) = answer(upload, format)
            try StandardStream.output.writeAll(line.encoded() + [UInt8(ascii: "\n")])
            if format == .text { try StandardStream.output.writeAll(module) }
            return 0
        } catch {
            return 74
        }
    }

    private static func answer(_ upload: [UInt8], _ format: Format) -> (JSONValue, [UInt8]) {
        do {
            let bytes = format == .text ? try TextModule.encode(upload) : upload
            let threads = Processors.count
            try Module(bytes, threads: threads).translateAll(threads: threads)
            return (["valid": true], bytes)
        } catch let error as TextError {
            return (
                [
                    "valid": false, "message": JSONValue(error.message),
                    "line": JSONValue(error.line), "column": JSONValue(error.column),
                ], []
            )
        } catch let error as ModuleError {
            var members: [String: JSONValue] = [
                "valid": false,
                "kind": JSONValue(error.kind.rawValue),
                "message": JSONValue(error.message),
                "offset": JSONValue(error.offset),
            ]
            if let function = error.function { members["function"] = JSONValue(function) }
            if let name = error.functionName { members["functionName"] = JSONValue(name) }
            return (.object(members), [])
        } catch {
            return (["valid": false, "message": JSONValue("\(error)")], [])
        }
    }
}
