// The types of WebAssembly modules. Core specification §2.3.

/// The type of an operand, a local or a global. §2.3.5
public enum ValueType: Hashable, Sendable {
    case i32
    case i64
    case f32
    case f64
    /// 128-bit vectors.
    case v128
    case reference(ReferenceType)

    /// `funcref`: a nullable reference to any function.
    public static let functionReference = ValueType.reference(.function)

    /// `externref`: a nullable reference to a host object.
    public static let externalReference = ValueType.reference(.external)
}

/// The type of a reference. §2.3.4
public struct ReferenceType: Hashable, Sendable {
    /// What the reference points to.
    public var heapType: HeapType

    /// Whether the null reference belongs to the type.
    public var isNullable: Bool

    /// Makes a reference type.
    public init(heapType: HeapType, isNullable: Bool) {
        self.heapType = heapType
        self.isNullable = isNullable
    }

    /// `funcref`.
    public static let function = ReferenceType(heapType: .function, isNullable: true)

    /// `externref`.
    public static let external = ReferenceType(heapType: .external, isNullable: true)
}

/// What a reference may point to. §2.3.3
public enum HeapType: Hashable, Sendable {
    /// `func` and its bottom, `nofunc`.
    case function, noFunction
    /// `extern` and its bottom, `noextern`.
    case external, noExternal
    /// `exn` and its bottom, `noexn`.
    case exception, noException
    /// `any`, `eq`, `i31`, `struct`, `array` and their bottom, `none`.
    case any, equal, i31, structure, array, none
    /// A type of the module, by index: only inside a decoded module.
    case index(UInt32)
    /// A type of any module, resolved: everywhere outside of one.
    case defined(DefinedType)
}

/// Parameters and results of a function or a block. §2.3.6
public struct FunctionType: Hashable, Sendable {
    public var parameters: [ValueType]
    public var results: [ValueType]

    /// Makes a type from its parameter and result types, in order.
    public init(_ parameters: [ValueType] = [], _ results: [ValueType] = []) {
        self.parameters = parameters
        self.results = results
    }
}

/// The type of a field of a structure or of the elements of an array. §2.3.9
public struct FieldType: Hashable, Sendable {
    public var storage: StorageType
    public var isMutable: Bool

    /// Makes a field type.
    public init(_ storage: StorageType, isMutable: Bool) {
        self.storage = storage
        self.isMutable = isMutable
    }
}

/// What a field holds: a value, or an integer of one or two bytes. §2.3.9
public enum StorageType: Hashable, Sendable {
    case value(ValueType)
    case i8
    case i16
}

/// The type of functions, structures or arrays. §2.3.8
public enum CompositeType: Hashable, Sendable {
    case function(FunctionType)
    case structure([FieldType])
    case array(FieldType)
}

/// A type that a module defines, with the types it declares to be a subtype of. §2.3.10
struct SubType: Sendable {
    /// Whether no other type may be a subtype.
    var isFinal = true
    /// Type indices; validation allows one at most.
    var supertypes: [UInt32] = []
    var composite: CompositeType
    /// Where the type begins in the module.
    var offset: Int
}

/// The numbers that address a memory or a table. §2.3.11
public enum AddressType: Hashable, Sendable {
    case i32
    case i64

    /// The type of operands that are addresses.
    public var valueType: ValueType { self == .i32 ? .i32 : .i64 }
}

/// The size range of a memory (in 64 KiB pages) or a table (in elements). §2.3.11
public struct SizeLimits: Hashable, Sendable {
    public var minimum: UInt64
    public var maximum: UInt64?

    /// Makes a range; `maximum` nil means that only the host limits growth.
    public init(minimum: UInt64, maximum: UInt64? = nil) {
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// The type of a linear memory. §2.3.12
public struct MemoryType: Hashable, Sendable {
    public var addressType: AddressType
    public var limits: SizeLimits

    /// Makes a memory type; the limits count pages of 64 KiB.
    public init(limits: SizeLimits, addressType: AddressType = .i32) {
        self.limits = limits
        self.addressType = addressType
    }

    /// The size of a page in bytes.
    public static let pageSize = 65_536

    /// How many pages the addresses reach.
    public var pagesMax: UInt64 { addressType == .i32 ? 1 << 16 : 1 << 48 }
}

/// The type of a table. §2.3.13
public struct TableType: Hashable, Sendable {
    public var element: ReferenceType
    public var addressType: AddressType
    public var limits: SizeLimits

    /// Makes a table type; the limits count elements.
    public init(element: ReferenceType, limits: SizeLimits, addressType: AddressType = .i32) {
        self.element = element
        self.limits = limits
        self.addressType = addressType
    }
}

/// The type of a global. §2.3.10
public struct GlobalType: Hashable, Sendable {
    public var value: ValueType
    public var isMutable: Bool

    /// Makes a global type.
    public init(value: ValueType, isMutable: Bool) {
        self.value = value
        self.isMutable = isMutable
    }
}

/// The type of something imported or exported. §2.3.15
public enum ExternalType: Hashable, Sendable {
    case function(FunctionType)
    case table(TableType)
    case memory(MemoryType)
    case global(GlobalType)
    /// An exception tag, by what its exceptions carry.
    case tag(FunctionType)
}

// MARK: - Text

extension ValueType: CustomStringConvertible {
    /// The type as the text format writes it.
    public var description: String {
        switch self {
        case .i32: "i32"
        case .i64: "i64"
        case .f32: "f32"
        case .f64: "f64"
        case .v128: "v128"
        case .reference(let type): type.description
        }
    }
}

extension ReferenceType: CustomStringConvertible {
    /// The type as the text format writes it.
    public var description: String {
        if isNullable, let short = heapType.nullableName { return short }
        return isNullable ? "(ref null \(heapType))" : "(ref \(heapType))"
    }
}

extension HeapType: CustomStringConvertible {
    /// The type as the text format writes it; types outside of a module have no index there.
    public var description: String {
        switch self {
        case .function: "func"
        case .noFunction: "nofunc"
        case .external: "extern"
        case .noExternal: "noextern"
        case .exception: "exn"
        case .noException: "noexn"
        case .any: "any"
        case .equal: "eq"
        case .i31: "i31"
        case .structure: "struct"
        case .array: "array"
        case .none: "none"
        case .index(let index): "\(index)"
        case .defined(let type): "\(type)"
        }
    }

    /// What the text format calls nullable references to the type, when it has a name for them.
    fileprivate var nullableName: String? {
        switch self {
        case .index, .defined: nil
        case .noFunction: "nullfuncref"
        case .noExternal: "nullexternref"
        case .noException: "nullexnref"
        case .none: "nullref"
        default: "\(self)ref"
        }
    }
}

extension FunctionType: CustomStringConvertible {
    /// The type as `[i32 i64] -> [i32]`.
    public var description: String {
        let parameters = parameters.map(\.description).joined(separator: " ")
        let results = results.map(\.description).joined(separator: " ")
        return "[\(parameters)] -> [\(results)]"
    }
}

extension ExternalType: CustomStringConvertible {
    /// The kind and the type: `function [i32] -> []`.
    public var description: String {
        switch self {
        case .function(let type):
            return "function \(type)"
        case .table(let type):
            return "table \(type.addressType.prefix)\(type.limits) \(type.element)"
        case .memory(let type):
            return "memory \(type.addressType.prefix)\(type.limits)"
        case .global(let type):
            return type.isMutable ? "global (mut \(type.value))" : "global \(type.value)"
        case .tag(let type):
            return "tag \(type)"
        }
    }
}

extension SizeLimits: CustomStringConvertible {
    /// The minimum, then the maximum when there is one.
    public var description: String {
        maximum.map { "\(minimum) \($0)" } ?? "\(minimum)"
    }
}

extension AddressType {
    /// What the text format writes before limits.
    fileprivate var prefix: String { self == .i32 ? "" : "i64 " }
}
