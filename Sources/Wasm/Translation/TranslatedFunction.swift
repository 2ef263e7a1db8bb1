/// What the translator makes of one function's body.
struct TranslatedFunction {
    /// The instructions, as 8-byte cells.
    var cells: [UInt64] = []
    /// What its blocks catch; nil when there are none that do.
    var handlers: HandlerTable?
    /// What the caller pays: the instructions up to the first branch.
    var entryCost: UInt32 = 0
    /// Parameters, links, locals and the deepest operand stack.
    var frameSlots: UInt32 = 0
    /// The slots of locals that are not parameters.
    var localSlots: UInt16 = 0
}

/// Where each instruction of a function's translated code comes from.
///
/// Made by translating the function once more, when a trap has to be explained.
struct SourceMap: Sendable {
    struct Entry: Sendable {
        /// The first cell that the instruction was translated to.
        var cell: UInt32
        /// The instruction's offset in the module.
        var offset: UInt32
        /// How many instructions precede and include this one, in the order of the text.
        var ordinal: UInt32
    }

    /// In the order of the text, hence by cell.
    var entries: [Entry] = []

    /// Moves the last entries, those of instructions behind a cell, to it.
    mutating func lower(to cell: UInt32) {
        var index = entries.count - 1
        while index >= 0, entries[index].cell > cell {
            entries[index].cell = cell
            index -= 1
        }
    }

    /// The ordinals of the instructions at which runs that are paid for together end.
    var runEnds: [UInt32] = []

    /// The instruction that a cell belongs to, and how many of the run after it are paid for.
    func locate(cell: Int) -> (offset: Int, unexecuted: Int)? {
        let next = entries.partitioningIndex { Int($0.cell) > cell }
        guard next > 0 else { return nil }
        let entry = entries[next - 1]
        let end = runEnds.partitioningIndex { $0 >= entry.ordinal }
        let paid = end < runEnds.count ? runEnds[end] : entry.ordinal
        return (Int(entry.offset), Int(paid) - Int(entry.ordinal))
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that holds for a suffix of the array.
    func partitioningIndex(where belongsToSuffix: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if belongsToSuffix(self[middle]) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
