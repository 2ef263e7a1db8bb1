/// The type of an operand on the validator's stack, in one byte.
///
/// Core specification, appendix "Validation Algorithm", "Data Structures".
enum OperandType: UInt8 {
    /// Any type at all: an operand that unreachable code would have popped.
    case unknown
    case i32
    case i64
    case f32
    case f64
    case v128
    case functionReference
    case externalReference

    init(_ type: ValueType) {
        switch type {
        case .i32: self = .i32
        case .i64: self = .i64
        case .f32: self = .f32
        case .f64: self = .f64
        case .v128: self = .v128
        case .reference(let type): self.init(type)
        }
    }

    init(_ type: ReferenceType) {
        switch type.heapType {
        case .function: self = .functionReference
        case .external: self = .externalReference
        }
    }

    var isReference: Bool { self == .functionReference || self == .externalReference }

    /// The operand types that stand for value types, in the order of their raw values.
    static let all: [OperandType] = [
        .unknown, .i32, .i64, .f32, .f64, .v128, .functionReference, .externalReference,
    ]
}

extension OperandType: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknown: "any type"
        case .i32: "i32"
        case .i64: "i64"
        case .f32: "f32"
        case .f64: "f64"
        case .v128: "v128"
        case .functionReference: "funcref"
        case .externalReference: "externref"
        }
    }
}

/// A list of types, as a range of ``ValidationContext/typePool``.
struct TypeList: Equatable {
    var start: Int
    var count: Int

    static let empty = TypeList(start: 0, count: 0)

    /// The list of one type: the pool begins with every type.
    init(_ type: OperandType) { self.init(start: Int(type.rawValue), count: 1) }

    init(start: Int, count: Int) {
        self.start = start
        self.count = count
    }
}

/// A function type whose lists are in the pool.
struct FunctionSignature {
    var parameters: TypeList
    var results: TypeList
}
