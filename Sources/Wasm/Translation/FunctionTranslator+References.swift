// Reference instructions. Core specification §4.4.5, and branches on null, §4.4.8

extension FunctionTranslator {
    /// From `ref.null` (0xD0) to `br_on_non_null` (0xD6).
    mutating func reference(_ opcode: UInt8, at offset: Int) throws(ModuleError) {
        switch opcode {
        case 0xD0:
            _ = try reader.heapType()
            count(at: offset)
            push(constant: 0)
        case 0xD1:
            count(at: offset)
            numeric(.unary(.referenceIsNull))
        case 0xD2:
            let function = Int(try reader.u32())
            count(at: offset)
            emit(.referenceFunction, pushResult(), wide: environment.recordSlots[function])
        case 0xD3:
            count(at: offset)
            numeric(.binary(.i64Eq))
        case 0xD4:
            count(at: offset)
            asNonNull()
        case 0xD5: try branchOnNull(at: offset)
        default: try branchOnNonNull(at: offset)
        }
    }

    private mutating func asNonNull() {
        let operand = pop()
        emit(.trapIfNull, slot(of: operand))
        push(operand)
        // The operand was read from where its producer put it.
        producer = nil
    }

    /// When taken, the branch drops the null; otherwise the reference stays.
    private mutating func branchOnNull(at offset: Int) throws(ModuleError) {
        let depth = Int(try reader.u32())
        count(at: offset)
        let operand = pop()
        let slot = slot(of: operand)
        producer = nil
        branch(on: Condition(opcode: .branchIfI64EqImmediate, a: slot, b: 0), depth: depth)
        push(operand)
    }

    /// When taken, the branch takes the reference along; otherwise the null is dropped.
    private mutating func branchOnNonNull(at offset: Int) throws(ModuleError) {
        let depth = Int(try reader.u32())
        count(at: offset)
        let height = stack.count - 1
        settle(height)
        producer = nil
        let condition = Condition(
            opcode: .branchIfI64NeImmediate,
            a: stack[height].slot,
            b: 0
        )
        branch(on: condition, depth: depth)
        _ = pop()
    }
}
