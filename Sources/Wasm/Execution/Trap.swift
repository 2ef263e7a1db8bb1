/// Why a guest was stopped, and where.
///
/// Core specification §4.2.2, with the host's own reasons.
public struct Trap: Error, Equatable, Sendable, CustomStringConvertible {
    /// The reasons for a trap.
    public enum Kind: UInt8, Sendable {
        case unreachable
        case integerDivideByZero
        case integerOverflow
        case invalidConversionToInteger
        case memoryOutOfBounds
        case tableOutOfBounds
        /// `call_indirect` with an index outside the table.
        case undefinedElement
        /// `call_indirect` through a null element.
        case uninitializedElement
        case indirectCallTypeMismatch
        /// `call_ref` or `return_call_ref` of null.
        case nullFunctionReference
        /// `ref.as_non_null` of null.
        case nullReference
        /// `throw_ref` of null.
        case nullExceptionReference
        /// An exception that no handler catches; ``Trap/reason`` names its tag.
        case uncaughtException
        /// An instruction on a structure got null.
        case nullStructure
        /// An instruction on an array got null.
        case nullArray
        /// An instruction on a small integer got null.
        case nullI31
        /// An index or range outside an array.
        case arrayOutOfBounds
        /// `ref.cast` to a type that the reference does not have.
        case castFailure
        /// The heap has no room for another object.
        case heapExhausted
        /// The value stack has no room for another frame.
        case callStackExhausted
        /// The execution reached its limit of instructions.
        case outOfFuel
        /// A host function refused to go on; ``Trap/reason`` says why.
        case host
        /// The guest ended itself, which is a failure to whoever makes a trap of it.
        case exited
        /// The host ended an execution that could have gone on: ``Execution/interrupt(reason:)``.
        case interrupted
    }

    /// One frame of the guest's call stack, or a run of frames that are all alike.
    public struct Frame: Equatable, Sendable {
        /// The function's index in its module.
        public let function: Int
        /// The function's name from the module's name section, or its export's name.
        public let name: String?
        /// The byte of the module where the instruction begins that trapped or called.
        public let offset: Int
        /// The line of the source that the instruction comes from, when the module has DWARF that says.
        public let source: SourcePosition?
        /// How many frames in a row are like this one: more than one where a function calls itself.
        public internal(set) var count: Int

        /// Makes a frame.
        public init(
            function: Int,
            name: String?,
            offset: Int,
            source: SourcePosition? = nil,
            count: Int = 1
        ) {
            self.function = function
            self.name = name
            self.offset = offset
            self.source = source
            self.count = count
        }
    }

    public let kind: Kind

    /// What the host said, for traps that it made, or which exception it was.
    public let reason: String?

    /// The guest's call stack, innermost frame first, cut after ``backtraceDepthMax`` entries.
    public let backtrace: [Frame]

    /// How many frames there were, kept or not.
    public let depth: Int

    /// How many frames ``backtrace`` stands for; the other ones of ``depth`` were cut.
    public var shownDepth: Int { backtrace.reduce(0) { $0 + $1.count } }

    /// The most entries that a backtrace has.
    public static let backtraceDepthMax = 64

    /// Makes a trap with the call stack it happened on.
    public init(
        _ kind: Kind,
        reason: String? = nil,
        backtrace: [Frame] = [],
        depth: Int = 0
    ) {
        self.kind = kind
        self.reason = reason
        self.backtrace = backtrace
        self.depth = depth
    }

    /// The reason in the words of the specification's test suite.
    public var description: String { reason ?? kind.description }
}

extension Trap.Kind: CustomStringConvertible {
    /// The reason in the words of the specification's test suite.
    public var description: String {
        switch self {
        case .unreachable: "unreachable"
        case .integerDivideByZero: "integer divide by zero"
        case .integerOverflow: "integer overflow"
        case .invalidConversionToInteger: "invalid conversion to integer"
        case .memoryOutOfBounds: "out of bounds memory access"
        case .tableOutOfBounds: "out of bounds table access"
        case .undefinedElement: "undefined element"
        case .uninitializedElement: "uninitialized element"
        case .indirectCallTypeMismatch: "indirect call type mismatch"
        case .nullFunctionReference: "null function reference"
        case .nullReference: "null reference"
        case .nullExceptionReference: "null exception reference"
        case .uncaughtException: "uncaught exception"
        case .nullStructure: "null structure reference"
        case .nullArray: "null array reference"
        case .nullI31: "null i31 reference"
        case .arrayOutOfBounds: "out of bounds array access"
        case .castFailure: "cast failure"
        case .heapExhausted: "heap exhausted"
        case .callStackExhausted: "call stack exhausted"
        case .outOfFuel: "all fuel consumed"
        case .host: "refused by the host"
        case .exited: "exited"
        case .interrupted: "interrupted"
        }
    }
}
