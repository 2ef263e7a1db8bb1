/// Where a table's elements lie and how many there are now.
@safe
struct TableStorage {
    @safe
    struct Fields {
        var elements: UnsafeMutablePointer<UInt64>
        var count: UInt32
    }

    // SAFETY: points at the fields of a live table; `elements` has room for `count` elements.
    let fields: UnsafeMutablePointer<Fields>

    init(_ fields: UnsafeMutablePointer<Fields>) { unsafe self.fields = fields }

    @inline(__always)
    var count: UInt32 { unsafe fields.pointee.count }

    /// The element at an index; nil when it lies outside.
    @inline(__always)
    func load(_ index: UInt32) -> UInt64? {
        guard index < count else { return nil }
        return unsafe fields.pointee.elements[Int(index)]
    }

    /// Sets an element; false when it lies outside.
    @inline(__always)
    func store(_ value: UInt64, at index: UInt32) -> Bool {
        guard index < count else { return false }
        unsafe fields.pointee.elements[Int(index)] = value
        return true
    }

    /// Whether `length` elements from `start` on lie in the table.
    func contains(_ start: UInt32, count length: UInt32) -> Bool {
        UInt64(start) + UInt64(length) <= UInt64(count)
    }

    /// Sets elements that `contains` has checked.
    func fill(_ start: UInt32, count: UInt32, with value: UInt64) {
        unsafe (fields.pointee.elements + Int(start)).update(repeating: value, count: Int(count))
    }

    /// Copies elements that `contains` has checked, as if through a buffer.
    func copy(_ start: UInt32, from source: TableStorage, _ sourceStart: UInt32, count: UInt32) {
        let from = unsafe source.fields.pointee.elements + Int(sourceStart)
        unsafe (fields.pointee.elements + Int(start)).update(from: from, count: Int(count))
    }
}

/// A table. Core specification §4.2.8
///
/// Used by one thread at a time: the one that runs an instance it belongs to.
public final class Table: @unchecked Sendable {
    /// The table's type; the minimum is that of its definition.
    public let type: TableType

    let storage: TableStorage
    private var capacity: Int
    private let countMax: UInt64
    private let budget: InstanceBudget
    /// The instances that import the table, whose functions it may hold references to.
    private var importers: [Instance] = []
    /// The heap that elements may refer to objects of, once an instance has the table.
    var heap: Heap?

    /// Makes a table with `type.limits.minimum` elements, all equal to `initial`.
    ///
    /// Nil when the minimum exceeds `countMax`, the most elements that the host allows, or what the budget has
    /// left.
    init?(_ type: TableType, countMax: Int, initial: UInt64, budget: InstanceBudget) {
        guard let count = UInt32(exactly: type.limits.minimum), Int(count) <= countMax,
            budget.take(Int(count))
        else { return nil }
        self.budget = budget
        self.type = type
        self.capacity = max(Int(count), 1)
        // 2^32 - 1, which indices beyond 32 bits are clamped to, must lie outside.
        self.countMax = min(type.limits.maximum ?? .max, UInt64(countMax), UInt64(UInt32.max) - 1)
        let elements = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
        unsafe elements.initialize(repeating: initial, count: capacity)
        let fields = UnsafeMutablePointer<TableStorage.Fields>.allocate(capacity: 1)
        unsafe fields.initialize(to: TableStorage.Fields(elements: elements, count: count))
        unsafe self.storage = TableStorage(fields)
    }

    deinit {
        unsafe storage.fields.pointee.elements.deallocate()
        unsafe storage.fields.deallocate()
    }

    /// Keeps an instance alive that imports the table, for as long as the table lives.
    ///
    /// Its functions may get into the table, even if its instantiation fails later.
    func retain(_ importer: Instance) { importers.append(importer) }

    /// The number of elements.
    public var count: Int { Int(storage.count) }

    /// The function or host reference at an index; nil when it lies outside the table.
    public func element(_ index: Int) -> Value? {
        guard let index = UInt32(exactly: index), let slot = storage.load(index) else { return nil }
        return Value(slot: slot, type: .reference(type.element), heap: heap)
    }

    /// Adds elements; answers the old size, or nil when the limits forbid the new one.
    func grow(by delta: UInt32, with value: UInt64) -> UInt32? {
        let old = storage.count
        let new = UInt64(old) + UInt64(delta)
        guard new <= countMax, budget.take(Int(delta)) else { return nil }
        if Int(new) > capacity {
            let larger = min(max(Int(new), capacity * 2), Int(countMax))
            let elements = UnsafeMutablePointer<UInt64>.allocate(capacity: larger)
            unsafe elements.initialize(from: storage.fields.pointee.elements, count: Int(old))
            unsafe (elements + Int(old)).initialize(repeating: 0, count: larger - Int(old))
            unsafe storage.fields.pointee.elements.deallocate()
            unsafe storage.fields.pointee.elements = elements
            capacity = larger
        }
        unsafe storage.fields.pointee.count = UInt32(truncatingIfNeeded: new)
        storage.fill(old, count: delta, with: value)
        return old
    }

    /// The elements as they are now.
    var elements: [UInt64] {
        unsafe Array(UnsafeBufferPointer(start: storage.fields.pointee.elements, count: count))
    }

    /// Puts back elements that `elements` answered, translated by the caller.
    func restore(_ elements: [UInt64]) {
        let missing = elements.count - count
        if missing > 0 { _ = grow(by: UInt32(missing), with: 0) }
        budget.replace(count, by: elements.count)
        unsafe storage.fields.pointee.count = UInt32(elements.count)
        for (index, element) in elements.enumerated() {
            unsafe storage.fields.pointee.elements[index] = element
        }
    }
}
