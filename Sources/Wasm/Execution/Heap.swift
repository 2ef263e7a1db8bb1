import Linux

/// Where structures, arrays and exceptions live. Core specification §4.2.13
///
/// Instances that are linked together share one heap, since they exchange references. The memory is
/// reserved at the first allocation and limited; objects do not move. A reference is the object's
/// offset with the tag 0b100, so that a copy of the bytes is a copy of the heap.
///
/// Used by one thread at a time: the one that runs an instance of the heap.
@safe
public final class Heap: @unchecked Sendable {
    /// The most bytes that objects may take.
    public let byteCountMax: Int

    // SAFETY: all offsets are below `byteCountMax`, for which the mapping has room, and the bitmaps
    // behind it have a bit for each eight of them.
    private var mapping: HeapMapping?
    private(set) var base: UnsafeMutableRawPointer = unsafe Heap.nowhere
    private(set) var starts = Bitmap.empty
    private(set) var marks = Bitmap.empty

    /// Objects are placed from here on, up to `spanEnd`.
    private var cursor = Heap.firstOffset
    private var spanEnd = Heap.firstOffset
    /// Where the search for the next free span goes on.
    private var searchPosition = Heap.firstOffset
    /// The end of what was ever used since the heap was last restored.
    private(set) var usedEnd = Heap.firstOffset
    private var allocatedSinceCollection = 0
    private var liveBytes = 0
    /// Whether a collection has ended while the present request waited for room.
    private var hasCollectedForRequest = false

    var collection = Collection()
    /// The instances whose globals, tables and segments are roots.
    private(set) var instances: [Registered<Instance>] = []
    /// The executions whose value stacks are roots.
    private(set) var executions: [Registered<Execution>] = []
    /// The execution that runs, or ran last.
    var current: ObjectIdentifier?
    /// Keeps the types of objects alive.
    private var modules: [Module] = []
    let pins = HeapPins()

    /// No object begins before this offset, so that no reference is null.
    static let firstOffset = 16
    /// The low bits of a reference to an object.
    static let tag: UInt64 = 0b100
    // SAFETY: never written or read: without objects there are no references.
    private nonisolated(unsafe) static let nowhere = UnsafeMutableRawPointer.allocate(
        byteCount: 64,
        alignment: 16
    )

    /// Makes an empty heap; it takes no memory before the first allocation.
    public init(byteCountMax: Int = 64 << 20) {
        self.byteCountMax = min(max(byteCountMax, 1 << 12), 1 << 31) / 4096 * 4096
    }

    /// What objects and free space between them take, in bytes.
    public var usedByteCount: Int { usedEnd - Self.firstOffset }

    // MARK: - Users

    /// Something that lives at least until it is unregistered.
    struct Registered<Object: AnyObject> {
        let id: ObjectIdentifier
        unowned let object: Object

        init(_ object: Object) {
            id = ObjectIdentifier(object)
            self.object = object
        }
    }

    func register(_ instance: Instance) {
        instances.append(Registered(instance))
        if !modules.contains(where: { $0 === instance.module }) { modules.append(instance.module) }
    }

    func unregister(_ instance: Instance) {
        let id = ObjectIdentifier(instance)
        instances.removeAll { $0.id == id }
    }

    func register(_ execution: Execution) { executions.append(Registered(execution)) }

    func unregister(_ execution: Execution) {
        let id = ObjectIdentifier(execution)
        executions.removeAll { $0.id == id }
    }

    // MARK: - Allocation

    /// What came of a request for memory.
    enum Allocation {
        /// The offset of a new object, all zero but for its header.
        case object(Int)
        /// Part of the work was done: the request is to be made again.
        case again
        case exhausted
    }

    /// Finds room for an object of a type.
    ///
    /// `mayCollect` says whether the caller's references are all where the collector finds them.
    func allocate(_ type: RuntimeType, byteCount: Int, mayCollect: Bool) -> Allocation {
        let size = max((byteCount + 7) / 8 * 8, 16)
        guard size <= byteCountMax - Self.firstOffset, reserve() else { return .exhausted }
        if collection.isUnderWay {
            guard mayCollect else { return .exhausted }
            guard continueCollection() else { return .again }
            hasCollectedForRequest = true
        } else if mayCollect, !hasCollectedForRequest,
            allocatedSinceCollection + size > max(liveBytes, Self.collectionBytesMin),
            allocatedSinceCollection > 0
        {
            beginCollection()
            return .again
        }
        guard cursor + size <= spanEnd || findSpan(size) else {
            guard mayCollect, !hasCollectedForRequest, allocatedSinceCollection > 0 else {
                hasCollectedForRequest = false
                return .exhausted
            }
            beginCollection()
            return .again
        }
        let offset = cursor
        cursor += size
        usedEnd = max(usedEnd, cursor)
        allocatedSinceCollection += size
        hasCollectedForRequest = false
        starts.set(offset)
        unsafe (base + offset).initializeMemory(as: UInt8.self, repeating: 0, count: size)
        unsafe (base + offset).storeBytes(
            of: UInt64(UInt(bitPattern: type.fields)),
            as: UInt64.self
        )
        return .object(offset)
    }

    /// As ``allocate(_:byteCount:mayCollect:)``, going on until there is an object or none can be.
    func allocateNow(_ type: RuntimeType, byteCount: Int, mayCollect: Bool) -> Int? {
        while true {
            switch allocate(type, byteCount: byteCount, mayCollect: mayCollect) {
            case .object(let offset): return offset
            case .again: continue
            case .exhausted: return nil
            }
        }
    }

    /// How much is allocated at least between two collections, in bytes.
    private static let collectionBytesMin = 1 << 20

    private func reserve() -> Bool {
        if mapping != nil { return true }
        guard let mapping = try? HeapMapping(byteCount: byteCountMax) else { return false }
        unsafe base = mapping.base
        starts = mapping.starts
        marks = mapping.marks
        self.mapping = consume mapping
        spanEnd = byteCountMax
        searchPosition = byteCountMax
        for instance in instances { unsafe instance.object.context.heapBase = base }
        return true
    }

    /// Takes the next free span that has room.
    private func findSpan(_ size: Int) -> Bool {
        while searchPosition < byteCountMax {
            let start = searchPosition
            let end = starts.next(from: start, below: usedEnd) ?? byteCountMax
            searchPosition = end < byteCountMax ? end + self.size(at: end) : byteCountMax
            if end - start >= size {
                (cursor, spanEnd) = (start, end)
                return true
            }
        }
        return false
    }

    /// Begins to look for free spans from the start: what is not marked is free now.
    func sweep(liveBytes: Int) {
        starts.formIntersection(marks, below: usedEnd)
        self.liveBytes = liveBytes
        allocatedSinceCollection = 0
        cursor = Self.firstOffset
        spanEnd = Self.firstOffset
        searchPosition = Self.firstOffset
    }

    // MARK: - Objects

    func type(at offset: Int) -> RuntimeType {
        let address = unsafe (base + offset).load(as: UInt.self)
        // SAFETY: every object begins with the address of its type.
        guard let fields = unsafe UnsafeMutablePointer<RuntimeType.Fields>(bitPattern: address)
        else { fatalError("an object has no type") }
        return unsafe RuntimeType(fields)
    }

    /// The size of an object in bytes, with its header and padding.
    func size(at offset: Int) -> Int {
        let type = type(at: offset)
        let byteCount: Int =
            switch type.kind {
            case .array: RuntimeType.elementsOffset + count(at: offset) * type.elementSize
            case .exception: Exception.payloadOffset + count(at: offset) * 8
            default: type.byteCount
            }
        return max((byteCount + 7) / 8 * 8, 16)
    }

    /// The number of an array's elements, or of an exception's slots.
    func count(at offset: Int) -> Int {
        Int(unsafe (base + offset + RuntimeType.headerBytes).load(as: UInt32.self))
    }

    /// Whether an object begins at an offset: decides what a slot of unknown type means.
    func isObject(_ offset: Int) -> Bool {
        offset >= Self.firstOffset && offset < usedEnd && offset & 7 == 0 && starts.contains(offset)
    }

    // MARK: - Images

    /// Copies the heap; nil when nothing was ever allocated.
    func capture() -> HeapImage? {
        guard mapping != nil, usedEnd > Self.firstOffset else { return nil }
        let bytes = unsafe [UInt8](
            UnsafeRawBufferPointer(start: base, count: (usedEnd + 7) / 8 * 8)
        )
        return HeapImage(bytes: bytes, starts: starts.words(below: usedEnd), usedEnd: usedEnd)
    }

    /// Puts back what an image holds, or nothing; takes time in proportion to what was used.
    func restore(_ image: HeapImage?) {
        collection = Collection()
        guard image != nil || mapping != nil, reserve() else { return }
        starts.clear(below: usedEnd)
        mapping?.discard(from: Self.residentBytesMax, to: usedEnd)
        cursor = Self.firstOffset
        if let image {
            unsafe image.bytes.withUnsafeBytes { source in
                guard let start = source.baseAddress else { return }
                unsafe base.copyMemory(from: start, byteCount: source.count)
            }
            starts.load(image.starts)
            cursor = (image.usedEnd + 7) / 8 * 8
        }
        usedEnd = cursor
        spanEnd = byteCountMax
        searchPosition = byteCountMax
        allocatedSinceCollection = 0
        liveBytes = usedByteCount
        hasCollectedForRequest = false
    }

    /// More than this is given back to the system when the heap is restored.
    private static let residentBytesMax = 1 << 20
}

/// A copy of a heap's bytes.
struct HeapImage: Sendable {
    var bytes: [UInt8]
    let starts: [UInt64]
    let usedEnd: Int
}

/// The reservation for objects, and behind it two bitmaps.
struct HeapMapping: ~Copyable {
    private let mapping: Mapping
    private let byteCount: Int

    init(byteCount: Int) throws(SystemError) {
        self.byteCount = byteCount
        mapping = try Mapping(byteCount: byteCount + 2 * (byteCount / 64))
    }

    var base: UnsafeMutableRawPointer { unsafe mapping.baseAddress }

    var starts: Bitmap { bitmap(0) }

    var marks: Bitmap { bitmap(1) }

    private func bitmap(_ index: Int) -> Bitmap {
        let start = unsafe mapping.baseAddress + byteCount + index * (byteCount / 64)
        return unsafe Bitmap(start.assumingMemoryBound(to: UInt64.self))
    }

    /// Gives back the pages between two offsets.
    func discard(from start: Int, to end: Int) {
        let page = Mapping.pageSize
        let first = start / page * page
        let last = min((end + page - 1) / page * page, byteCount)
        if last > first { mapping.discard(first..<last) }
    }
}
