/// What function bodies are validated against: the index spaces of the module. §3.1.1
///
/// Immutable, so that bodies may be validated on several threads at once. Its size is in
/// proportion to that of the module.
final class ValidationContext: Sendable {
    struct Global {
        var type: OperandType
        var isMutable: Bool
    }

    struct Table {
        var element: OperandType
        var address: OperandType
    }

    let limits: ModuleLimits
    let types: TypeTable

    /// The types of all lists, one after another; the first are ``OperandType/all(typeCount:)``.
    let typePool: [OperandType]

    /// The function types by type index; empty for other types.
    let signatures: [FunctionSignature]

    /// The type index of every function; each names a function type once the module's structure
    /// has been validated.
    let functions: [UInt32]

    /// The type index of every tag, under the same condition.
    let tags: [UInt32]

    let tables: [Table]

    /// The type of the addresses of every memory.
    let memories: [OperandType]

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

    /// Gathers the index spaces of a module whose types are in range.
    init(_ structure: ModuleStructure, types: TypeTable, limits: ModuleLimits) {
        self.limits = limits
        self.types = types
        functions = structure.functionTypeIndices
        tags = structure.tagTypeIndices
        tables = structure.tableTypes.map {
            Table(element: types.operand($0.element), address: OperandType($0.addressType))
        }
        memories = structure.memoryTypes.map { OperandType($0.addressType) }
        globals = structure.globalTypes.map {
            Global(type: types.operand($0.value), isMutable: $0.isMutable)
        }
        elements = structure.elements.map { types.operand($0.type) }
        dataCount = structure.dataCount

        var pool = OperandType.all(typeCount: structure.types.count)
        var signatures: [FunctionSignature] = []
        signatures.reserveCapacity(structure.types.count)
        for type in structure.types {
            guard case .function(let function) = type.composite else {
                signatures.append(FunctionSignature(parameters: .empty, results: .empty))
                continue
            }
            let parameters = TypeList(start: pool.count, count: function.parameters.count)
            for type in function.parameters { pool.append(types.operand(type)) }
            let results = TypeList(start: pool.count, count: function.results.count)
            for type in function.results { pool.append(types.operand(type)) }
            signatures.append(FunctionSignature(parameters: parameters, results: results))
        }
        typePool = pool
        self.signatures = signatures

        var declared = DeclaredFunctions(count: structure.functionTypeIndices.count)
        declared.addFunctions(of: structure)
        isDeclared = declared.isDeclared
    }

    /// The reference to a function, whose index is in range.
    func reference(toFunction index: UInt32) -> OperandType {
        let type = types.canonical[Int(functions[Int(index)])]
        return OperandType(HeapCode(defined: type), isNullable: false)
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
