// Table instructions. Core specification §4.4.6
//
// Indices and counts of 64-bit tables come clamped to 2^32 - 1, more elements than a table has, so
// that one form serves tables of both address types.

extension MachinePointer {
    /// Answers the old size, or -1 in the table's address type.
    @inline(never)
    func growTable(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) -> UInt64 {
        let table = context.instance.tables[Int(pc.secondCount)]
        context.tablesAreDirty = true
        let old = table.grow(by: frame[i32: pc.c], with: frame[i64: pc.b])
        if old != nil { charge(bytes: UInt64(frame[i32: pc.c]) * 8) }
        return old.map { UInt64($0) } ?? table.type.addressType.failure
    }

    @inline(never)
    func fillTable(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) -> Trap.Kind? {
        let (start, count) = (frame[i32: pc.a], frame[i32: pc.c])
        let table = context.table(Int(pc.secondCount))
        guard table.contains(start, count: count) else { return .tableOutOfBounds }
        table.fill(start, count: count, with: frame[i64: pc.b])
        context.tablesAreDirty = true
        charge(bytes: UInt64(count) * 8)
        return nil
    }

    @inline(never)
    func copyTable(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) -> Trap.Kind? {
        let (start, source, count) = (frame[i32: pc.a], frame[i32: pc.b], frame[i32: pc.c])
        let target = context.table(Int(pc.secondCount))
        let origin = context.table(Int(pc.secondIndex))
        guard target.contains(start, count: count), origin.contains(source, count: count) else {
            return .tableOutOfBounds
        }
        target.copy(start, from: origin, source, count: count)
        context.tablesAreDirty = true
        charge(bytes: UInt64(count) * 8)
        return nil
    }

    @inline(never)
    func initializeTable(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> Trap.Kind? {
        let copied = context.instance.copyElements(
            Int(pc.secondIndex),
            to: Int(pc.secondCount),
            at: frame[i32: pc.a],
            from: frame[i32: pc.b],
            count: frame[i32: pc.c]
        )
        guard copied else { return .tableOutOfBounds }
        // Each element is looked up.
        charge(bytes: UInt64(frame[i32: pc.c]) * 64)
        return nil
    }
}
