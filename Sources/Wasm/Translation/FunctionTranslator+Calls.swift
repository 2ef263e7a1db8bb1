// Calls and tail calls. Core specification §4.4.8

extension FunctionTranslator {
    mutating func call(at offset: Int) throws(ModuleError) {
        let function = Int(try reader.u32())
        let type = typeIndex(of: function)
        count(at: offset)
        let arguments = exchangeArguments(type)
        if function < environment.structure.importedFunctionCount {
            emit(.callImport, arguments, wide: environment.recordSlots[function])
        } else {
            emit(.call, arguments)
            cells.append(UInt64(environment.codeAddress(function)))
        }
    }

    mutating func callIndirect(at offset: Int) throws(ModuleError) {
        let type = Int(try reader.u32())
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        let index = popTableIndex(of: Int(table))
        let arguments = exchangeArguments(type)
        emit(.callIndirect, arguments, index, table)
        cells.append(UInt64(environment.typeIDs[type]))
    }

    mutating func callReference(at offset: Int) throws(ModuleError) {
        let type = Int(try reader.u32())
        count(at: offset)
        let function = popSlot()
        let arguments = exchangeArguments(type)
        emit(.callReference, arguments, function)
    }

    // MARK: - Tail calls

    mutating func returnCall(at offset: Int) throws(ModuleError) {
        let function = Int(try reader.u32())
        count(at: offset)
        let arguments = popArguments(environment.layouts.parameters[typeIndex(of: function)])
        endRun()
        if function < environment.structure.importedFunctionCount {
            emit(.returnCallImport, arguments, linkSlot)
            cells.append(UInt64(environment.recordSlots[function]))
        } else {
            emit(.returnCall, arguments, linkSlot)
            cells.append(UInt64(environment.codeAddress(function)))
        }
        endPath()
    }

    mutating func returnCallIndirect(at offset: Int) throws(ModuleError) {
        let type = Int(try reader.u32())
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        let index = popTableIndex(of: Int(table))
        let arguments = popArguments(environment.layouts.parameters[type])
        endRun()
        emit(.returnCallIndirect, arguments, index, table)
        cells.append(UInt64(environment.typeIDs[type]))
        cells.append(UInt64(linkSlot))
        endPath()
    }

    mutating func returnCallReference(at offset: Int) throws(ModuleError) {
        let type = Int(try reader.u32())
        count(at: offset)
        let function = popSlot()
        let arguments = popArguments(environment.layouts.parameters[type])
        endRun()
        emit(.returnCallReference, arguments, function, linkSlot)
        endPath()
    }

    // MARK: - Operands

    private func typeIndex(of function: Int) -> Int {
        Int(environment.structure.functionTypeIndices[function])
    }

    /// Brings arguments to where the callee's frame begins, and answers that slot.
    mutating func popArguments(_ layout: SlotLayout) -> UInt16 {
        settleTop(layout.count)
        truncate(to: stack.count - layout.count)
        return UInt16(truncatingIfNeeded: nextSlot)
    }

    /// Puts the results of a call with a type in the place of its arguments, which are brought to where the
    /// callee's frame begins: answers that slot.
    private mutating func exchangeArguments(_ type: Int) -> UInt16 {
        let arguments = environment.layouts.parameters[type]
        settleTop(arguments.count)
        let slot = UInt16(truncatingIfNeeded: nextSlot - arguments.slotCount)
        let height = stack.count - arguments.count
        replaceOperands(above: height, with: environment.layouts.results[type])
        producer = nil
        return slot
    }

    /// What follows in the text cannot be reached.
    mutating func endPath() {
        producer = nil
        unreachableDepth = 0
    }
}
