/// Tasks that are ready to run, by how many slices they have had: those that end soon come first, and those that run long
/// are not forgotten.
///
/// A multi-level queue. A task drops to a lower level as it goes on. The highest level that has a task is
/// served, but for every eighth turn, which the lowest one gets, and every fourth of the others, which the middle
/// one gets.
struct RunQueue<Element> {
    /// From how many slices on a task belongs to the next level.
    static var levelBounds: [Int] { [4, 32] }

    private var levels = [FIFO<Element>](
        repeating: FIFO(),
        count: Self.levelBounds.count + 1
    )
    private var turn = 0

    var count: Int { levels.reduce(0) { $0 + $1.count } }

    var isEmpty: Bool { levels.allSatisfy(\.isEmpty) }

    /// Adds a task that has had so many slices.
    mutating func append(_ element: Element, slices: Int) {
        let level = Self.levelBounds.firstIndex { slices < $0 } ?? Self.levelBounds.count
        levels[level].append(element)
    }

    /// How many tasks there are that have run little.
    var shortCount: Int { levels[0].count }

    /// Takes the first of those that have run little.
    mutating func popShort() -> Element? { levels[0].popFirst() }

    /// Takes the task whose turn it is.
    mutating func popFirst() -> Element? {
        turn = (turn + 1) % 8
        let first = turn == 0 ? 2 : turn % 4 == 0 ? 1 : 0
        if let element = levels[first].popFirst() { return element }
        for level in levels.indices {
            if let element = levels[level].popFirst() { return element }
        }
        return nil
    }
}
