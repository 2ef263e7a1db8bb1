/// What executing code touches of an instance, at fixed offsets in one raw block.
///
/// The interpreter reads it without retain counts or exclusivity checks.
@safe
struct InstanceContext {
    /// Memory 0, or an empty one.
    var memory: UnsafeMutablePointer<LinearMemory.Fields>
    /// Where stores to the memory in use need not be noted.
    var storeWindow = StoreWindow.none
    /// Whether that is another memory than 0.
    var usesOtherMemory = false
    /// All memories, memory 0 among them.
    var memories: UnsafeMutablePointer<UnsafeMutablePointer<LinearMemory.Fields>>
    /// The globals that the module defines.
    var globals: UnsafeMutablePointer<UInt64>
    /// Where imported globals lie.
    var importedGlobals: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>
    var tables: UnsafeMutablePointer<UnsafeMutablePointer<TableStorage.Fields>>
    /// Records of the functions that calls and references go through.
    var functions: UnsafeMutablePointer<FunctionRecord.Fields>
    /// Where the objects of the instance's heap lie.
    var heapBase: UnsafeMutableRawPointer
    /// Whether a table was written since it was last restored.
    var tablesAreDirty: Bool
    /// The instance itself, which owns this block.
    var instance: Unmanaged<Instance>
}

/// A pointer to the context of a live instance.
@safe
struct ContextPointer {
    // SAFETY: the instance owns the block; executions keep the instance alive.
    let base: UnsafeMutablePointer<InstanceContext>

    init(_ base: UnsafeMutablePointer<InstanceContext>) { unsafe self.base = base }

    @inline(__always)
    var memory: LinearMemory { unsafe LinearMemory(base.pointee.memory) }

    @inline(__always)
    func memory(_ index: UInt16) -> LinearMemory {
        unsafe LinearMemory(base.pointee.memories[Int(index)])
    }

    /// Where stores to the memory in use need not be noted.
    @inline(__always)
    var storeWindow: StoreWindow {
        get { unsafe base.pointee.storeWindow }
        nonmutating set { unsafe base.pointee.storeWindow = newValue }
    }

    /// Answers a memory, which is in use from now on.
    ///
    /// Other memories than 0 need nothing noted.
    func use(_ index: UInt16) -> LinearMemory {
        let memory = memory(index)
        storeWindow = index == 0 ? .none : StoreWindow(0..<Int(memory.byteCount))
        unsafe base.pointee.usesOtherMemory = index != 0
        return memory
    }

    /// Puts memory 0 into use, with nothing noted that needs to be.
    func useFirstMemory() {
        storeWindow = .none
        unsafe base.pointee.usesOtherMemory = false
    }

    /// Notes a store to the memory in use, and opens the window there; false when it lies outside the memory.
    func note(_ store: (address: UInt64, byteCount: Int)) -> Bool {
        guard unsafe !base.pointee.usesOtherMemory,
            let window = memory.note(store.address, count: UInt64(store.byteCount))
        else { return false }
        storeWindow = window
        return true
    }

    func memory(_ index: UInt32) -> LinearMemory {
        unsafe LinearMemory(base.pointee.memories[Int(index)])
    }

    var heapBase: UnsafeMutableRawPointer {
        get { unsafe base.pointee.heapBase }
        nonmutating set { unsafe base.pointee.heapBase = newValue }
    }

    /// The object that a reference, not null, denotes.
    @inline(__always)
    func object(_ reference: UInt64) -> ObjectPointer {
        unsafe ObjectPointer(base.pointee.heapBase + Int(truncatingIfNeeded: reference & ~7))
    }

    @inline(__always)
    var globals: Slots { unsafe Slots(base: base.pointee.globals) }

    @inline(__always)
    var importedGlobals: SlotReferences {
        unsafe SlotReferences(base: base.pointee.importedGlobals)
    }

    @inline(__always)
    func table(_ index: UInt16) -> TableStorage { table(Int(index)) }

    @inline(__always)
    func table(_ index: Int) -> TableStorage { unsafe TableStorage(base.pointee.tables[index]) }

    @inline(__always)
    var functions: FunctionRecords { unsafe FunctionRecords(base: base.pointee.functions) }

    @inline(__always)
    func functionReference(_ slot: Int) -> UInt64 {
        unsafe UInt64(UInt(bitPattern: base.pointee.functions + slot))
    }

    var tablesAreDirty: Bool {
        get { unsafe base.pointee.tablesAreDirty }
        nonmutating set { unsafe base.pointee.tablesAreDirty = newValue }
    }

    var instance: Instance {
        unsafe base.pointee.instance.takeUnretainedValue()
    }

    /// A host function, which the instance keeps.
    func hostFunction(_ index: Int) -> Unmanaged<HostFunction> {
        unsafe base.pointee.instance._withUnsafeGuaranteedRef {
            unsafe .passUnretained($0.hostFunctions[index])
        }
    }

    func dropData(_ segment: Int) { instance.droppedData[segment] = true }

    func dropElements(_ segment: Int) { instance.dropElements(segment) }
}

/// 64-bit slots whose indices the translator has checked.
@safe
struct Slots {
    // SAFETY: the instance allocated as many slots as the module's globals take.
    let base: UnsafeMutablePointer<UInt64>

    @inline(__always)
    subscript(index: Int) -> UInt64 {
        get { unsafe base[index] }
        nonmutating set { unsafe base[index] = newValue }
    }

    /// The vector in a slot and the next.
    subscript(vector index: Int) -> V128 {
        get { V128(low: unsafe base[index], high: unsafe base[index + 1]) }
        nonmutating set {
            unsafe base[index] = newValue.low
            unsafe base[index + 1] = newValue.high
        }
    }
}

/// Slots that lie in other instances.
@safe
struct SlotReferences {
    // SAFETY: as for `Slots`; the instance retains the owners of the slots.
    let base: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>

    @inline(__always)
    subscript(index: Int) -> UInt64 {
        get { unsafe base[index].pointee }
        nonmutating set { unsafe base[index].pointee = newValue }
    }

    /// A global that is a vector.
    subscript(vector index: Int) -> V128 {
        get { unsafe Slots(base: base[index])[vector: 0] }
        nonmutating set { unsafe Slots(base: base[index])[vector: 0] = newValue }
    }
}

/// The function records of an instance, by slot.
@safe
struct FunctionRecords {
    // SAFETY: the instance allocated as many records as the module has record slots.
    let base: UnsafeMutablePointer<FunctionRecord.Fields>

    @inline(__always)
    subscript(index: Int) -> FunctionRecord { unsafe FunctionRecord(base + index) }
}

/// What a function reference points to: code, and the instance that it belongs to.
@safe
struct FunctionRecord {
    @safe
    struct Fields {
        /// The code; null for a host function.
        var code: UnsafeMutablePointer<FunctionCode.Fields>?
        /// The instance that the function runs in; for a host function the one that imports it.
        var context: UnsafeMutablePointer<InstanceContext>
        /// The id of the function's type.
        var type: UInt32
        /// The index among the host functions of the instance of `context`.
        var host: UInt32
    }

    // SAFETY: points into the records of a live instance.
    let fields: UnsafeMutablePointer<Fields>

    init(_ fields: UnsafeMutablePointer<Fields>) { unsafe self.fields = fields }

    /// The record that a reference denotes; nil for null.
    @inline(__always)
    init?(reference: UInt64) {
        let address = UInt(truncatingIfNeeded: reference)
        guard let fields = unsafe UnsafeMutablePointer<Fields>(bitPattern: address) else {
            return nil
        }
        unsafe self.fields = fields
    }

    @inline(__always)
    var code: FunctionCode? {
        guard let code = unsafe fields.pointee.code else { return nil }
        return unsafe FunctionCode(code)
    }

    @inline(__always)
    var context: ContextPointer { unsafe ContextPointer(fields.pointee.context) }

    var host: Int { Int(unsafe fields.pointee.host) }

    var address: UInt64 { UInt64(UInt(bitPattern: unsafe fields)) }

    /// Whether the function has the type with an id, or a subtype.
    @inline(__always)
    func hasType(_ id: UInt32) -> Bool {
        let type = unsafe fields.pointee.type
        return type == id || Self.isSubtype(type, of: id)
    }

    @inline(never)
    private static func isSubtype(_ id: UInt32, of other: UInt32) -> Bool {
        TypeRegistry.shared.isSubtype(Int(id), of: Int(other))
    }
}

extension ContextPointer: Equatable {
    @inline(__always)
    static func == (left: ContextPointer, right: ContextPointer) -> Bool {
        unsafe left.base == right.base
    }
}
