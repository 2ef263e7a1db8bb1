// The types of WebAssembly modules. Core specification §2.3.

/// The type of an operand, a local or a global. §2.3.5
public enum ValueType: Hashable, Sendable {
    case i32
    case i64
    case f32
    case f64
    /// 128-bit vectors. Decoded so that refusals can name them.
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

    /// `funcref`.
    public static let function = ReferenceType(heapType: .function, isNullable: true)

    /// `externref`.
    public static let external = ReferenceType(heapType: .external, isNullable: true)
}

/// What a reference may point to. §2.3.3
public enum HeapType: Hashable, Sendable {
    case function
    case external
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

/// The type of the addresses of a memory or the indices of a table. §2.3.10
public enum AddressType: Hashable, Sendable {
    case i32
    case i64
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

    /// How many pages 32-bit addresses reach.
    public static let pagesMax = 65_536
}

/// The type of a table. §2.3.13
public struct TableType: Hashable, Sendable {
    public var addressType: AddressType
    public var element: ReferenceType
    public var limits: SizeLimits

    /// Makes a table type; the limits count elements.
    public init(
        element: ReferenceType,
        limits: SizeLimits,
        addressType: AddressType = .i32
    ) {
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
        switch (heapType, isNullable) {
        case (.function, true): "funcref"
        case (.external, true): "externref"
        case (.function, false): "(ref func)"
        case (.external, false): "(ref extern)"
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
            return "table \(type.limits) \(type.element)"
        case .memory(let type):
            return "memory \(type.limits)"
        case .global(let type):
            return type.isMutable ? "global (mut \(type.value))" : "global \(type.value)"
        }
    }
}

extension SizeLimits: CustomStringConvertible {
    /// The minimum, then the maximum when there is one.
    public var description: String {
        maximum.map { "\(minimum) \($0)" } ?? "\(minimum)"
    }
}
