/// What function bodies are validated against: the index spaces of the module. §3.1.1
///
/// Immutable, so that bodies may be validated on several threads at once. Its size is in
/// proportion to that of the module.
final class ValidationContext: Sendable {
    struct Global {
        var type: OperandType
        var isMutable: Bool
    }

    let limits: ModuleLimits

    /// The types of all lists, one after another; the first are ``OperandType/all``.
    let typePool: [OperandType]

    /// The function types by type index.
    let signatures: [FunctionSignature]

    /// The type index of every function; each is within `signatures` once the module's structure
    /// has been validated.
    let functions: [UInt32]

    /// The element type of every table.
    let tables: [OperandType]

    let memoryCount: Int
    let globals: [Global]

    /// The type of every element segment.
    let elements: [OperandType]

    /// What the data count section says; nil when there is none.
    let dataCount: UInt32?

    /// By function index: whether `ref.func` may name the function.
    ///
    /// That is what the specification calls C.refs: the functions that occur in the module
    /// outside of bodies and of the start section.
    let isDeclared: [Bool]

    init(_ structure: ModuleStructure, limits: ModuleLimits) {
        self.limits = limits
        functions = structure.functionTypeIndices
        tables = structure.tableTypes.map { OperandType($0.element) }
        memoryCount = structure.memoryTypes.count
        globals = structure.globalTypes.map {
            Global(type: OperandType($0.value), isMutable: $0.isMutable)
        }
        elements = structure.elements.map { OperandType($0.type) }
        dataCount = structure.dataCount

        var pool = OperandType.all
        var signatures: [FunctionSignature] = []
        signatures.reserveCapacity(structure.types.count)
        for type in structure.types {
            let parameters = TypeList(start: pool.count, count: type.parameters.count)
            for type in type.parameters { pool.append(OperandType(type)) }
            let results = TypeList(start: pool.count, count: type.results.count)
            for type in type.results { pool.append(OperandType(type)) }
            signatures.append(FunctionSignature(parameters: parameters, results: results))
        }
        typePool = pool
        self.signatures = signatures

        var declared = DeclaredFunctions(count: structure.functionTypeIndices.count)
        declared.addFunctions(of: structure)
        isDeclared = declared.isDeclared
    }
}

/// Gathers the functions that a module names outside of bodies and of the start section.
private struct DeclaredFunctions {
    private(set) var isDeclared: [Bool]

    init(count: Int) { isDeclared = Array(repeating: false, count: count) }

    mutating func addFunctions(of structure: ModuleStructure) {
        for export in structure.exports {
            if case .function(let index) = export.description { add(index) }
        }
        for global in structure.globals { addFunctions(of: global.initializer) }
        for table in structure.tables {
            if let initializer = table.initializer { addFunctions(of: initializer) }
        }
        for segment in structure.elements {
            switch segment.items {
            case .functions(let indices):
                for index in indices { add(index) }
            case .expressions(let expressions):
                for expression in expressions { addFunctions(of: expression) }
            }
        }
    }

    private mutating func addFunctions(of expression: ConstantExpression) {
        for case .refFunc(let index) in expression.instructions { add(index) }
    }

    private mutating func add(_ index: UInt32) {
        if Int(index) < isDeclared.count { isDeclared[Int(index)] = true }
    }
}
