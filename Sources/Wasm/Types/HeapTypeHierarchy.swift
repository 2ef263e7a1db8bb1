// Subtyping. Core specification §3.3

/// Something that knows how defined types relate: those of one module, or of all.
///
/// Defined types are numbers in a ``HeapCode``: canonical indices, or ids.
protocol HeapTypeHierarchy {
    func kind(_ defined: Int) -> CompositeKind

    /// Whether a defined type is another, or is declared a subtype of it. §3.3.4
    func isSubtype(_ defined: Int, of other: Int) -> Bool
}

/// What a defined type is a type of.
enum CompositeKind: UInt8, Sendable {
    case function, structure, array

    init(_ type: CompositeType) {
        switch type {
        case .function: self = .function
        case .structure: self = .structure
        case .array: self = .array
        }
    }
}

extension HeapTypeHierarchy {
    /// Whether every value of `type` is one of `other`. §3.3.4
    func matches(_ type: OperandType, _ other: OperandType) -> Bool {
        if type == other || type == .unknown { return true }
        guard type.isReference, other.isReference, other.isNullable || !type.isNullable else {
            return false
        }
        return matches(type.heapType, other.heapType)
    }

    /// Whether a heap type is a subtype of another. §3.3.3
    func matches(_ type: HeapCode, _ other: HeapCode) -> Bool {
        if type == other || type == .bottom { return true }
        if let index = type.definedIndex {
            if let target = other.definedIndex { return isSubtype(index, of: target) }
            switch kind(index) {
            case .function: return other == .function
            case .structure: return other == .structure || other == .equal || other == .any
            case .array: return other == .array || other == .equal || other == .any
            }
        }
        switch type.abstract {
        case .noFunction: return hierarchy(other) == .function
        case .noExternal: return hierarchy(other) == .external
        case .noException: return hierarchy(other) == .exception
        case .some(.none): return hierarchy(other) == .any
        case .i31, .structure, .array: return other == .equal || other == .any
        case .equal: return other == .any
        default: return false
        }
    }

    /// The topmost supertype of a heap type.
    func hierarchy(_ type: HeapCode) -> HeapCode {
        if let index = type.definedIndex { return kind(index) == .function ? .function : .any }
        switch type.abstract {
        case .function, .noFunction: return .function
        case .external, .noExternal: return .external
        case .exception, .noException: return .exception
        default: return .any
        }
    }
}

extension TypeRegistry {
    /// Whether every value of a resolved type is one of another.
    func matches(_ type: ValueType, _ other: ValueType) -> Bool {
        type == other || matches(operand(type), operand(other))
    }

    private func operand(_ type: ValueType) -> OperandType {
        switch type {
        case .i32: return .i32
        case .i64: return .i64
        case .f32: return .f32
        case .f64: return .f64
        case .v128: return .v128
        case .reference(let reference):
            let code: HeapCode
            if case .defined(let type) = reference.heapType {
                code = HeapCode(defined: type.id)
            } else {
                code = HeapCode(rawValue: UInt32(reference.heapType.abstractCode))
            }
            return OperandType(code, isNullable: reference.isNullable)
        }
    }
}

extension HeapType {
    /// Whether a resolved type is one of functions.
    var isFunction: Bool {
        switch self {
        case .function, .noFunction: true
        case .defined(let type): TypeRegistry.shared.kind(Int(type.id)) == .function
        default: false
        }
    }
}
