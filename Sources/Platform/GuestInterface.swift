import HTTPWasm
import WASI
public import Wasm

/// How a module expects to be called, told from its imports and exports.
public enum GuestInterface: String, Sendable {
    /// A WASI preview 1 command that speaks CGI: exports `_start` and its memory.
    case wasiCommand = "wasi-command"
    /// An http-wasm handler: exports `handle_request`, `handle_response` and its memory.
    case httpWasmHandler = "http-wasm-handler"
    /// A script, run by the interpreter of a runtime: docs/RUNTIMES.md has the protocol.
    case script = "script"

    /// The export that runs a command.
    static let commandEntry = "_start"

    /// The export that a request calls.
    var entry: String {
        switch self {
        case .wasiCommand, .script: Self.commandEntry
        case .httpWasmHandler: HandlerInterface.requestEntry
        }
    }

    /// Tells a module's interface, or why it has none that is supported.
    public init(of module: Module) throws(UnsupportedInterface) {
        if module.export(named: HandlerInterface.requestEntry) != nil {
            try Self.check(
                module,
                HandlerInterface.requestEntry,
                FunctionType([], [.i64]),
                "[] -> [i64]"
            )
            try Self.check(
                module,
                HandlerInterface.responseEntry,
                FunctionType([.i32, .i32], []),
                "[i32 i32] -> []"
            )
            self = .httpWasmHandler
        } else {
            try Self.check(module, Self.commandEntry, FunctionType([], []), "[] -> []")
            self = .wasiCommand
        }
        guard case .memory = module.export(named: "memory") else {
            throw UnsupportedInterface(reason: "it does not export its memory as 'memory'")
        }
    }

    private static func check(
        _ module: Module,
        _ name: String,
        _ type: FunctionType,
        _ typeText: String
    ) throws(UnsupportedInterface) {
        switch module.export(named: name) {
        case .function(type):
            return
        case .some(let other):
            throw UnsupportedInterface(
                reason: "its export '\(name)' is \(other) when it should be function \(typeText)"
            )
        case nil:
            throw UnsupportedInterface(reason: "it does not export '\(name)'")
        }
    }
}

/// A module is valid, but offers no way to call it that is supported.
public struct UnsupportedInterface: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is missing or too much.
    public let reason: String

    /// Makes an error.
    public init(reason: String) {
        self.reason = reason
    }

    /// The reason, and what is supported.
    public var description: String {
        "the module cannot be called: \(reason); supported are WASI preview 1 commands, which export "
            + "'_start' and 'memory' and import only from '\(WASIPreview1.moduleName)', and http-wasm handlers, "
            + "which export 'handle_request', 'handle_response' and 'memory' and may import from "
            + "'\(HandlerInterface.moduleName)' too"
    }
}
