/// A first-in, first-out queue in one array: appending and taking cost a constant time on average.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the oldest element.
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Whether an element satisfies a condition.
    func contains(where condition: (Element) -> Bool) -> Bool {
        elements[head...].contains { $0.map(condition) ?? false }
    }

    /// Takes out the first element that satisfies a condition; false when none does.
    mutating func removeFirst(where condition: (Element) -> Bool) -> Bool {
        let index = elements[head...].firstIndex { $0.map(condition) ?? false }
        guard let index else { return false }
        elements.remove(at: index)
        return true
    }
}
