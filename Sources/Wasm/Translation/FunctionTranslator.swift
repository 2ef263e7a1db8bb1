/// Translates one validated function body to register-based code.
///
/// One pass follows the operand stack: each operand is a constant, a local that was read, or a
/// temporary in the slot that belongs to its place on the stack. Reading a local or a constant emits nothing;
/// the instruction that consumes it names the local's slot, or carries the constant. Where control
/// flow joins, operands are brought to their own slots.
///
/// The body has been validated: operands have the right types and indices are in range.
struct FunctionTranslator {
    /// What the translator has to know of the module.
    struct Environment {
        let structure: ModuleStructure
        let bytes: [UInt8]
        /// The id of every type among those of all modules.
        let typeIDs: [UInt32]
        let runtimeTypes: RuntimeTypes
        /// The slots of parameters, results and globals.
        let layouts: SlotLayouts
        /// For each function, its place among the module's function records, if it has one.
        let recordSlots: [UInt32]
        /// The address of the code of a function that the module defines, by function index.
        let codeAddress: (Int) -> UInt
    }

    /// An operand on the stack.
    struct Operand {
        enum Source {
            case temporary
            /// A local, by its slot.
            case local(UInt16)
            /// A constant that is not a vector.
            case constant(UInt64)
        }

        var source: Source
        /// The slot that belongs to the operand's place: the first of two, for a vector.
        var slot: UInt16
        var isVector: Bool

        var slotCount: Int { isVector ? 2 : 1 }

        var isScalarTemporary: Bool {
            if case .temporary = source { !isVector } else { false }
        }
    }

    let environment: Environment
    var reader: BinaryReader
    var cells: [UInt64] = []

    // The frame.
    let locals: LocalLayout
    let results: SlotLayout
    let linkSlot: UInt16

    // The operand stack.
    var stack: [Operand] = []
    /// The slot of the operand that is pushed next.
    var nextSlot: Int
    var nextSlotMax: Int
    /// For each slot of a local, how often it is on the operand stack.
    var readsOnStack: [UInt32]
    /// Below this height no operand is a local.
    var settledHeight = 0
    /// The cell of the instruction that wrote the topmost temporary last, when the instruction that
    /// comes next may change where it writes to, or absorb it.
    var producer: Int?
    /// The comparison that the `i32.eqz` emitted last negates, if it negates one: the cell before it.
    var negated: Int?

    // Control.
    var controls: [Control] = []
    /// Blocks entered in code that cannot be reached; nil in code that can.
    var unreachableDepth: Int?

    // Exceptions.
    var handlers = HandlerTable()
    /// The place of the innermost `try_table` among the regions of `handlers`.
    var region: Int?
    /// Clauses that go on at a loop's start, with the loop's number.
    var loopClauses: [(clause: Int, cost: Int)] = []

    // Metering.
    var ordinal: UInt32 = 0
    var charges: [OpenCharge] = []
    var entryCost: UInt32 = 0
    var loopCosts: [UInt16] = []
    /// The source map, when one is asked for.
    var map: SourceMap?

    /// Prepares to translate the function with an index among those the module defines.
    init(_ environment: Environment, definition: Int, mapping: Bool = false) throws(ModuleError) {
        let structure = environment.structure
        let body = structure.bodies[definition]
        let typeIndex = structure.functions[definition]
        let locals = LocalLayout(
            structure.functionType(at: typeIndex),
            environment.layouts.parameters[Int(typeIndex)],
            body
        )
        guard locals.slotCount < 60_000 else {
            let function = structure.importedFunctionCount + definition
            let message = "\(locals.slotCount) slots of locals are more than a frame holds"
            throw ModuleError(.limit, message, at: body.offset, function: function)
        }
        self.environment = environment
        self.locals = locals
        self.results = environment.layouts.results[Int(typeIndex)]
        self.reader = BinaryReader(environment.bytes, range: body.code)
        self.linkSlot = UInt16(locals.parameterSlots)
        self.nextSlot = locals.slotCount
        self.nextSlotMax = nextSlot
        self.readsOnStack = [UInt32](repeating: 0, count: nextSlot)
        self.cells.reserveCapacity(body.code.count / 2)
        if mapping { self.map = SourceMap() }
    }

    /// Translates the whole body.
    ///
    /// Throws ``ModuleError/Kind/limit`` when the function needs more than a frame or the code format
    /// holds.
    mutating func translate() throws(ModuleError) -> TranslatedFunction {
        controls.append(
            Control(
                kind: .function,
                height: 0,
                slot: nextSlot,
                parameters: .empty,
                results: results
            )
        )
        charges.append(OpenCharge(place: .entry, ordinal: 0))
        while !controls.isEmpty {
            let offset = reader.position
            let opcode = try reader.byte()
            if unreachableDepth == nil {
                try translate(opcode, at: offset)
            } else {
                try skipUnreachable(opcode)
            }
            guard cells.count < 1 << 28, nextSlotMax < 65_000 else {
                throw ModuleError(.limit, "function is too large to translate", at: offset)
            }
        }
        return TranslatedFunction(
            cells: cells,
            handlers: finishedHandlers(),
            entryCost: entryCost,
            frameSlots: UInt32(nextSlotMax + 1),
            localSlots: UInt16(locals.declaredSlots)
        )
    }

    /// Counts an instruction; every one but `end` and `else` counts.
    mutating func count(at offset: Int) {
        if let first = charges.first, ordinal - first.ordinal >= 60_000 {
            // Costs are 16 bits wide: a longer run is paid for in parts.
            endRun()
            emit(.charge)
            charges.append(
                OpenCharge(place: .field(cell: cells.count - 1, shift: 16), ordinal: ordinal)
            )
            producer = nil
        }
        ordinal += 1
        if map != nil {
            map?.entries.append(
                SourceMap.Entry(
                    cell: UInt32(cells.count),
                    offset: UInt32(truncatingIfNeeded: offset),
                    ordinal: ordinal
                )
            )
        }
    }

    // MARK: - Emitting

    mutating func emit(_ opcode: Opcode, _ a: UInt16 = 0, _ b: UInt16 = 0, _ c: UInt16 = 0) {
        cells.append(
            UInt64(opcode.rawValue) | UInt64(a) << 16 | UInt64(b) << 32 | UInt64(c) << 48
        )
    }

    /// Emits an instruction whose b and c are one 32-bit operand.
    mutating func emit(_ opcode: Opcode, _ a: UInt16, wide: UInt32) {
        cells.append(UInt64(opcode.rawValue) | UInt64(a) << 16 | UInt64(wide) << 32)
    }

    /// The first cell of an instruction.
    struct Instruction {
        var opcode: Opcode
        var a: UInt16
        var b: UInt16
        var c: UInt16

        init?(_ cell: UInt64) {
            guard let opcode = Opcode(rawValue: UInt16(truncatingIfNeeded: cell)) else {
                return nil
            }
            self.opcode = opcode
            self.a = UInt16(truncatingIfNeeded: cell >> 16)
            self.b = UInt16(truncatingIfNeeded: cell >> 32)
            self.c = UInt16(truncatingIfNeeded: cell >> 48)
        }
    }

    /// The instruction that wrote the topmost temporary, if nothing was emitted since and it can be absorbed.
    var absorbable: Instruction? {
        guard let producer, let instruction = Instruction(cells[producer]) else { return nil }
        // Of those with a second cell, this one alone is ever absorbed.
        let length = instruction.opcode == .i32AddWide ? 2 : 1
        return producer + length == cells.count ? instruction : nil
    }

    /// Removes the instruction that ``absorbable`` answered: the one counted last does its work as well.
    mutating func absorb() {
        guard let producer else { return }
        cells.removeSubrange(producer...)
        self.producer = nil
        map?.lower(to: UInt32(producer))
    }

    // MARK: - Operands

    private mutating func place(_ source: Operand.Source, _ isVector: Bool) -> UInt16 {
        let slot = UInt16(truncatingIfNeeded: nextSlot)
        stack.append(Operand(source: source, slot: slot, isVector: isVector))
        nextSlot += isVector ? 2 : 1
        nextSlotMax = max(nextSlotMax, nextSlot)
        return slot
    }

    mutating func push(_ local: LocalLayout.Local) {
        readsOnStack[Int(local.slot)] += 1
        _ = place(.local(local.slot), local.isVector)
    }

    /// Pushes an operand that was popped last.
    mutating func push(_ operand: Operand) {
        if case .local(let slot) = operand.source { readsOnStack[Int(slot)] += 1 }
        _ = place(operand.source, operand.isVector)
    }

    /// Pushes a constant that is not a vector.
    mutating func push(constant value: UInt64) {
        _ = place(.constant(value), false)
    }

    /// Pushes a temporary and answers its slot.
    mutating func pushTemporary(isVector: Bool = false) -> UInt16 {
        place(.temporary, isVector)
    }

    /// Pushes a temporary for each value of a list, which may be long.
    mutating func pushTemporaries(_ layout: SlotLayout) {
        guard layout.hasVectors else { return pushScalars(layout.count) }
        for index in 0..<layout.count {
            let isVector = environment.layouts.isVector(index, of: layout)
            _ = pushTemporary(isVector: isVector)
        }
    }

    /// Pushes temporaries that are not vectors.
    private mutating func pushScalars(_ count: Int) {
        let first = nextSlot
        stack.append(
            contentsOf: (0..<count).lazy.map { index in
                let slot = UInt16(truncatingIfNeeded: first + index)
                return Operand(source: .temporary, slot: slot, isVector: false)
            }
        )
        nextSlot += count
        nextSlotMax = max(nextSlotMax, nextSlot)
    }

    /// Puts temporaries for the values of a list in the place of the operands above a height.
    ///
    /// Those that are what they should be stay: an instruction of two bytes may have a thousand operands and
    /// as many results.
    mutating func replaceOperands(above height: Int, with layout: SlotLayout) {
        guard !layout.hasVectors else {
            truncate(to: height)
            return pushTemporaries(layout)
        }
        let end = min(stack.count, height + layout.count)
        let kept = stack[height..<end].firstIndex { !$0.isScalarTemporary } ?? end
        truncate(to: kept)
        pushScalars(height + layout.count - kept)
    }

    /// Pushes the result of the instruction about to be emitted, and answers its slot.
    mutating func pushResult(isVector: Bool = false) -> UInt16 {
        producer = cells.count
        return pushTemporary(isVector: isVector)
    }

    mutating func pop() -> Operand {
        guard let operand = stack.popLast() else {
            return Operand(source: .temporary, slot: 0, isVector: false)
        }
        if case .local(let slot) = operand.source { readsOnStack[Int(slot)] -= 1 }
        nextSlot -= operand.slotCount
        settledHeight = min(settledHeight, stack.count)
        return operand
    }

    mutating func truncate(to height: Int) {
        guard stack.count > height else { return }
        for index in height..<stack.count {
            if case .local(let slot) = stack[index].source { readsOnStack[Int(slot)] -= 1 }
        }
        // Every operand's slot is the one that was next when it was pushed.
        nextSlot = Int(stack[height].slot)
        stack.removeLast(stack.count - height)
        settledHeight = min(settledHeight, height)
    }

    /// The slot to read an operand from.
    ///
    /// A constant is written to its place first.
    mutating func slot(of operand: Operand) -> UInt16 {
        switch operand.source {
        case .temporary:
            return operand.slot
        case .local(let slot):
            return slot
        case .constant(let value):
            emitConstant(value, to: operand.slot)
            return operand.slot
        }
    }

    /// Pops an operand and answers the slot to read it from.
    mutating func popSlot() -> UInt16 {
        let operand = pop()
        return slot(of: operand)
    }

    mutating func emitConstant(_ value: UInt64, to slot: UInt16) {
        if let small = UInt32(exactly: value) {
            emit(.constant32, slot, wide: small)
        } else {
            emit(.constant64, slot)
            cells.append(value)
        }
    }

    /// Writes an operand to a slot, unless it is there.
    mutating func move(_ operand: Operand, to target: UInt16) {
        let copy: Opcode = operand.isVector ? .copyVector : .copy
        switch operand.source {
        case .temporary:
            if operand.slot != target { emit(copy, target, operand.slot) }
        case .local(let source):
            emit(copy, target, source)
        case .constant(let value):
            emitConstant(value, to: target)
        }
    }

    /// Brings the operand at a height to its own slot.
    mutating func settle(_ height: Int) {
        let operand = stack[height]
        if case .temporary = operand.source { return }
        move(operand, to: operand.slot)
        if case .local(let slot) = operand.source { readsOnStack[Int(slot)] -= 1 }
        stack[height].source = .temporary
        producer = nil
    }

    /// Brings the topmost operands to their own slots.
    mutating func settleTop(_ count: Int) {
        for height in (stack.count - count)..<stack.count {
            if case .temporary = stack[height].source { continue }
            settle(height)
        }
    }

    /// Brings every local on the stack to its own slot: code that may run before they are consumed
    /// can change the locals.
    mutating func settleLocals() {
        for height in settledHeight..<stack.count {
            if case .local = stack[height].source { settle(height) }
        }
        settledHeight = stack.count
    }

    /// Copies a local's old value to wherever it is on the stack, before the local changes.
    mutating func preserve(_ slot: UInt16) {
        var height = stack.count
        while readsOnStack[Int(slot)] > 0, height > 0 {
            height -= 1
            if case .local(slot) = stack[height].source { settle(height) }
        }
    }
}
