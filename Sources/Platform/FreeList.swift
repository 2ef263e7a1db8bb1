import Synchronization

/// Objects kept for reuse, up to a number; the last one given back is the first one taken.
final class FreeList<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    func take() -> Element? { elements.withLock { $0.popLast() } }

    /// Keeps an element, or drops it when there are enough.
    func give(back element: Element) {
        elements.withLock { elements in
            if elements.count < capacity { elements.append(element) }
        }
    }
}
