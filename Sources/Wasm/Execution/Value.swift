/// A WebAssembly value as the host sees it. Core specification §4.2.1
public enum Value: Hashable, Sendable {
    case i32(Int32)
    case i64(Int64)
    /// The bits of a 32-bit float: NaN payloads survive.
    case f32(bits: UInt32)
    /// The bits of a 64-bit float.
    case f64(bits: UInt64)
    case v128(V128)
    /// A function reference; nil is null. Only meaningful to instances that share tables.
    case functionReference(FunctionReference?)
    /// A host reference: any number below 2^61; nil is null.
    case externalReference(UInt64?)
    /// A reference of another kind, or one to an object that was converted to `extern`; nil is null.
    case anyReference(AnyReference?)

    /// The value's type.
    public var type: ValueType {
        switch self {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        case .v128: .v128
        case .functionReference: .functionReference
        case .externalReference: .externalReference
        case .anyReference(.object(let object)) where object.kind == .exception:
            .reference(ReferenceType(heapType: .exception, isNullable: true))
        case .anyReference: .reference(ReferenceType(heapType: .any, isNullable: true))
        }
    }

    /// The zero or null of a type; nil for types that the engine does not have.
    public static func zero(of type: ValueType) -> Value? {
        switch type {
        case .i32: .i32(0)
        case .i64: .i64(0)
        case .f32: .f32(bits: 0)
        case .f64: .f64(bits: 0)
        case .v128: .v128(V128())
        case .reference(let reference):
            null(of: reference.heapType)
        }
    }

    private static func null(of type: HeapType) -> Value {
        if type.isFunction { return .functionReference(nil) }
        return type == .external || type == .noExternal
            ? .externalReference(nil) : .anyReference(nil)
    }
}

/// A reference to a function of a live instance, opaque to the host.
///
/// Valid for as long as the instance that it came from lives.
public struct FunctionReference: Hashable, Sendable {
    let address: UInt
}

/// A 64-bit slot holds any value but a vector, which takes two: integers zero-extended, floats as bits, references as an
/// address (functions), or
/// with the kind in the lowest three bits: 1 small integers, 2 the host's numbers, 4 offsets in the heap. Zero is null.
extension Value {
    /// The value of a type in one slot or, for a vector, two.
    ///
    /// `heap` is where references to objects point into.
    init(_ slots: UnsafePointer<UInt64>, type: ValueType, heap: Heap?) {
        if case .v128 = type {
            self = .v128(V128(low: unsafe slots[0], high: unsafe slots[1]))
        } else {
            self.init(slot: unsafe slots[0], type: type, heap: heap)
        }
    }

    /// Writes the value to one slot or, for a vector, two; answers how many.
    @discardableResult
    func store(to slots: UnsafeMutablePointer<UInt64>) -> Int {
        unsafe slots[0] = slot
        guard case .v128(let vector) = self else { return 1 }
        unsafe slots[1] = vector.high
        return 2
    }

    init(slot: UInt64, type: ValueType, heap: Heap?) {
        switch type {
        case .i32:
            self = .i32(Int32(truncatingIfNeeded: slot))
        case .i64:
            self = .i64(Int64(bitPattern: slot))
        case .f32:
            self = .f32(bits: UInt32(truncatingIfNeeded: slot))
        case .f64:
            self = .f64(bits: slot)
        case .v128:
            self = .v128(V128(low: slot))
        case .reference(let reference) where reference.heapType.isFunction:
            let address = UInt(truncatingIfNeeded: slot)
            self = .functionReference(address == 0 ? nil : FunctionReference(address: address))
        case .reference(let reference):
            self = Self.reference(slot, reference.heapType, heap)
        }
    }

    private static func reference(_ slot: UInt64, _ type: HeapType, _ heap: Heap?) -> Value {
        switch slot & 7 {
        case 0 where slot == 0: return null(of: type)
        case 1: return .anyReference(.i31(UInt32(truncatingIfNeeded: slot >> 32)))
        case Heap.tag:
            guard let heap else { return null(of: type) }
            return .anyReference(.object(HeapObject(slot, in: heap)))
        default:
            return type == .external
                ? .externalReference(slot >> 3) : .anyReference(.host(slot >> 3))
        }
    }

    /// The value's slot; the low half of a vector.
    var slot: UInt64 {
        switch self {
        case .i32(let value): UInt64(UInt32(bitPattern: value))
        case .i64(let value): UInt64(bitPattern: value)
        case .f32(let bits): UInt64(bits)
        case .f64(let bits): bits
        case .v128(let vector): vector.low
        case .functionReference(let reference): UInt64(reference?.address ?? 0)
        case .externalReference(let reference): Self.hostSlot(reference)
        case .anyReference(.i31(let bits)): UInt64(bits & 0x7FFF_FFFF) << 32 | 1
        case .anyReference(.host(let number)): Self.hostSlot(number)
        case .anyReference(.object(let object)): object.slot
        case .anyReference(nil): 0
        }
    }

    private static func hostSlot(_ number: UInt64?) -> UInt64 { number.map { $0 << 3 | 2 } ?? 0 }

    /// Whether the value belongs to a type; objects have to be in the heap of the instance that it
    /// is passed to.
    func belongs(to type: ValueType, heap: Heap) -> Bool {
        guard case .reference(let reference) = type else { return self.type == type }
        if slot == 0 {
            switch self {
            case .functionReference(nil):
                return reference.isNullable && reference.heapType.isFunction
            case .externalReference(nil), .anyReference(nil):
                return reference.isNullable && !reference.heapType.isFunction
            default: return false
            }
        }
        switch self {
        case .functionReference:
            guard reference.heapType.isFunction else { return false }
        case .externalReference:
            return reference.heapType == .external
        case .anyReference(let value):
            if case .object(let object)? = value {
                guard object.heap === heap else { return false }
                if object.kind == .exception { return reference.heapType == .exception }
            }
            guard reference.heapType != .exception else { return false }
            if reference.heapType == .external { return true }
        default:
            return false
        }
        let target = ReferenceTarget(reference, typeIDs: [])
        return unsafe target.contains(slot, heapBase: heap.base)
    }
}
