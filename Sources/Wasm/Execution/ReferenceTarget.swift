/// The type that a reference is tested for, in one cell. Core specification §4.4.4
struct ReferenceTarget: RawRepresentable {
    /// In the lowest byte the abstract heap type's code or ``defined``; in bit 8 whether null
    /// belongs to the type; in the upper half a defined type's id.
    let rawValue: UInt64

    private static let defined: UInt64 = 0xFF

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ type: ReferenceType, typeIDs: [UInt32]) {
        let nullable: UInt64 = type.isNullable ? 1 << 8 : 0
        switch type.heapType {
        case .index(let index):
            rawValue = Self.defined | nullable | UInt64(typeIDs[Int(index)]) << 32
        case .defined(let type):
            rawValue = Self.defined | nullable | UInt64(type.id) << 32
        default:
            rawValue = UInt64(type.heapType.abstractCode) | nullable
        }
    }

    private var isNullable: Bool { rawValue & 1 << 8 != 0 }

    private var typeID: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

    private var abstract: HeapType? {
        let code = Int(rawValue & 0xFF)
        return code < HeapType.abstractTypes.count ? HeapType.abstractTypes[code] : nil
    }

    /// Whether a reference, of a type in the same hierarchy, has the type.
    @inline(never)
    func contains(_ slot: UInt64, heapBase: UnsafeMutableRawPointer) -> Bool {
        if slot == 0 { return isNullable }
        let kind = slot & 7
        if rawValue & 0xFF == Self.defined {
            guard kind == Heap.tag else {
                return kind == 0 && FunctionRecord(reference: slot)?.hasType(typeID) == true
            }
            return unsafe Self.type(slot, heapBase).isSubtype(of: typeID)
        }
        switch abstract {
        case .function, .external, .exception, .any: return true
        case .equal: return kind == 1 || kind == Heap.tag
        case .i31: return kind == 1
        case .structure:
            return kind == Heap.tag && (unsafe Self.type(slot, heapBase).kind) == .structure
        case .array: return kind == Heap.tag && (unsafe Self.type(slot, heapBase).kind) == .array
        default: return false
        }
    }

    private static func type(_ slot: UInt64, _ base: UnsafeMutableRawPointer) -> RuntimeType {
        let object = unsafe base + Int(truncatingIfNeeded: slot & ~7)
        // SAFETY: a slot with the heap's tag is the offset of an object, which begins with its type.
        return unsafe RuntimeType(object.load(as: UnsafeMutablePointer<RuntimeType.Fields>.self))
    }
}
