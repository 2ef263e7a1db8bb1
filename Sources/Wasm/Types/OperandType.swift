/// The type of an operand on the validator's stack, in one word.
///
/// Core specification, appendix "Validation Algorithm", "Data Structures". Equivalent types are
/// equal: references to defined types carry the index of the first type of the module that is
/// equivalent.
struct OperandType: RawRepresentable, Equatable {
    /// 0 to 5 for the types that are not references; otherwise 6, a bit that says whether the type
    /// is nullable, and the code of the heap type above.
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Any type at all: an operand that unreachable code would have popped.
    static let unknown = OperandType(rawValue: 0)
    static let i32 = OperandType(rawValue: 1)
    static let i64 = OperandType(rawValue: 2)
    static let f32 = OperandType(rawValue: 3)
    static let f64 = OperandType(rawValue: 4)
    static let v128 = OperandType(rawValue: 5)
    static let functionReference = OperandType(.function, isNullable: true)
    static let externalReference = OperandType(.external, isNullable: true)
    static let exceptionReference = OperandType(.exception, isNullable: true)

    init(_ heapType: HeapCode, isNullable: Bool) {
        rawValue = 6 | (isNullable ? 8 : 0) | heapType.rawValue << 4
    }

    init(_ type: AddressType) { self = type == .i32 ? .i32 : .i64 }

    var isReference: Bool { rawValue & 7 == 6 }

    var isNullable: Bool { rawValue & 8 != 0 }

    /// Whether locals of the type begin with a value: all but references that cannot be null.
    var isDefaultable: Bool { rawValue & 15 != 6 }

    /// What a reference points to.
    var heapType: HeapCode { HeapCode(rawValue: rawValue >> 4) }

    /// The same reference type, without null.
    var withoutNull: OperandType { OperandType(rawValue: rawValue & ~8) }

    /// The types that lists of one type are made of, in the order of ``index``, with references to
    /// `typeCount` defined types.
    static func all(typeCount: Int) -> [OperandType] {
        var all: [OperandType] = [.unknown, .i32, .i64, .f32, .f64, .v128]
        for code in 0..<(HeapCode.firstDefined + UInt32(typeCount)) {
            for isNullable in [false, true] {
                all.append(OperandType(HeapCode(rawValue: code), isNullable: isNullable))
            }
        }
        return all
    }

    /// The place in ``all(typeCount:)``.
    var index: Int {
        isReference ? 6 + 2 * Int(heapType.rawValue) + (isNullable ? 1 : 0) : Int(rawValue)
    }
}

/// A heap type in the validator: an abstract one, a defined one, or the subtype of all.
struct HeapCode: RawRepresentable, Equatable {
    /// Below ``firstDefined`` an abstract heap type's code, from there on a type index.
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    static let firstDefined: UInt32 = 16

    /// A subtype of every heap type: what references in unreachable code point to.
    static let bottom = HeapCode(rawValue: 15)
    static let function = HeapCode(rawValue: UInt32(HeapType.function.abstractCode))
    static let external = HeapCode(rawValue: UInt32(HeapType.external.abstractCode))
    static let exception = HeapCode(rawValue: UInt32(HeapType.exception.abstractCode))
    static let any = HeapCode(rawValue: UInt32(HeapType.any.abstractCode))
    static let equal = HeapCode(rawValue: UInt32(HeapType.equal.abstractCode))
    static let i31 = HeapCode(rawValue: UInt32(HeapType.i31.abstractCode))
    static let structure = HeapCode(rawValue: UInt32(HeapType.structure.abstractCode))
    static let array = HeapCode(rawValue: UInt32(HeapType.array.abstractCode))

    /// A defined type, by the first equivalent index.
    init(defined index: UInt32) { rawValue = Self.firstDefined + index }

    /// The index of a defined type; nil for the others.
    var definedIndex: Int? {
        rawValue >= Self.firstDefined ? Int(rawValue - Self.firstDefined) : nil
    }

    /// The abstract type; nil for defined types and the bottom.
    var abstract: HeapType? {
        rawValue < HeapType.abstractTypes.count ? HeapType.abstractTypes[Int(rawValue)] : nil
    }
}

extension OperandType: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknown: return "any type"
        case .i32: return "i32"
        case .i64: return "i64"
        case .f32: return "f32"
        case .f64: return "f64"
        case .v128: return "v128"
        default: break
        }
        let heapType = heapType.abstract ?? heapType.definedIndex.map { .index(UInt32($0)) }
        guard let heapType else { return "any reference" }
        return ReferenceType(heapType: heapType, isNullable: isNullable).description
    }
}

/// A list of types, as a range of ``ValidationContext/typePool``.
struct TypeList: Equatable {
    var start: Int
    var count: Int

    static let empty = TypeList(start: 0, count: 0)

    /// The list of one type: the pool begins with every type.
    init(_ type: OperandType) { self.init(start: type.index, count: 1) }

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
