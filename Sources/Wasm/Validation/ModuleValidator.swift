/// Validates decoded modules. Core specification §3.5
///
/// The first error in the order of the index spaces is thrown, so that a module always gives the
/// same one.
struct ModuleValidator {
    let structure: ModuleStructure
    let context: ValidationContext
    var constants: ConstantExpressionValidator

    /// Validates a module, with all its function bodies.
    ///
    /// Time is linear in the module's size. Bodies are read from `bytes`, which the structure was
    /// decoded from, on up to `threads` threads.
    ///
    /// - Returns: the module's types, registered.
    @discardableResult
    static func validate(
        _ structure: ModuleStructure,
        bytes: [UInt8],
        limits: ModuleLimits,
        threads: Int = 1
    ) throws(ModuleError) -> TypeTable {
        let types = try TypeValidator.validate(structure, limits: limits)
        try checkValueTypes(structure, types)
        let context = ValidationContext(structure, types: types, limits: limits)
        var validator = ModuleValidator(structure, context)
        try validator.validateStructure()
        // The section is bounded by itself, but imports come in addition.
        guard structure.tableTypes.count <= limits.tablesMax else {
            let count = structure.tableTypes.count
            throw ModuleError(.limit, "\(count) tables are more than \(limits.tablesMax)", at: 0)
        }
        guard structure.memoryTypes.count <= limits.memoriesMax else {
            let count = structure.memoryTypes.count
            let message = "\(count) memories are more than \(limits.memoriesMax)"
            throw ModuleError(.limit, message, at: 0)
        }
        try FunctionBodies.divide(structure.bodies, threads: threads) { range throws(ModuleError) in
            var functions = FunctionValidator(context, bytes: bytes)
            for index in range {
                let function = structure.importedFunctionCount + index
                try functions.validate(structure.bodies[index], function: function, bytes: bytes)
            }
        }
        return types
    }

    private init(_ structure: ModuleStructure, _ context: ValidationContext) {
        self.structure = structure
        self.context = context
        constants = ConstantExpressionValidator(context)
    }

    /// Validates everything but the bodies of functions.
    private mutating func validateStructure() throws(ModuleError) {
        try validateImports()
        try validateFunctionTypes()
        try validateTables()
        try validateMemories()
        try validateTags()
        try validateGlobals()
        try validateExports()
        try validateStart()
        for segment in structure.elements { try validate(segment) }
        for segment in structure.dataSegments { try validate(segment) }
    }
}
