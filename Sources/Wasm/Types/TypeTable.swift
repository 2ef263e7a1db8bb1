/// The types of one module, valid and registered, as validation compares them. Core specification §3.3
struct TypeTable: HeapTypeHierarchy, Sendable {
    let types: [SubType]
    let registered: RegisteredTypes

    /// For each type, the first type of the module that is equivalent to it.
    let canonical: [UInt32]

    /// For each type what it is a type of.
    let kinds: [CompositeKind]

    /// For each type the canonical index of its supertype; `UInt32.max` when it declares none.
    let supertypes: [UInt32]

    static let none = UInt32.max

    /// Registers types whose indices ``TypeValidator`` has checked.
    init(_ types: [SubType], groups: [Range<Int>]) {
        self.types = types
        let registered = TypeRegistry.shared.register(types, groups)
        self.registered = registered
        var first: [UInt32: UInt32] = [:]
        let canonical = registered.ids.enumerated().map { index, id in
            if let known = first[id] { return known }
            first[id] = UInt32(index)
            return UInt32(index)
        }
        self.canonical = canonical
        kinds = types.map { CompositeKind($0.composite) }
        supertypes = types.map { $0.supertypes.first.map { canonical[Int($0)] } ?? Self.none }
    }

    /// Whether references of a type point to functions.
    func isFunction(_ type: ReferenceType) -> Bool {
        if case .index(let index) = type.heapType { return kinds[Int(index)] == .function }
        return type.heapType.isFunction
    }

    // MARK: - Operand types

    /// The operand type of a value type whose index is known to be in range.
    func operand(_ type: ValueType) -> OperandType {
        switch type {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        case .v128: .v128
        case .reference(let reference): operand(reference)
        }
    }

    func operand(_ type: ReferenceType) -> OperandType {
        OperandType(heapCode(type.heapType), isNullable: type.isNullable)
    }

    func heapCode(_ type: HeapType) -> HeapCode {
        if case .index(let index) = type { return HeapCode(defined: canonical[Int(index)]) }
        return HeapCode(rawValue: UInt32(type.abstractCode))
    }

    /// Whether the indices of a type are in range.
    func isInRange(_ type: ValueType) -> Bool {
        guard case .reference(let reference) = type, case .index(let index) = reference.heapType
        else { return true }
        return Int(index) < types.count
    }

    /// The operand type of what a field is read as and written from.
    func operand(_ type: StorageType) -> OperandType {
        guard case .value(let value) = type else { return .i32 }
        return operand(value)
    }

    /// The fields of the structure type with an index; nil when there is no such type.
    func fields(ofStructure index: UInt32) -> [FieldType]? {
        guard Int(index) < types.count, case .structure(let fields) = types[Int(index)].composite
        else { return nil }
        return fields
    }

    /// The elements of the array type with an index; nil when there is no such type.
    func element(ofArray index: UInt32) -> FieldType? {
        guard Int(index) < types.count, case .array(let element) = types[Int(index)].composite
        else { return nil }
        return element
    }

    // MARK: - Matching, §3.3

    func kind(_ index: Int) -> CompositeKind { kinds[index] }

    func isSubtype(_ index: Int, of other: Int) -> Bool {
        var index = UInt32(index)
        while index != Self.none {
            if index == other { return true }
            index = supertypes[Int(index)]
        }
        return false
    }

    private func matches(_ type: ValueType, _ other: ValueType) -> Bool {
        matches(operand(type), operand(other))
    }

    private func matches(_ types: [ValueType], _ others: [ValueType]) -> Bool {
        types.count == others.count && zip(types, others).allSatisfy { matches($0, $1) }
    }

    /// Whether a composite type may be declared a subtype of another. §3.3.5
    func matches(_ type: CompositeType, _ other: CompositeType) -> Bool {
        switch (type, other) {
        case (.function(let type), .function(let other)):
            matches(other.parameters, type.parameters) && matches(type.results, other.results)
        case (.structure(let fields), .structure(let others)):
            fields.count >= others.count && zip(fields, others).allSatisfy { matches($0, $1) }
        case (.array(let element), .array(let other)):
            matches(element, other)
        default:
            false
        }
    }

    private func matches(_ field: FieldType, _ other: FieldType) -> Bool {
        guard field.isMutable == other.isMutable else { return false }
        guard case .value(let type) = field.storage, case .value(let target) = other.storage else {
            return field.storage == other.storage
        }
        // What can be written as well as read has to be the same in both directions.
        return field.isMutable
            ? operand(type) == operand(target) : matches(type, target)
    }
}
