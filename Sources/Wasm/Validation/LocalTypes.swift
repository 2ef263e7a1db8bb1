/// The types of the locals that a function declares, without its parameters.
///
/// The runs of the binary are not expanded, so that a few bytes cannot ask for 50,000 entries in
/// every function: only the first locals are, since nearly all accesses are to those.
struct LocalTypes {
    private static let expandedMax = 128

    private var expanded: [OperandType] = []

    /// Each run's type and where it ends, exclusive.
    private var runs: [(end: Int, type: OperandType)] = []

    /// Forgets the locals, and takes those of another function.
    ///
    /// The types have been checked to be in range.
    mutating func reset(_ locals: [(count: UInt32, type: ValueType)], _ types: TypeTable) {
        expanded.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        var end = 0
        for (count, type) in locals {
            let type = types.operand(type)
            end += Int(count)
            runs.append((end: end, type: type))
            while expanded.count < min(end, Self.expandedMax) { expanded.append(type) }
        }
    }

    /// How many locals are declared.
    var count: Int { runs.last?.end ?? 0 }

    /// The type of a local; nil when there are not so many.
    @inline(__always)
    func type(_ index: Int) -> OperandType? {
        index < expanded.count ? expanded[index] : find(index)
    }

    private func find(_ index: Int) -> OperandType? {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= index { low = middle + 1 } else { high = middle }
        }
        return low < runs.count ? runs[low].type : nil
    }
}
