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

    /// Makes an error at a byte offset of the module.
    public init(_ kind: Kind, _ message: String, at offset: Int, function: Int? = nil) {
        self.kind = kind
        self.message = message
        self.offset = offset
        self.function = function
    }

    /// The same error, found in the body of a function.
    func inFunction(_ function: Int) -> ModuleError {
        ModuleError(kind, message, at: offset, function: function)
    }

    /// `invalid: type mismatch: expected i32, found i64, at byte 0x2a in function 3`.
    public var description: String {
        let place = "at byte 0x" + String(offset, radix: 16)
        let suffix = function.map { " in function \($0)" } ?? ""
        return "\(kind.rawValue): \(message), \(place)\(suffix)"
    }
}
