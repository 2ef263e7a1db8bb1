import Wasm
import WasmText

/// A part of the program that takes bytes from strangers, as fuzzers and the replay of their finds feed it.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Decoder, validator and translator.
    case module
    /// The reader of text modules, and the decoder of what it writes.
    case text
    /// The reader of test scripts.
    case script
    /// The interpreter: instantiation, calls of exports, snapshots. Bytes that are no module in the
    /// binary format choose one, as ``GeneratedModule`` does.
    case execution
    /// The reader of HTTP/1.1 requests: the first byte says into how many pieces the others are cut, and the next ones
    /// where.
    case request

    /// Feeds bytes to the target.
    ///
    /// Ends the process when a rule is broken that holds for any bytes. Takes a bounded time.
    public func run(_ bytes: [UInt8]) {
        switch self {
        case .module: Self.load(bytes)
        case .text: Self.read(bytes)
        case .script: Self.readScript(bytes)
        case .execution: Self.execute(bytes)
        case .request: RequestTranscript.compare(bytes)
        }
    }

    private static func load(_ bytes: [UInt8]) {
        do throws(ModuleError) {
            let module = try Module(bytes)
            try module.translateAll()
            precondition(module.exports.allSatisfy { module.export(named: $0.name) != nil })
            _ = try? module.link(Imports())
        } catch {
            precondition(error.offset <= bytes.count, "the error lies outside: \(error)")
        }
    }

    private static func read(_ bytes: [UInt8]) {
        guard let encoded = try? TextModule.encode(bytes) else { return }
        do throws(ModuleError) {
            try Module(encoded).translateAll()
        } catch {
            precondition(error.kind != .malformed, "what was written cannot be read: \(error)")
        }
    }

    private static func readScript(_ bytes: [UInt8]) {
        guard let script = try? Script(bytes) else { return }
        for command in script.commands {
            switch command.kind {
            case .module(let source), .definition(let source), .assertInvalid(let source, _),
                .assertMalformed(let source, _), .assertUnlinkable(let source, _),
                .assertUninstantiable(let source, _):
                if let encoded = try? source.encoded() { load(encoded) }
            default:
                continue
            }
        }
    }

    private static func execute(_ bytes: [UInt8]) {
        guard let stack = try? ValueStack(byteCount: 1 << 16) else { return }
        let module = TextModule.isText(bytes) ? encodeGenerated(bytes) : bytes
        let lines = ModuleTranscript(of: module, stack: stack).lines
        for line in lines {
            precondition(!line.hasSuffix("restored") && !line.hasSuffix("refused"), line)
        }
        precondition(!TextModule.isText(bytes) || lines != ["invalid"])
    }

    /// The module that bytes choose, in the binary format.
    public static func encodeGenerated(_ bytes: [UInt8]) -> [UInt8] {
        do throws(TextError) {
            return try TextModule.encode(GeneratedModule(bytes).text)
        } catch {
            preconditionFailure("what was generated cannot be read: \(error)")
        }
    }
}
