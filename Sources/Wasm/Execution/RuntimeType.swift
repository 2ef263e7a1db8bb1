/// What the heap has to know of an object's type, at a fixed address.
///
/// Core specification §4.2.13. Every object begins with a pointer to the type it was made with.
@safe
struct RuntimeType {
    enum Kind: UInt8 { case function, structure, array, exception }

    @safe
    struct Fields {
        /// The type's id among those of all modules.
        var id: UInt32
        var kind: Kind
        /// Whether elements of an array are references.
        var elementsAreReferences = false
        /// The size of an element of an array, in bytes.
        var elementSize: UInt32 = 0
        /// The size of a structure with its header, in bytes.
        var byteCount: UInt32 = 0
        /// How many fields of a structure are references, and where their offsets are.
        var referenceCount: UInt32 = 0
        var references: UnsafeMutablePointer<UInt32>?
        var supertype: UnsafeMutablePointer<Fields>?
    }

    // SAFETY: points into the types of a module that the heap, or the code that names it, keeps alive.
    let fields: UnsafeMutablePointer<Fields>

    init(_ fields: UnsafeMutablePointer<Fields>) { unsafe self.fields = fields }

    /// The type at an address that ``address`` gave; nil for zero.
    init?(address: UInt64) {
        let bits = UInt(truncatingIfNeeded: address)
        guard let fields = unsafe UnsafeMutablePointer<Fields>(bitPattern: bits) else { return nil }
        unsafe self.fields = fields
    }

    var address: UInt64 { UInt64(UInt(bitPattern: unsafe fields)) }

    var id: UInt32 { unsafe fields.pointee.id }

    var kind: Kind { unsafe fields.pointee.kind }

    var elementsAreReferences: Bool { unsafe fields.pointee.elementsAreReferences }

    var elementSize: Int { Int(unsafe fields.pointee.elementSize) }

    var byteCount: Int { Int(unsafe fields.pointee.byteCount) }

    /// Whether the type is the one with an id, or declared a subtype of it.
    @inline(__always)
    func isSubtype(of id: UInt32) -> Bool {
        unsafe fields.pointee.id == id || isProperSubtype(of: id)
    }

    @inline(never)
    private func isProperSubtype(of id: UInt32) -> Bool {
        var type = unsafe fields.pointee.supertype
        while let next = unsafe type {
            if unsafe next.pointee.id == id { return true }
            unsafe type = next.pointee.supertype
        }
        return false
    }

    /// The offset of a reference field of a structure, by its number among them.
    func referenceOffset(_ index: Int) -> Int {
        guard let references = unsafe fields.pointee.references else { return 0 }
        return Int(unsafe references[index])
    }

    var referenceCount: Int { Int(unsafe fields.pointee.referenceCount) }

    /// The size of the header: the pointer to the type.
    static let headerBytes = 8

    /// Where the elements of an array begin: after the header and the count.
    static let elementsOffset = 16
}

/// The runtime types of one module, by type index.
///
/// Immutable; made when the module is first instantiated, and kept by it.
@safe
final class RuntimeTypes: @unchecked Sendable {
    // SAFETY: allocated by `init`, unchanged since, and freed by `deinit`.
    private let types: UnsafeMutablePointer<RuntimeType.Fields>
    private let references: UnsafeMutablePointer<UInt32>
    private let count: Int

    /// Makes the types of a module; none when it has function types only.
    init(_ table: TypeTable) {
        let hasObjects = table.kinds.contains { $0 != .function }
        count = hasObjects ? table.types.count : 0
        unsafe types = .allocate(capacity: max(count, 1))
        let layouts = hasObjects ? table.types.map { StructureLayout($0.composite) } : []
        let total = layouts.reduce(0) { $0 + $1.references.count }
        unsafe references = .allocate(capacity: max(total, 1))
        var next = unsafe references
        for (index, type) in table.types.prefix(count).enumerated() {
            let layout = layouts[index]
            var fields = unsafe RuntimeType.Fields(
                id: table.registered.ids[index],
                kind: Self.kind(type.composite)
            )
            if case .array(let element) = type.composite {
                fields.elementSize = UInt32(element.storage.byteCount)
                fields.elementsAreReferences = element.storage.isReference
            }
            fields.byteCount = layout.byteCount
            fields.referenceCount = UInt32(layout.references.count)
            unsafe fields.references = next
            for offset in layout.references {
                unsafe next.initialize(to: offset)
                unsafe next += 1
            }
            if let supertype = type.supertypes.first {
                unsafe fields.supertype = types + Int(supertype)
            }
            unsafe (types + index).initialize(to: fields)
        }
    }

    deinit {
        unsafe types.deallocate()
        unsafe references.deallocate()
    }

    private static func kind(_ type: CompositeType) -> RuntimeType.Kind {
        switch type {
        case .function: .function
        case .structure: .structure
        case .array: .array
        }
    }

    subscript(index: Int) -> RuntimeType { unsafe RuntimeType(types + index) }
}

/// Where the fields of a structure lie in an object.
struct StructureLayout {
    /// The offset of every field from the object's start.
    private(set) var offsets: [UInt32] = []
    /// The offsets of the references among them.
    private(set) var references: [UInt32] = []
    /// The object's size with its header.
    private(set) var byteCount = UInt32(RuntimeType.headerBytes)

    /// Fields follow one another, aligned to their sizes: those of a subtype are where its supertype
    /// has them.
    ///
    /// Empty for types that are not structures.
    init(_ type: CompositeType) {
        guard case .structure(let fields) = type else { return }
        for field in fields {
            let size = UInt32(field.storage.byteCount)
            let alignment = min(size, 8)
            byteCount = (byteCount + alignment - 1) / alignment * alignment
            offsets.append(byteCount)
            if field.storage.isReference { references.append(byteCount) }
            byteCount += size
        }
    }
}

extension StorageType {
    /// The bytes that a field takes in an object.
    var byteCount: Int {
        switch self {
        case .i8: 1
        case .i16: 2
        case .value(.i32), .value(.f32): 4
        case .value(.v128): 16
        case .value: 8
        }
    }

    var isReference: Bool {
        if case .value(.reference) = self { return true }
        return false
    }
}
