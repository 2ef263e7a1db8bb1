/// How large a module may be.
///
/// Larger ones are refused with ``ModuleError/Kind/limit``.
///
/// The defaults are those that browsers agreed on (WebAssembly JavaScript interface,
/// "Implementation-defined Limits"), where it has one.
public struct ModuleLimits: Sendable {
    public var moduleBytesMax = 1 << 30
    public var typesMax = 1_000_000
    public var functionsMax = 1_000_000
    public var importsMax = 1_000_000
    public var exportsMax = 1_000_000
    public var globalsMax = 1_000_000
    public var dataSegmentsMax = 100_000
    public var elementSegmentsMax = 10_000_000
    public var elementsPerSegmentMax = 10_000_000
    /// Translated code numbers tables in 16 bits.
    public var tablesMax = 10_000
    /// Defined and imported.
    public var memoriesMax = 100
    public var tagsMax = 100_000
    /// Types of one recursion group.
    public var recursionGroupMax = 1_000_000
    /// Types on the way from a type to its topmost supertype.
    public var supertypesMax = 63
    /// Fields of one structure type.
    public var fieldsMax = 10_000
    public var parametersMax = 1_000
    public var resultsMax = 1_000
    public var functionBytesMax = 7_654_321
    /// Parameters and locals of one function.
    public var localsMax = 50_000
    /// Depth of nested blocks in one function.
    public var nestingMax = 10_000
    /// Operands on the stack of one function.
    public var operandsMax = 10_000
    public var branchTargetsMax = 65_520
    public var nameBytesMax = 100_000
    public var constantInstructionsMax = 10_000

    /// The default limits.
    public init() {}
}
