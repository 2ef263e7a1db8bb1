/// What the `try_table` blocks of one function catch, and where they go on. Core specification §4.4.9
///
/// Entering a `try_table` emits nothing: the table is searched, by the cell that threw or called, when
/// an exception is on its way.
struct HandlerTable: Sendable {
    /// The body of one `try_table`.
    struct Region: Sendable {
        var cells: Range<UInt32>
        /// The place of the region around this one, if there is one.
        var parent: Int?
        /// In the order of the text.
        var clauses: Range<Int>
    }

    struct Clause: Sendable {
        /// The tag of the exceptions that are caught; nil for all.
        var tag: UInt32?
        /// Whether the label also takes a reference to the exception.
        var keepsReference: Bool
        /// The first slot of the label's operands.
        var slot: UInt16
        /// The cell to go on at.
        var target: UInt32 = 0
        /// What going on there pays.
        var cost: UInt16 = 0
    }

    /// In the order of their first cells.
    var regions: [Region] = []
    var clauses: [Clause] = []

    /// The clause that catches what is thrown at a cell: the first of the innermost region.
    ///
    /// Adds how many regions and clauses were looked at.
    func clause(
        at cell: UInt32,
        steps: inout Int,
        catches: (UInt32) -> Bool
    ) -> Clause? {
        let next = regions.partitioningIndex { $0.cells.lowerBound > cell }
        // Regions nest: those that begin before the cell and hold it are around the last of them.
        var place = next > 0 ? next - 1 : nil
        while let region = place.map({ regions[$0] }) {
            steps += 1
            if region.cells.contains(cell) {
                for clause in clauses[region.clauses] {
                    steps += 1
                    guard let tag = clause.tag, !catches(tag) else { return clause }
                }
            }
            place = region.parent
        }
        return nil
    }
}
