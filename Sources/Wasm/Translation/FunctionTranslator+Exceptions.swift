// Exceptions. Core specification §4.4.9

extension FunctionTranslator {
    mutating func throwException(at offset: Int) throws(ModuleError) {
        let tag = try reader.u32()
        let type = Int(environment.structure.tagTypeIndices[Int(tag)])
        count(at: offset)
        let payload = popArguments(environment.layouts.parameters[type])
        // Room for the reference, which takes the place of the payload.
        _ = pushTemporary()
        _ = pop()
        endRun()
        emit(.throwException, payload, wide: tag)
        endPath()
    }

    mutating func rethrowException(at offset: Int) {
        count(at: offset)
        let exception = popSlot()
        endRun()
        emit(.rethrowException, exception)
        endPath()
    }

    mutating func tryTable(at offset: Int) throws(ModuleError) {
        let (parameters, results) = try blockType()
        let parent = region
        let first = handlers.clauses.count
        for _ in 0..<(try reader.u32()) {
            // The labels are those around the block.
            let clause = try reader.catchClause()
            let depth = Int(clause.label)
            handlers.clauses.append(
                HandlerTable.Clause(
                    tag: clause.tag,
                    keepsReference: clause.keepsReference,
                    slot: UInt16(truncatingIfNeeded: controls[controls.count - 1 - depth].slot)
                )
            )
            resolve(clause: handlers.clauses.count - 1, depth: depth)
        }
        count(at: offset)
        settleLocals()
        settleTop(parameters.count)
        producer = nil
        let start = UInt32(truncatingIfNeeded: cells.count)
        handlers.regions.append(
            HandlerTable.Region(
                cells: start..<start,
                parent: parent,
                clauses: first..<handlers.clauses.count
            )
        )
        region = handlers.regions.count - 1
        enter(.tryTable, parameters, results)
    }

    /// Ends the region of the innermost `try_table`.
    mutating func endRegion() {
        guard let ended = region else { return }
        let start = handlers.regions[ended].cells.lowerBound
        handlers.regions[ended].cells = start..<UInt32(truncatingIfNeeded: cells.count)
        region = handlers.regions[ended].parent
    }

    /// Makes a clause go on at a label, now or when the label's place is known.
    private mutating func resolve(clause: Int, depth: Int) {
        let index = controls.count - 1 - depth
        if case .loop(let start, let cost) = controls[index].kind {
            handlers.clauses[clause].target = UInt32(truncatingIfNeeded: start)
            // The loop's first run may not have ended yet.
            loopClauses.append((clause, cost))
        } else {
            controls[index].clauses.append(clause)
        }
    }

    /// Makes a clause go on at the next cell.
    mutating func bind(clause: Int) {
        handlers.clauses[clause].target = UInt32(truncatingIfNeeded: cells.count)
        charges.append(OpenCharge(place: .clause(clause), ordinal: ordinal))
        producer = nil
    }

    /// Where clauses go on whose label is the function's: returns what they caught.
    mutating func returnCaught(_ clauses: [Int]) {
        guard !clauses.isEmpty else { return }
        truncate(to: 0)
        pushTemporaries(results)
        for clause in clauses { bind(clause: clause) }
        emitReturn()
    }

    /// What the function catches; nil when it has no `try_table`.
    mutating func finishedHandlers() -> HandlerTable? {
        for (clause, cost) in loopClauses { handlers.clauses[clause].cost = loopCosts[cost] }
        return handlers.clauses.isEmpty ? nil : handlers
    }
}
