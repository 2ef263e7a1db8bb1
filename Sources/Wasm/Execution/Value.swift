/// A WebAssembly value as the host sees it. Core specification §4.2.1
public enum Value: Hashable, Sendable {
    case i32(Int32)
    case i64(Int64)
    /// The bits of a 32-bit float: NaN payloads survive.
    case f32(bits: UInt32)
    /// The bits of a 64-bit float.
    case f64(bits: UInt64)
    /// A function reference; nil is null. Only meaningful to instances that share tables.
    case functionReference(FunctionReference?)
    /// A host reference: any number below `UInt64.max`; nil is null.
    case externalReference(UInt64?)

    /// The value's type.
    public var type: ValueType {
        switch self {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        case .functionReference: .functionReference
        case .externalReference: .externalReference
        }
    }

    /// The zero or null of a type; nil for types that the engine does not have.
    public static func zero(of type: ValueType) -> Value? {
        switch type {
        case .i32: .i32(0)
        case .i64: .i64(0)
        case .f32: .f32(bits: 0)
        case .f64: .f64(bits: 0)
        case .v128: nil
        case .reference(let reference):
            reference.heapType.isFunction ? .functionReference(nil) : .externalReference(nil)
        }
    }
}

/// A reference to a function of a live instance, opaque to the host.
///
/// Valid for as long as the instance that it came from lives.
public struct FunctionReference: Hashable, Sendable {
    let address: UInt
}

/// A 64-bit slot holds any value: integers zero-extended, floats as bits, references as an
/// address (functions) or a number plus one (host references), so that zero is null.
extension Value {
    init(slot: UInt64, type: ValueType) {
        switch type {
        case .i32:
            self = .i32(Int32(truncatingIfNeeded: slot))
        case .i64:
            self = .i64(Int64(bitPattern: slot))
        case .f32:
            self = .f32(bits: UInt32(truncatingIfNeeded: slot))
        case .f64, .v128:
            self = .f64(bits: slot)
        case .reference(let reference) where reference.heapType.isFunction:
            let address = UInt(truncatingIfNeeded: slot)
            self = .functionReference(address == 0 ? nil : FunctionReference(address: address))
        case .reference:
            self = .externalReference(slot == 0 ? nil : slot &- 1)
        }
    }

    var slot: UInt64 {
        switch self {
        case .i32(let value): UInt64(UInt32(bitPattern: value))
        case .i64(let value): UInt64(bitPattern: value)
        case .f32(let bits): UInt64(bits)
        case .f64(let bits): bits
        case .functionReference(let reference): UInt64(reference?.address ?? 0)
        case .externalReference(let reference): reference.map { $0 &+ 1 } ?? 0
        }
    }
}
