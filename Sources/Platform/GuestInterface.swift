import WASI
public import Wasm

/// How a module expects to be called, told from its imports and exports.
public enum GuestInterface: String, Sendable {
    /// A WASI preview 1 command that speaks CGI: exports `_start` and its memory.
    case wasiCommand = "wasi-command"

    /// The names of the modules that imports may come from.
    static let wasiModules = [WASIPreview1.moduleName, WASIPreview1.unstableModuleName]

    /// The export that runs a command.
    static let commandEntry = "_start"

    /// Tells a module's interface, or why it has none that is supported.
    public init(of module: Module) throws(UnsupportedInterface) {
        let foreign = module.imports.filter { !Self.wasiModules.contains($0.module) }
        guard foreign.isEmpty else {
            throw UnsupportedInterface(
                reason: "it imports what functions are not given",
                imports: foreign.map {
                    UnsupportedInterface.Import(module: $0.module, name: $0.name, offset: $0.offset)
                }
            )
        }
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
    /// An import that functions are not given.
    public struct Import: Equatable, Sendable {
        public let module: String
        public let name: String
        /// Where in the module the import is declared, in bytes.
        public let offset: Int

        /// Makes an import.
        public init(module: String, name: String, offset: Int) {
            self.module = module
            self.name = name
            self.offset = offset
        }
    }

    /// What is missing or too much.
    public let reason: String
    /// The imports that are the cause, if they are.
    public let imports: [Import]

    /// Makes an error.
    public init(reason: String, imports: [Import] = []) {
        self.reason = reason
        self.imports = imports
    }

    /// The reason, and what is supported.
    public var description: String {
        let names = imports.map { "'\($0.module)' '\($0.name)'" }.joined(separator: ", ")
        let list = names.isEmpty ? "" : ": \(names)"
        return "the module cannot be called: \(reason)\(list); supported are WASI preview 1 "
            + "commands, which export '_start' and 'memory' and import only from "
            + "'\(WASIPreview1.moduleName)'"
    }
}
