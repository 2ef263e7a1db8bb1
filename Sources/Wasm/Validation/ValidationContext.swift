/// What function bodies are validated against: the index spaces of the module. §3.1.1
///
/// Immutable, so that bodies may be validated on several threads at once. Its size is in
/// proportion to that of the module.
struct ValidationContext: Sendable {
    struct Global {
        var type: OperandType
        var isMutable: Bool
    }

    let limits: ModuleLimits

    /// The types of all lists, one after another; the first are ``OperandType/all``.
    private(set) var typePool = OperandType.all

    /// The function types by type index.
    private(set) var signatures: [FunctionSignature] = []

    /// The type index of every function; each is within `signatures`.
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
    private(set) var isDeclared: [Bool]

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
        isDeclared = Array(repeating: false, count: structure.functionTypeIndices.count)
        signatures.reserveCapacity(structure.types.count)
        for type in structure.types {
            signatures.append(
                FunctionSignature(parameters: add(type.parameters), results: add(type.results))
            )
        }
        declareFunctions(structure)
    }

    private mutating func add(_ types: [ValueType]) -> TypeList {
        let list = TypeList(start: typePool.count, count: types.count)
        for type in types { typePool.append(OperandType(type)) }
        return list
    }

    // MARK: - Declared functions

    private mutating func declareFunctions(_ structure: ModuleStructure) {
        for export in structure.exports {
            if case .function(let index) = export.description { declare(index) }
        }
        for global in structure.globals { declareFunctions(global.initializer) }
        for table in structure.tables {
            if let initializer = table.initializer { declareFunctions(initializer) }
        }
        for segment in structure.elements {
            switch segment.items {
            case .functions(let indices):
                for index in indices { declare(index) }
            case .expressions(let expressions):
                for expression in expressions { declareFunctions(expression) }
            }
        }
    }

    private mutating func declareFunctions(_ expression: ConstantExpression) {
        for case .refFunc(let index) in expression.instructions { declare(index) }
    }

    private mutating func declare(_ index: UInt32) {
        if Int(index) < isDeclared.count { isDeclared[Int(index)] = true }
    }
}
