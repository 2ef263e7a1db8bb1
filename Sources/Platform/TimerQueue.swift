/// Things to be woken at a moment, soonest first: a binary heap from which entries can be withdrawn.
///
/// A withdrawn entry stays in the heap as a husk until its moment comes or husks outnumber the
/// living; so the size is at most about twice the number of live entries.
struct TimerQueue<Key: Hashable, Element> {
    private struct Entry {
        let moment: UInt64
        let sequence: UInt64
        let key: Key
    }

    private var heap: [Entry] = []
    private var live: [Key: (sequence: UInt64, element: Element)] = [:]
    private var sequence: UInt64 = 0

    var count: Int { live.count }

    /// The moment of the entry that is due first.
    mutating func earliest() -> UInt64? {
        dropHusks()
        return heap.first?.moment
    }

    /// Adds an entry, in place of another with the same key.
    mutating func insert(_ element: Element, key: Key, at moment: UInt64) {
        sequence += 1
        live[key] = (sequence, element)
        heap.append(Entry(moment: moment, sequence: sequence, key: key))
        siftUp(heap.count - 1)
        if heap.count > 64, heap.count > live.count * 2 { compact() }
    }

    /// Takes an entry out before its moment.
    mutating func remove(_ key: Key) -> Element? { live.removeValue(forKey: key)?.element }

    /// Takes out the entry that is due first, if its moment has come.
    mutating func popDue(at now: UInt64) -> Element? {
        dropHusks()
        guard let first = heap.first, first.moment <= now else { return nil }
        removeTop()
        return live.removeValue(forKey: first.key)?.element
    }

    private mutating func dropHusks() {
        while let first = heap.first, live[first.key]?.sequence != first.sequence { removeTop() }
    }

    private mutating func compact() {
        heap.removeAll { live[$0.key]?.sequence != $0.sequence }
        // A sorted array is a heap.
        heap.sort { Self.precedes($0, $1) }
    }

    private static func precedes(_ one: Entry, _ other: Entry) -> Bool {
        (one.moment, one.sequence) < (other.moment, other.sequence)
    }

    private mutating func removeTop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if Self.precedes(heap[child], heap[least]) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard Self.precedes(heap[index], heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }
}
