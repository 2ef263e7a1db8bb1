/// A script in the format of the specification's test suite (`.wast`).
///
/// The format is that of the specification's reference interpreter: modules, actions on them, and
/// assertions about both.
public struct Script: Sendable {
    /// A command and the line that it begins at, from 1.
    public struct Command: Sendable {
        public let line: Int
        public let kind: Kind
    }

    /// What a command does.
    public enum Kind: Sendable {
        /// Instantiates a module, which becomes the current one.
        case module(Source)
        /// Names a module without instantiating it.
        case definition(Source)
        /// Instantiates a module that was defined before.
        case instance(name: String?, definition: String?)
        /// Offers the exports of an instance, the current one without a name, to later modules.
        case register(as: String, instance: String?)
        case action(Action)
        case assertReturn(Action, [Pattern])
        case assertTrap(Action, message: String)
        case assertExhaustion(Action, message: String)
        case assertException(Action)
        case assertInvalid(Source, message: String)
        case assertMalformed(Source, message: String)
        case assertUnlinkable(Source, message: String)
        case assertUninstantiable(Source, message: String)
    }

    /// A module of a script.
    public struct Source: Sendable {
        /// The name that the script gives the module.
        public let name: String?
        public let contents: Contents

        /// How the module is written.
        public enum Contents: Sendable {
            /// In the binary format, or text that was encoded.
            case binary([UInt8])
            /// Text that is not read before the command runs: it may be malformed.
            case text([UInt8])
        }

        /// The module in the binary format.
        public func encoded() throws(TextError) -> [UInt8] {
            switch contents {
            case .binary(let bytes): bytes
            case .text(let source): try TextModule.encode(source)
            }
        }
    }

    /// Something that is done with an instance.
    public enum Action: Sendable {
        case invoke(instance: String?, function: String, arguments: [Constant])
        case get(instance: String?, global: String)
    }

    /// An argument.
    public enum Constant: Sendable {
        case i32(UInt32)
        case i64(UInt64)
        /// The bits of a 32-bit float.
        case f32(UInt32)
        /// The bits of a 64-bit float.
        case f64(UInt64)
        case v128(low: UInt64, high: UInt64)
        /// The null of a heap type.
        case null(String)
        /// A reference to a host's object.
        case external(UInt64)
        /// A reference to a host's object as a value of the type `any`.
        case host(UInt64)
    }

    /// What a result may be.
    public indirect enum Pattern: Sendable {
        case constant(Constant)
        case f32(Float)
        case f64(Float)
        /// Lanes of 32-bit or 64-bit floats.
        case f32x4([LanePattern])
        case f64x2([LanePattern])
        /// Any null reference.
        case anyNull
        /// Any reference, not null, to something of a heap type.
        case reference(String)
        case either([Pattern])
    }

    /// A class of floats.
    public enum Float: Sendable {
        case canonicalNaN
        case arithmeticNaN
    }

    /// What a lane of a vector may be.
    public enum LanePattern: Sendable {
        case bits(UInt64)
        case float(Float)
    }

    public let commands: [Command]

    /// Reads a script.
    ///
    /// Throws the first thing wrong with it; errors in quoted modules come when they are encoded.
    public init(
        _ source: [UInt8],
        limits: TextLimits = TextLimits()
    ) throws(TextError) {
        var parser = try ScriptParser(source, limits: limits)
        commands = try parser.commands()
    }
}
