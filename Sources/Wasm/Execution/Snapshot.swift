/// The state of an instance at one moment: memories, globals, tables and dropped segments.
///
/// Immutable and safe to share: any number of instances can be made from it at once.
public final class Snapshot: Sendable {
    /// The module, with its imports resolved.
    public let linked: LinkedModule

    let memories: [MemoryImage]
    /// The slots of the globals.
    let globals: [Content]
    let tables: [[Content]]
    let droppedData: [Bool]
    let droppedElements: [Bool]
    /// The numbers of the tags that the module defines, which captured exceptions carry.
    let tags: [UInt64]
    /// The heap, when anything was in it.
    let heap: CapturedHeap?

    /// What a global or a table element holds, independent of where an instance lies.
    enum Content: Sendable {
        /// A reference to a function of the instance, by record slot.
        case function(Int)
        /// Anything else: a number, null, a host's reference, or another instance's function.
        case bits(UInt64)
    }

    init(
        linked: LinkedModule,
        memories: [MemoryImage],
        globals: [Content],
        tables: [[Content]],
        droppedData: [Bool],
        droppedElements: [Bool],
        tags: [UInt64],
        heap: CapturedHeap?
    ) {
        self.linked = linked
        self.memories = memories
        self.globals = globals
        self.tables = tables
        self.droppedData = droppedData
        self.droppedElements = droppedElements
        self.tags = tags
        self.heap = heap
    }

    /// What the image holds in bytes, shared by all instances made from it.
    public var byteCount: Int {
        memories.reduce(0) { $0 + $1.storedByteCount } + globals.count
            * MemoryLayout<Content>.stride
            + tables.reduce(0) { $0 + $1.count * MemoryLayout<Content>.stride }
            + (heap?.image.bytes.count ?? 0)
    }
}
