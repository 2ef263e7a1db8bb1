// Calls and tail calls. Core specification §4.4.8

extension FunctionTranslator {
    mutating func call(at offset: Int) throws(ModuleError) {
        let function = Int(try reader.u32())
        let type = functionType(function)
        count(at: offset)
        let arguments = popArguments(type)
        if function < environment.structure.importedFunctionCount {
            emit(.callImport, arguments, wide: environment.recordSlots[function])
        } else {
            emit(.call, arguments)
            cells.append(UInt64(environment.codeAddress(function)))
        }
        pushResults(type)
    }

    mutating func callIndirect(at offset: Int) throws(ModuleError) {
        let typeIndex = try reader.u32()
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        let type = environment.structure.functionType(at: typeIndex)
        count(at: offset)
        let index = popTableIndex(of: Int(table))
        let arguments = popArguments(type)
        emit(.callIndirect, arguments, index, table)
        cells.append(UInt64(environment.typeIDs[Int(typeIndex)]))
        pushResults(type)
    }

    mutating func callReference(at offset: Int) throws(ModuleError) {
        let type = environment.structure.functionType(at: try reader.u32())
        count(at: offset)
        let function = popSlot()
        let arguments = popArguments(type)
        emit(.callReference, arguments, function)
        pushResults(type)
    }

    // MARK: - Tail calls

    mutating func returnCall(at offset: Int) throws(ModuleError) {
        let function = Int(try reader.u32())
        count(at: offset)
        let arguments = popArguments(functionType(function))
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
        let typeIndex = try reader.u32()
        let table = UInt16(truncatingIfNeeded: try reader.u32())
        count(at: offset)
        let index = popTableIndex(of: Int(table))
        let arguments = popArguments(environment.structure.functionType(at: typeIndex))
        endRun()
        emit(.returnCallIndirect, arguments, index, table)
        cells.append(UInt64(environment.typeIDs[Int(typeIndex)]))
        cells.append(UInt64(linkSlot))
        endPath()
    }

    mutating func returnCallReference(at offset: Int) throws(ModuleError) {
        let type = environment.structure.functionType(at: try reader.u32())
        count(at: offset)
        let function = popSlot()
        let arguments = popArguments(type)
        endRun()
        emit(.returnCallReference, arguments, function, linkSlot)
        endPath()
    }

    // MARK: - Operands

    private func functionType(_ function: Int) -> FunctionType {
        let structure = environment.structure
        return structure.functionType(at: structure.functionTypeIndices[function])
    }

    /// Brings arguments to where the callee's frame begins, and answers that slot.
    private mutating func popArguments(_ type: FunctionType) -> UInt16 {
        let count = type.parameters.count
        settleTop(count)
        truncate(to: stack.count - count)
        return temporarySlot(stack.count)
    }

    private mutating func pushResults(_ type: FunctionType) {
        for _ in type.results { _ = pushTemporary() }
        producer = nil
    }

    /// What follows in the text cannot be reached.
    private mutating func endPath() {
        producer = nil
        unreachableDepth = 0
    }
}
