import WASI
public import Wasm

/// How a module expects to be called, told from its imports and exports.
public enum GuestInterface: String, Sendable {
    /// A WASI preview 1 command that speaks CGI: exports `_start` and its memory.
    case wasiCommand = "wasi-command"

    /// The export that runs a command.
    static let commandEntry = "_start"

    /// Tells a module's interface, or why it has none that is supported.
    public init(of module: Module) throws(UnsupportedInterface) {
        switch module.export(named: Self.commandEntry) {
        case .function(FunctionType([], [])):
            break
        case .some(let other):
            throw UnsupportedInterface(
                reason: "its export '_start' is \(other) when it should be function [] -> []"
            )
        case nil:
            throw UnsupportedInterface(reason: "it does not export '_start'")
        }
        guard case .memory = module.export(named: "memory") else {
            throw UnsupportedInterface(reason: "it does not export its memory as 'memory'")
        }
        self = .wasiCommand
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
            + "'_start' and 'memory' and import only from '\(WASIPreview1.moduleName)'"
    }
}
