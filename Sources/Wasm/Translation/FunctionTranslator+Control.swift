/// A block that is being translated.
struct Control {
    enum Kind {
        case function
        case block
        /// A loop's label is its start, and what a branch to it pays has a number.
        case loop(start: Int, cost: Int)
        /// An `if` whose `else` has not come, with the branch that skips to it.
        case ifThen(Fixup)
        case ifElse
        case tryTable
    }

    var kind: Kind
    /// The height of the operand stack below the block's parameters.
    var height: Int
    /// The slot of the first parameter and of the first result.
    var slot: Int
    var parameters: SlotLayout
    var results: SlotLayout
    /// Branches to the block's end.
    var fixups: [Fixup] = []
    /// Clauses of `try_table` that go on at the block's end.
    var clauses: [Int] = []
}

/// A branch whose target is not translated yet.
struct Fixup {
    /// The instruction that jumps are counted from.
    var instruction: Int
    /// The cell that holds the jump, at `jumpShift`, and what the branch pays, at `costShift`.
    var cell: Int
    var jumpShift: Int
    var costShift: Int
    /// Whether the cell is the first of a `branchTable`'s entries that go to the same label; each names the
    /// next, counted from 1, in its last field.
    var beginsChain = false

    static func unconditional(_ cell: Int) -> Fixup {
        Fixup(instruction: cell, cell: cell, jumpShift: 32, costShift: 16)
    }

    static func conditional(_ cell: Int) -> Fixup {
        Fixup(instruction: cell, cell: cell + 1, jumpShift: 0, costShift: 32)
    }

    static func chain(_ cell: Int, of instruction: Int) -> Fixup {
        Fixup(
            instruction: instruction,
            cell: cell,
            jumpShift: 0,
            costShift: 32,
            beginsChain: true
        )
    }

    /// The cell of the next entry of a chain, from the contents of one.
    func next(after contents: UInt64) -> Int? {
        let link = Int(contents >> 48)
        return beginsChain && link > 0 ? instruction + 1 + link : nil
    }
}

/// A cost that is known when the run of instructions ends that it pays for.
struct OpenCharge {
    enum Place {
        case entry
        case loop(Int)
        case field(cell: Int, shift: Int)
        case branch(Fixup)
        case clause(Int)
    }

    var place: Place
    /// The instructions counted before the run.
    var ordinal: UInt32
}

extension FunctionTranslator {
    // MARK: - Metering

    /// Ends the run of instructions that are paid for together: writes what they cost.
    mutating func endRun() {
        for charge in charges {
            let cost = UInt64(ordinal - charge.ordinal)
            switch charge.place {
            case .entry: entryCost = UInt32(truncatingIfNeeded: cost)
            case .loop(let number): loopCosts[number] = UInt16(truncatingIfNeeded: cost)
            case .field(let cell, let shift): cells[cell] |= cost << UInt64(shift)
            case .branch(let fixup): write(cost, at: fixup.costShift, of: fixup)
            case .clause(let clause):
                handlers.clauses[clause].cost = UInt16(truncatingIfNeeded: cost)
            }
        }
        charges.removeAll(keepingCapacity: true)
        map?.runEnds.append(ordinal)
    }

    // MARK: - Labels

    /// Makes a branch jump to the next cell.
    mutating func bind(_ fixup: Fixup) {
        setJump(fixup, to: cells.count)
        charges.append(OpenCharge(place: .branch(fixup), ordinal: ordinal))
        producer = nil
    }

    private mutating func setJump(_ fixup: Fixup, to target: Int) {
        let jump = UInt32(truncatingIfNeeded: target - fixup.instruction)
        write(UInt64(jump), at: fixup.jumpShift, of: fixup)
    }

    /// Writes a field of a branch, or of all entries of a chain.
    private mutating func write(_ value: UInt64, at shift: Int, of fixup: Fixup) {
        var cell: Int? = fixup.cell
        while let place = cell {
            cells[place] |= value << UInt64(shift)
            cell = fixup.next(after: cells[place])
        }
    }

    /// Makes a branch jump to a label, now or when the label's place is known.
    ///
    /// The run that ends with the branch has been ended.
    private mutating func resolve(_ fixup: Fixup, depth: Int) {
        let index = controls.count - 1 - depth
        if case .loop(let start, let cost) = controls[index].kind {
            setJump(fixup, to: start)
            write(UInt64(loopCosts[cost]), at: fixup.costShift, of: fixup)
        } else {
            controls[index].fixups.append(fixup)
        }
    }

    /// The operands that a branch to a label takes along.
    private func operands(depth: Int) -> SlotLayout {
        let control = controls[controls.count - 1 - depth]
        if case .loop = control.kind { return control.parameters }
        return control.results
    }

    // MARK: - Blocks

    /// Reads a block type.
    mutating func blockType() throws(ModuleError) -> (parameters: SlotLayout, results: SlotLayout) {
        switch try reader.blockType() {
        case .empty:
            return (.empty, .empty)
        case .value(let type):
            return (.empty, SlotLayout(type))
        case .type(let index):
            let layouts = environment.layouts
            return (layouts.parameters[Int(index)], layouts.results[Int(index)])
        }
    }

    /// Opens a block, whose parameters are on the stack.
    mutating func enter(_ kind: Control.Kind, _ parameters: SlotLayout, _ results: SlotLayout) {
        controls.append(
            Control(
                kind: kind,
                height: stack.count - parameters.count,
                slot: nextSlot - parameters.slotCount,
                parameters: parameters,
                results: results
            )
        )
    }

    mutating func block(at offset: Int) throws(ModuleError) {
        let (parameters, results) = try blockType()
        count(at: offset)
        settleLocals()
        settleTop(parameters.count)
        enter(.block, parameters, results)
    }

    mutating func loop(at offset: Int) throws(ModuleError) {
        let (parameters, results) = try blockType()
        count(at: offset)
        settleLocals()
        settleTop(parameters.count)
        loopCosts.append(0)
        let number = loopCosts.count - 1
        charges.append(OpenCharge(place: .loop(number), ordinal: ordinal))
        producer = nil
        enter(.loop(start: cells.count, cost: number), parameters, results)
    }

    mutating func ifThen(at offset: Int) throws(ModuleError) {
        let (parameters, results) = try blockType()
        count(at: offset)
        let condition = popCondition()
        settleLocals()
        settleTop(parameters.count)
        let branch = emitBranch(on: condition.inverted)
        enter(.ifThen(branch), parameters, results)
    }

    mutating func elseBranch() {
        var control = controls.removeLast()
        if unreachableDepth == nil {
            settleTop(control.results.count)
            endRun()
            control.fixups.append(.unconditional(cells.count))
            emit(.branch)
        }
        unreachableDepth = nil
        replaceOperands(above: control.height, with: control.parameters)
        if case .ifThen(let branch) = control.kind { bind(branch) }
        control.kind = .ifElse
        producer = nil
        controls.append(control)
    }

    mutating func end() {
        let control = controls.removeLast()
        let fallsThrough = unreachableDepth == nil
        if case .function = control.kind {
            // Branches to the function's label have become returns.
            if fallsThrough { emitReturn() }
            returnCaught(control.clauses)
            return
        }
        if fallsThrough { settleTop(control.results.count) }
        if case .tryTable = control.kind { endRegion() }
        replaceOperands(above: control.height, with: control.results)
        control.fixups.forEach { bind($0) }
        control.clauses.forEach { bind(clause: $0) }
        var isReached = fallsThrough || !control.fixups.isEmpty || !control.clauses.isEmpty
        if case .ifThen(let branch) = control.kind {
            // Without an else, the parameters are the results.
            bind(branch)
            isReached = true
        }
        producer = nil
        unreachableDepth = isReached ? nil : 0
    }

    // MARK: - Conditions

    /// A branch instruction without its target.
    struct Condition {
        var opcode: Opcode
        var a: UInt16
        var b: UInt16

        var inverted: Condition { Condition(opcode: opcode.inverse ?? opcode, a: a, b: b) }
    }

    /// Pops a condition, absorbing the comparison that made it.
    private mutating func popCondition() -> Condition {
        let operand = pop()
        if case .temporary = operand.source, let last = absorbable,
            let condition = condition(from: last)
        {
            absorb()
            return condition
        }
        producer = nil
        return Condition(opcode: .branchIfNonzero, a: slot(of: operand), b: 0)
    }

    /// The condition that an instruction's result is, if one branch can test it.
    ///
    /// Takes back the comparison that an `i32.eqz` negates.
    private mutating func condition(from instruction: Instruction) -> Condition? {
        if let branch = instruction.opcode.branch {
            return Condition(opcode: branch, a: instruction.b, b: instruction.c)
        }
        switch instruction.opcode {
        case .i32Eqz:
            guard let negated, negated == cells.count - 2,
                let comparison = Instruction(cells[negated]).flatMap({ condition(from: $0) })
            else { return Condition(opcode: .branchIfZero, a: instruction.b, b: 0) }
            cells.remove(at: negated)
            producer = negated
            return comparison.inverted
        case .i64Eqz, .referenceIsNull:
            return Condition(opcode: .branchIfI64EqImmediate, a: instruction.b, b: 0)
        default:
            return nil
        }
    }

    /// Ends the run with a conditional branch; what follows it is a new run.
    private mutating func emitBranch(on condition: Condition) -> Fixup {
        endRun()
        let cell = cells.count
        emit(condition.opcode, condition.a, condition.b)
        cells.append(0)
        charges.append(OpenCharge(place: .field(cell: cell, shift: 48), ordinal: ordinal))
        producer = nil
        return .conditional(cell)
    }

    // MARK: - Branches

    mutating func branch(at offset: Int) throws(ModuleError) {
        let depth = Int(try reader.u32())
        count(at: offset)
        emitBranch(depth: depth)
        unreachableDepth = 0
    }

    /// Brings along the operands and jumps.
    ///
    /// Ends the run.
    private mutating func emitBranch(depth: Int) {
        guard depth < controls.count - 1 else { return emitReturn() }
        settleMany(depth: depth)
        endRun()
        emitJump(depth: depth)
    }

    /// Moves a label's operands from the top of the stack to its slots, and jumps.
    private mutating func emitJump(depth: Int) {
        moveOperands(depth: depth)
        let cell = cells.count
        emit(.branch)
        resolve(.unconditional(cell), depth: depth)
    }

    private mutating func moveOperands(depth: Int) {
        var target = controls[controls.count - 1 - depth].slot
        let operands = operands(depth: depth)
        if operands.count > Self.singleMovesMax {
            // They have been settled.
            let source = UInt16(truncatingIfNeeded: nextSlot - operands.slotCount)
            let count = UInt16(truncatingIfNeeded: operands.slotCount)
            if Int(source) != target {
                emit(.copyMany, UInt16(truncatingIfNeeded: target), source, count)
            }
            return
        }
        for operand in stack.suffix(operands.count) {
            move(operand, to: UInt16(truncatingIfNeeded: target))
            target += operand.slotCount
        }
    }

    /// More operands than this are brought to their own places first, and moved together: a branch takes a
    /// bounded number of instructions, however many operands it has.
    private static let singleMovesMax = 4

    private mutating func settleMany(depth: Int) {
        let count = operands(depth: depth).count
        if count > Self.singleMovesMax { settleTop(count) }
    }

    /// Whether a branch finds its operands in the label's slots, once they are settled.
    private func operandsAreInPlace(depth: Int) -> Bool {
        let count = operands(depth: depth).count
        return count == 0 || stack.count - count == controls[controls.count - 1 - depth].height
    }

    mutating func branchIf(at offset: Int) throws(ModuleError) {
        let depth = Int(try reader.u32())
        count(at: offset)
        let condition = popCondition()
        branch(on: condition, depth: depth)
    }

    /// Emits a branch to a label with the operands that are topmost now.
    mutating func branch(on condition: Condition, depth: Int) {
        if depth < controls.count - 1, operandsAreInPlace(depth: depth) {
            settleTop(operands(depth: depth).count)
            let fixup = emitBranch(on: condition)
            // Resolving a forward branch opens no charge before its label is bound.
            resolve(fixup, depth: depth)
            return
        }
        settleMany(depth: depth)
        // The branch skips, when not taken, the moves that taking it needs. The moves cost nothing:
        // the charge that was opened for falling through belongs to the skipping side.
        let skip = emitBranch(on: condition.inverted)
        charges.removeAll(keepingCapacity: true)
        if depth < controls.count - 1 {
            emitJump(depth: depth)
        } else {
            emitReturn()
        }
        bind(skip)
    }

    mutating func branchTable(at offset: Int) throws(ModuleError) {
        let count = Int(try reader.u32())
        var depths: [Int] = []
        depths.reserveCapacity(count + 1)
        for _ in 0...count { depths.append(Int(try reader.u32())) }
        self.count(at: offset)
        let index = popSlot()
        settleTop(operands(depth: depths[count]).count)
        endRun()
        let instruction = cells.count
        emit(.branchTable, index)
        cells.append(UInt64(UInt32(truncatingIfNeeded: count)))
        cells.append(contentsOf: repeatElement(0, count: count + 1))
        // Entries with the same label are chained: a table may have many, and all wait for their labels.
        var heads: [Int: Int] = [:]
        for (position, depth) in depths.enumerated() {
            let next = heads.updateValue(position, forKey: depth).map { $0 + 1 } ?? 0
            cells[instruction + 2 + position] = UInt64(next) << 48
        }
        for (depth, head) in heads.sorted(by: { $0.key < $1.key }) {
            let chain = Fixup.chain(instruction + 2 + head, of: instruction)
            if depth < controls.count - 1, operandsAreInPlace(depth: depth) {
                resolve(chain, depth: depth)
                continue
            }
            setJump(chain, to: cells.count)
            if depth < controls.count - 1 {
                emitJump(depth: depth)
            } else {
                emitReturn()
            }
        }
        unreachableDepth = 0
        producer = nil
    }

    mutating func returnResults(at offset: Int) {
        count(at: offset)
        emitReturn()
        unreachableDepth = 0
    }

    /// Returns the topmost operands.
    ///
    /// Ends the run.
    mutating func emitReturn() {
        endRun()
        if results.count == 0 {
            emit(.return0, 0, linkSlot)
        } else if results.count == 1, let result = stack.last {
            emit(result.isVector ? .returnVector : .return1, slot(of: result), linkSlot)
        } else {
            for operand in stack.suffix(results.count) { move(operand, to: operand.slot) }
            let start = UInt16(truncatingIfNeeded: nextSlot - results.slotCount)
            emit(.returnMany, start, linkSlot, UInt16(results.slotCount))
        }
        producer = nil
    }

    mutating func unreachable(at offset: Int) {
        count(at: offset)
        endRun()
        emit(.unreachable)
        unreachableDepth = 0
    }
}
