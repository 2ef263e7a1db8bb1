// Table instructions. Core specification §4.4.6

extension FunctionTranslator {
    mutating func table(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        if opcode == 0x25 {
            let index = popTableIndex(of: Int(table))
            emit(.tableGet, pushResult(), index, table)
        } else {
            let value = popSlot()
            let index = popTableIndex(of: Int(table))
            emit(.tableSet, index, value, table)
            producer = nil
        }
    }

    /// From `table.init` (0xFC 12) to `table.fill` (0xFC 17).
    mutating func bulkTable(_ opcode: UInt32, at offset: Int) throws(ModuleError) {
        let first = try reader.u32()
        switch opcode {
        case 12:
            let table = try reader.u32()
            bulk(
                .tableInit,
                at: offset,
                second: UInt64(table) | UInt64(first) << 32,
                clamping: is64(table) ? [0] : []
            )
        case 13:
            count(at: offset)
            emit(.elementDrop, 0, wide: first)
        case 14:
            let source = try reader.u32()
            bulk(
                .tableCopy,
                at: offset,
                second: UInt64(first) | UInt64(source) << 32,
                clamping: is64(first) || is64(source) ? [0, 1, 2] : []
            )
        case 15:
            count(at: offset)
            let delta = popTableIndex(of: Int(first))
            let value = popSlot()
            emit(.tableGrow, pushResult(), value, delta)
            cells.append(UInt64(first))
        case 16:
            count(at: offset)
            emit(.tableSize, pushResult(), UInt16(truncatingIfNeeded: first))
        default:
            bulk(
                .tableFill,
                at: offset,
                second: UInt64(first),
                clamping: is64(first) ? [0, 2] : []
            )
        }
    }

    // MARK: - Indices

    private func is64(_ table: UInt32) -> Bool {
        environment.structure.tableTypes[Int(table)].addressType == .i64
    }

    /// Pops an index into a table, or a number of its elements, as 32 bits.
    ///
    /// An index of a 64-bit table that needs more names no element, and neither does what it is
    /// clamped to.
    mutating func popTableIndex(of table: Int) -> UInt16 {
        let operand = pop()
        guard is64(UInt32(table)) else { return slot(of: operand) }
        let target = operand.slot
        if case .constant(let index) = operand.source {
            emitConstant(min(index, UInt64(UInt32.max)), to: target)
        } else {
            emit(.clampIndex, target, slot(of: operand))
        }
        return target
    }
}
