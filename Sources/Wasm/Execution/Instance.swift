public import Linux

/// How much an instance may use.
public struct InstanceLimits: Sendable {
    /// The most bytes that the memories of an instance may have together.
    ///
    /// Growth beyond is answered with -1; a module whose memories are larger from the start is not
    /// instantiated. More than 4 TiB is taken as 4 TiB.
    public var memoryBytesMax = 128 << 20

    /// The most elements that a table may have.
    public var tableElementsMax = 131_072

    /// The most elements that the tables of an instance may have together.
    public var tableElementsTotalMax = 524_288

    /// The most bytes that structures, arrays and exceptions may take, beside memories.
    public var heapBytesMax = 64 << 20

    /// The default limits.
    public init() {}

    /// The default limits with another limit for memories.
    public init(memoryBytesMax: Int) { self.memoryBytesMax = memoryBytesMax }
}

/// Why a linked module could not be instantiated.
public enum InstantiationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A memory's minimum size exceeds what the limit leaves; both in bytes.
    case memoryTooLarge(UInt64, limit: Int)
    /// A table's minimum size exceeds the limit; both in elements.
    case tableTooLarge(UInt64, limit: Int)
    /// All tables together have more elements than the limit.
    case tablesTooLarge(limit: Int)
    /// An active segment lies outside its memory or table.
    case segmentOutOfBounds(Trap.Kind, offset: Int)
    /// Constant expressions make more objects than the heap's limit allows, in bytes.
    case heapExhausted(limit: Int)
    /// What is imported comes from instances with different heaps.
    case heapsDiffer
    /// The system refused to reserve memory.
    case system(SystemError)

    /// The error with its numbers.
    public var description: String {
        switch self {
        case .memoryTooLarge(let bytes, let limit):
            "memory of \(bytes) bytes exceeds the limit of \(limit) bytes"
        case .tableTooLarge(let elements, let limit):
            "table of \(elements) elements exceeds the limit of \(limit) elements"
        case .tablesTooLarge(let limit):
            "the tables together exceed the limit of \(limit) elements"
        case .segmentOutOfBounds(let kind, let offset):
            "\(kind), by the segment at byte 0x" + String(offset, radix: 16)
        case .heapExhausted(let limit):
            "objects made by constant expressions exceed the heap's limit of \(limit) bytes"
        case .heapsDiffer:
            "imports come from instances that do not share a heap"
        case .system(let error):
            error.description
        }
    }
}

/// A module's instance: its memories, tables and globals. Core specification §4.2.5
///
/// Used by one thread at a time.
@safe
public final class Instance: @unchecked Sendable {
    let linked: LinkedModule
    let memories: [Memory]
    let tables: [Table]
    let tags: [Tag]
    let hostFunctions: [HostFunction]
    var droppedData: [Bool]
    var droppedElements: [Bool]
    /// Where the instance's structures, arrays and exceptions are.
    let heap: Heap
    /// The values of element segments whose expressions make objects, by segment, until dropped.
    var elementValues: [Int: SlotList] = [:]

    // SAFETY: allocated by `init` with the elements for the globals, records and so on that the module
    // declares, never moved, freed by `deinit`.
    let context: ContextPointer
    private let memoryViews: UnsafeMutablePointer<UnsafeMutablePointer<LinearMemory.Fields>>
    private let globals: UnsafeMutablePointer<UInt64>
    private let importedGlobals: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>
    private let tableFields: UnsafeMutablePointer<UnsafeMutablePointer<TableStorage.Fields>>
    private let records: UnsafeMutablePointer<FunctionRecord.Fields>
    private let emptyMemory: UnsafeMutablePointer<LinearMemory.Fields>

    /// The module.
    public var module: Module { linked.module }

    /// Whether the module names a start function, which `Execution(start:)` runs.
    public var hasStart: Bool { module.structure.start != nil }

    /// The size of all memories in bytes, the largest since the instance was made or reset: memories
    /// do not shrink.
    public var memoryByteCount: Int { memories.reduce(0) { $0 + $1.byteCount } }

    /// What the instance took for itself alone when it was last made from a snapshot or reset, in bytes:
    /// the pages of its memories that it does not share, and about what its tables and records take.
    public var privateByteCount: Int {
        let tableBytes = definedTables.reduce(0) { $0 + $1.count * 8 }
        return definedMemories.reduce(0) { $0 + $1.privateByteCount } + tableBytes
            + module.recordFunctions.count * MemoryLayout<FunctionRecord.Fields>.stride
            + Self.overheadBytes
    }

    /// What an instance takes besides, as measured by `scripts/bench/engine`.
    private static let overheadBytes = 6 << 10

    /// Whether growing a memory failed because of the limit since the instance was made or reset.
    public var growthWasRefused: Bool { memories.contains { $0.growthWasRefused } }

    /// Instantiates a module without running its start function: evaluates globals, then copies active
    /// segments. Core specification §4.5.4
    ///
    /// Instances share the heap of those they import from; without any, and when none is given, the
    /// instance has a heap of its own.
    public convenience init(
        _ linked: LinkedModule,
        limits: InstanceLimits = InstanceLimits(),
        heap: Heap? = nil
    ) throws(InstantiationError) {
        try self.init(allocating: linked, limits: limits, heap: heap, tagIDs: nil)
        try initialize()
    }

    /// Makes an instance in a captured state, without running anything.
    public convenience init(
        _ snapshot: Snapshot,
        limits: InstanceLimits = InstanceLimits()
    ) throws(InstantiationError) {
        try self.init(allocating: snapshot.linked, limits: limits, heap: nil, tagIDs: snapshot.tags)
        if let image = snapshot.heap { heap.restore(relocated(image)) }
        do throws(SystemError) {
            for (memory, image) in zip(definedMemories, snapshot.memories) {
                try memory.load(image)
            }
        } catch {
            throw .system(error)
        }
        restoreExceptMemories(snapshot)
        restoreTables(snapshot)
    }

    /// Allocates everything; globals are zero, tables null and memories empty.
    private init(
        allocating linked: LinkedModule,
        limits: InstanceLimits,
        heap: Heap?,
        tagIDs: [UInt64]?
    ) throws(InstantiationError) {
        let heap =
            try Self.sharedHeap(linked.externals, heap) ?? Heap(byteCountMax: limits.heapBytesMax)
        self.heap = heap
        let structure = linked.module.structure
        self.linked = linked
        var memories: [Memory] = []
        var tables: [Table] = []
        var hosts: [HostFunction] = []
        var tags: [Tag] = []
        for external in linked.externals {
            switch external {
            case .memory(let memory): memories.append(memory)
            case .table(let table): tables.append(table)
            case .host(let function): hosts.append(function)
            case .tag(let tag): tags.append(tag)
            default: continue
            }
        }
        let budget = InstanceBudget(limit: limits.memoryBytesMax)
        let tableBudget = InstanceBudget(limit: limits.tableElementsTotalMax)
        for type in structure.memories { memories.append(try Self.make(type, budget)) }
        for index in structure.tables.indices {
            let type = linked.module.tableType(structure.importedTableCount + index)
            tables.append(try Self.make(type, limits, tableBudget))
        }
        self.memories = memories
        self.tables = tables
        for (index, type) in structure.tags.enumerated() {
            tags.append(Tag(type, of: linked.module, id: tagIDs?[index]))
        }
        self.tags = tags
        self.hostFunctions = hosts
        self.droppedData = [Bool](repeating: false, count: structure.dataSegments.count)
        self.droppedElements = [Bool](repeating: false, count: structure.elements.count)

        unsafe self.memoryViews = .allocate(capacity: max(memories.count, 1))
        for (index, memory) in memories.enumerated() {
            unsafe (memoryViews + index).initialize(to: memory.fields)
            // Only memory 0 of the instance that it belongs to is written through a window.
            if index > 0 || index < structure.importedMemoryCount { memory.neverTellPagesApart() }
        }
        let globalSlotCount = max(linked.module.layouts.globalSlotCount, 1)
        unsafe self.globals = .allocate(capacity: globalSlotCount)
        unsafe globals.initialize(repeating: 0, count: globalSlotCount)
        unsafe self.importedGlobals = .allocate(capacity: max(structure.importedGlobalCount, 1))
        unsafe self.tableFields = .allocate(capacity: max(tables.count, 1))
        unsafe self.records = .allocate(capacity: max(linked.module.recordFunctions.count, 1))
        unsafe self.emptyMemory = .allocate(capacity: 1)
        let context = UnsafeMutablePointer<InstanceContext>.allocate(capacity: 1)
        unsafe self.context = ContextPointer(context)
        unsafe emptyMemory.initialize(
            to: LinearMemory.Fields(base: UnsafeMutableRawPointer(emptyMemory), byteCount: 0)
        )
        unsafe context.initialize(
            to: InstanceContext(
                memory: memories.first?.fields ?? emptyMemory,
                memories: memoryViews,
                globals: globals,
                importedGlobals: importedGlobals,
                tables: tableFields,
                functions: records,
                heapBase: heap.base,
                tablesAreDirty: false,
                instance: Unmanaged.passUnretained(self)
            )
        )
        fillImports()
        for external in linked.externals { external.heap = heap }
        for table in tables { table.heap = heap }
        heap.register(self)
    }

    /// The heap that the imports and the caller agree on; nil when none of them has one.
    private static func sharedHeap(
        _ externals: [Imports.External],
        _ given: Heap?
    ) throws(InstantiationError) -> Heap? {
        var heap = given
        for external in externals {
            guard let other = external.heap else { continue }
            guard heap == nil || heap === other else { throw .heapsDiffer }
            heap = other
        }
        return heap
    }

    deinit {
        heap.unregister(self)
        unsafe context.base.deallocate()
        unsafe memoryViews.deallocate()
        unsafe globals.deallocate()
        unsafe importedGlobals.deallocate()
        unsafe tableFields.deallocate()
        unsafe records.deallocate()
        unsafe emptyMemory.deallocate()
    }

    private static func make(
        _ type: MemoryType,
        _ budget: InstanceBudget
    ) throws(InstantiationError) -> Memory {
        do throws(SystemError) {
            if let memory = try Memory(type, budget: budget) { return memory }
        } catch {
            throw .system(error)
        }
        let bytes = type.limits.minimum.multipliedReportingOverflow(by: UInt64(MemoryType.pageSize))
        throw .memoryTooLarge(
            bytes.overflow ? .max : bytes.partialValue,
            limit: budget.limit
        )
    }

    private static func make(
        _ type: TableType,
        _ limits: InstanceLimits,
        _ budget: InstanceBudget
    ) throws(InstantiationError) -> Table {
        let countMax = limits.tableElementsMax
        guard type.limits.minimum <= UInt64(countMax) else {
            throw .tableTooLarge(type.limits.minimum, limit: countMax)
        }
        guard let table = Table(type, countMax: countMax, initial: 0, budget: budget) else {
            throw .tablesTooLarge(limit: budget.limit)
        }
        return table
    }

    private func fillImports() {
        let module = linked.module
        let structure = module.structure
        var globalCount = 0
        var hostCount: UInt32 = 0
        var functions: [Imports.External] = []
        for external in linked.externals {
            switch external {
            case .global(let global):
                unsafe (importedGlobals + globalCount).initialize(to: global.slot)
                globalCount += 1
            case .host, .function:
                functions.append(external)
            default:
                continue
            }
        }
        for (index, table) in tables.enumerated() {
            unsafe (tableFields + index).initialize(to: table.storage.fields)
            if index < structure.importedTableCount { table.retain(self) }
        }
        for (slot, function) in module.recordFunctions.enumerated() {
            let index = Int(function)
            let type = module.typeID(structure.functionTypeIndices[index])
            let record: FunctionRecord.Fields
            if index >= structure.importedFunctionCount {
                let code = module.code(index - structure.importedFunctionCount)
                record = unsafe FunctionRecord.Fields(
                    code: code.fields,
                    context: context.base,
                    type: type,
                    host: 0
                )
            } else if case .function(let instance, let original) = functions[index] {
                record = unsafe instance.record(of: original).fields.pointee
            } else {
                record = unsafe FunctionRecord.Fields(
                    code: nil,
                    context: context.base,
                    type: type,
                    host: hostCount
                )
                hostCount += 1
            }
            unsafe (records + slot).initialize(to: record)
        }
    }

    // MARK: - Access

    /// The record of a function that has one: an import, an export, or one that can be referred to.
    func record(of function: Int) -> FunctionRecord {
        context.functions[Int(module.recordSlots[function])]
    }

    /// An exported memory; nil when there is none of that name.
    public func memory(named name: String) -> Memory? {
        guard case .memory(let index)? = module.exportsByName[Name(name)] else { return nil }
        return memories[Int(index)]
    }

    /// An exported global; nil when there is none of that name.
    public func global(named name: String) -> Global? {
        guard case .global(let index)? = module.exportsByName[Name(name)] else { return nil }
        return global(Int(index))
    }

    func global(_ index: Int) -> Global {
        let imported = module.structure.importedGlobalCount
        guard index < imported else {
            let type = module.globalType(index)
            let slot = Int(module.layouts.globals[index - imported])
            return unsafe Global(type, slot: globals + slot, owner: self)
        }
        let globals = linked.externals.compactMap { external in
            if case .global(let global) = external { global } else { nil }
        }
        return globals[index]
    }

    /// Where a global lies.
    func globalAddress(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        let imported = module.structure.importedGlobalCount
        return unsafe index < imported
            ? importedGlobals[index] : globals + Int(module.layouts.globals[index - imported])
    }

    /// The value of any global, for constant expressions.
    func globalSlot(_ index: Int) -> UInt64 {
        let imported = module.structure.importedGlobalCount
        return index < imported
            ? context.importedGlobals[index]
            : context.globals[Int(module.layouts.globals[index - imported])]
    }

    /// The value of a global that is a vector, for constant expressions.
    func globalVector(_ index: Int) -> V128 {
        let imported = module.structure.importedGlobalCount
        return index < imported
            ? context.importedGlobals[vector: index]
            : context.globals[vector: Int(module.layouts.globals[index - imported])]
    }

    private var definedMemories: ArraySlice<Memory> {
        memories.dropFirst(module.structure.importedMemoryCount)
    }

    private var definedTables: ArraySlice<Table> {
        tables.dropFirst(module.structure.importedTableCount)
    }

    // MARK: - Snapshots

    /// Copies the state: memories, globals, tables and dropped segments that the instance owns.
    ///
    /// With `base`, the snapshot that the instance was made from, only what differs from it is copied, and
    /// the rest shared with it. Only while no execution of the instance is under way, or it waits.
    public func capture(over base: Snapshot? = nil) -> Snapshot {
        let images = base.map { base in
            zip(definedMemories, base.memories).map { $0.capture(over: $1) }
        }
        let tables =
            base != nil && !context.tablesAreDirty ? base?.tables : nil
        return Snapshot(
            linked: linked,
            memories: images ?? definedMemories.map { $0.capture() },
            globals: capturedGlobals,
            tables: tables
                ?? definedTables.map { table in
                    table.elements.map { content($0, of: .reference(table.type.element)) }
                },
            droppedData: droppedData,
            droppedElements: droppedElements,
            tags: tags.dropFirst(module.structure.importedTagCount).map(\.id),
            heap: capturedHeap
        )
    }

    /// What the slots of the globals hold.
    private var capturedGlobals: [Snapshot.Content] {
        var slot = 0
        var contents: [Snapshot.Content] = []
        for definition in module.structure.globals {
            let type = definition.type.value
            for _ in 0..<type.slotCount {
                contents.append(content(context.globals[slot], of: type))
                slot += 1
            }
        }
        return contents
    }

    /// Puts back the state that a snapshot of this module captured.
    ///
    /// Costs what was dirtied since: pages of memory that were written, and tables if they were. Only
    /// while no execution of the instance is under way.
    ///
    /// A memory that has more than `byteCountKept` bytes of its own afterwards is released, as by ``release(_:)``.
    public func reset(
        to snapshot: Snapshot,
        releasingBeyond byteCountKept: Int = .max
    ) {
        precondition(snapshot.linked === linked)
        for (memory, image) in zip(definedMemories, snapshot.memories) {
            memory.restore(image, releasingBeyond: byteCountKept)
        }
        context.useFirstMemory()
        heap.restore(snapshot.heap.map(relocated))
        restoreExceptMemories(snapshot)
        if context.tablesAreDirty { restoreTables(snapshot) }
    }

    /// Whether pages of a memory are with the kernel, until ``reclaim(_:)``: nothing may run meanwhile.
    public var isReleased: Bool { definedMemories.contains { $0.isReleased } }

    /// Gives the pages of the memories of an instance that was reset to `snapshot` back to the kernel.
    public func release(_ snapshot: Snapshot) {
        precondition(snapshot.linked === linked)
        for (memory, image) in zip(definedMemories, snapshot.memories) { memory.release(image) }
    }

    /// Makes a released instance again what `snapshot`, to which it was reset, says.
    ///
    /// Costs what filling its memories does.
    public func reclaim(_ snapshot: Snapshot) {
        precondition(snapshot.linked === linked)
        for (memory, image) in zip(definedMemories, snapshot.memories) { memory.reclaim(image) }
    }

    private func restoreExceptMemories(_ snapshot: Snapshot) {
        for (index, content) in snapshot.globals.enumerated() {
            context.globals[index] = slot(of: content)
        }
        droppedData = snapshot.droppedData
        droppedElements = snapshot.droppedElements
        restoreElementValues(snapshot.heap)
    }

    private func restoreTables(_ snapshot: Snapshot) {
        for (table, elements) in zip(definedTables, snapshot.tables) {
            table.restore(elements.map(slot(of:)))
        }
        context.tablesAreDirty = false
    }

    func content(_ slot: UInt64, of type: ValueType) -> Snapshot.Content {
        guard case .reference(let reference) = type, module.types.isFunction(reference),
            isFunctionReference(slot)
        else { return .bits(slot) }
        let stride = UInt64(MemoryLayout<FunctionRecord.Fields>.stride)
        return .function(Int((slot - context.functionReference(0)) / stride))
    }

    /// Whether a slot, if it is a reference, refers to a function of this instance.
    func isFunctionReference(_ slot: UInt64) -> Bool {
        let first = context.functionReference(0)
        let stride = UInt64(MemoryLayout<FunctionRecord.Fields>.stride)
        return slot >= first && slot < first + UInt64(module.recordFunctions.count) * stride
    }

    func slot(of content: Snapshot.Content) -> UInt64 {
        switch content {
        case .function(let slot): context.functionReference(slot)
        case .bits(let bits): bits
        }
    }
}
