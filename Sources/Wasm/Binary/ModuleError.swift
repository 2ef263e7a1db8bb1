/// Why a module was refused: the first thing found wrong with its bytes.
public struct ModuleError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which rule the module breaks.
    public enum Kind: String, Sendable {
        /// The bytes are not a module: binary format, core specification §5.
        case malformed
        /// The module breaks a validation rule, §3.
        case invalid
        /// The module uses a feature of WebAssembly that this engine does not have.
        case unsupported
        /// The module is larger than a limit allows.
        case limit
    }

    public let kind: Kind

    /// What is wrong, with the values that were found and expected.
    public let message: String

    /// The byte of the module at which it was found.
    public let offset: Int

    /// The index of the function whose body it was found in.
    public let function: Int?

    /// What the module calls the function, in its name section or an export.
    public let functionName: String?

    /// Makes an error at a byte offset of the module.
    public init(
        _ kind: Kind,
        _ message: String,
        at offset: Int,
        function: Int? = nil,
        functionName: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.offset = offset
        self.function = function
        self.functionName = functionName
    }

    /// The same error, found in the body of a function.
    func inFunction(_ function: Int) -> ModuleError {
        ModuleError(kind, message, at: offset, function: function)
    }

    /// The same error, with the function's name.
    func named(_ name: (Int) -> String?) -> ModuleError {
        ModuleError(
            kind,
            message,
            at: offset,
            function: function,
            functionName: function.flatMap(name)
        )
    }

    /// `invalid: type mismatch: i64.add expects i64, found i32, at byte 0x2a in function 3 (sum)`.
    public var description: String { "\(kind.rawValue): \(message), \(place)" }

    /// Where it was found: `at byte 0x2a in function 3 (sum)`.
    public var place: String {
        let name = functionName.map { " (\($0))" } ?? ""
        let function = function.map { " in function \($0)" } ?? ""
        return "at byte 0x" + String(offset, radix: 16) + function + name
    }
}
