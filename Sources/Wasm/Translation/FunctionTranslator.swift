/// Translates one validated function body to register-based code.
///
/// One pass follows the operand stack: each operand is a constant, a local that was read, or a
/// temporary in the slot that belongs to its height. Reading a local or a constant emits nothing;
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
        /// For each function, its place among the module's function records, if it has one.
        let recordSlots: [UInt32]
        /// The address of the code of a function that the module defines, by function index.
        let codeAddress: (Int) -> UInt
    }

    enum Operand {
        case temporary
        case local(UInt16)
        case constant(UInt64)
    }

    let environment: Environment
    var reader: BinaryReader
    var cells: [UInt64] = []

    // The frame.
    let type: FunctionType
    let linkSlot: UInt16
    let localCount: Int
    let firstTemporary: Int

    // The operand stack.
    var stack: [Operand] = []
    var heightMax = 0
    /// For each slot of a local, how often it is on the operand stack.
    var readsOnStack: [UInt32]
    /// Below this height no operand is a local.
    var settledHeight = 0
    /// The cell of the instruction that wrote the topmost temporary last, when the instruction that
    /// comes next may change where it writes to, or absorb it.
    var producer: Int?

    // Control.
    var controls: [Control] = []
    /// Blocks entered in code that cannot be reached; nil in code that can.
    var unreachableDepth: Int?

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
        let type = structure.functionType(at: structure.functions[definition])
        let declared = body.locals.reduce(0) { $0 + Int($1.count) }
        let slots = type.parameters.count + Frame.linkSlots + declared
        guard slots < 60_000 else {
            let function = structure.importedFunctionCount + definition
            let message = "\(declared) locals are more than a frame holds"
            throw ModuleError(.limit, message, at: body.offset, function: function)
        }
        self.environment = environment
        self.type = type
        self.reader = BinaryReader(environment.bytes, range: body.code)
        self.linkSlot = UInt16(type.parameters.count)
        self.localCount = declared
        self.firstTemporary = slots
        self.readsOnStack = [UInt32](repeating: 0, count: slots)
        self.cells.reserveCapacity(body.code.count / 2)
        if mapping { self.map = SourceMap() }
    }

    /// Translates the whole body.
    ///
    /// Throws ``ModuleError/Kind/limit`` when the function needs more than a frame or the code format
    /// holds.
    mutating func translate() throws(ModuleError) -> TranslatedFunction {
        controls.append(
            Control(kind: .function, height: 0, parameters: 0, results: type.results.count)
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
            guard cells.count < 1 << 28, firstTemporary + heightMax < 65_000 else {
                throw ModuleError(.limit, "function is too large to translate", at: offset)
            }
        }
        return TranslatedFunction(
            cells: cells,
            entryCost: entryCost,
            frameSlots: UInt32(firstTemporary + heightMax + 1),
            localCount: UInt16(localCount)
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

    // MARK: - Operands

    /// The slot that belongs to a height of the operand stack.
    func temporarySlot(_ height: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: firstTemporary + height)
    }

    /// The slot of a local.
    func localSlot(_ index: UInt32) -> UInt16 {
        let links = index < UInt32(linkSlot) ? 0 : Frame.linkSlots
        return UInt16(truncatingIfNeeded: Int(index) + links)
    }

    mutating func push(_ operand: Operand) {
        if case .local(let slot) = operand { readsOnStack[Int(slot)] += 1 }
        stack.append(operand)
        heightMax = max(heightMax, stack.count)
    }

    /// Pushes a temporary and answers its slot.
    mutating func pushTemporary() -> UInt16 {
        stack.append(.temporary)
        heightMax = max(heightMax, stack.count)
        return temporarySlot(stack.count - 1)
    }

    /// Pushes the result of the instruction about to be emitted, and answers its slot.
    mutating func pushResult() -> UInt16 {
        producer = cells.count
        return pushTemporary()
    }

    mutating func pop() -> Operand {
        guard let operand = stack.popLast() else { return .temporary }
        if case .local(let slot) = operand { readsOnStack[Int(slot)] -= 1 }
        settledHeight = min(settledHeight, stack.count)
        return operand
    }

    mutating func truncate(to height: Int) {
        while stack.count > height { _ = pop() }
    }

    /// The slot to read an operand from that had its place at `height`.
    ///
    /// A constant is written there first.
    mutating func slot(of operand: Operand, at height: Int) -> UInt16 {
        switch operand {
        case .temporary:
            return temporarySlot(height)
        case .local(let slot):
            return slot
        case .constant(let value):
            emitConstant(value, to: temporarySlot(height))
            return temporarySlot(height)
        }
    }

    /// Pops an operand and answers the slot to read it from.
    mutating func popSlot() -> UInt16 {
        let operand = pop()
        return slot(of: operand, at: stack.count)
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
    mutating func move(_ operand: Operand, at height: Int, to target: UInt16) {
        switch operand {
        case .temporary:
            let source = temporarySlot(height)
            if source != target { emit(.copy, target, source) }
        case .local(let source):
            emit(.copy, target, source)
        case .constant(let value):
            emitConstant(value, to: target)
        }
    }

    /// Brings the operand at a height to its own slot.
    mutating func settle(_ height: Int) {
        let operand = stack[height]
        if case .temporary = operand { return }
        move(operand, at: height, to: temporarySlot(height))
        if case .local(let slot) = operand { readsOnStack[Int(slot)] -= 1 }
        stack[height] = .temporary
        producer = nil
    }

    /// Brings the topmost operands to their own slots.
    mutating func settleTop(_ count: Int) {
        for height in (stack.count - count)..<stack.count { settle(height) }
    }

    /// Brings every local on the stack to its own slot: code that may run before they are consumed
    /// can change the locals.
    mutating func settleLocals() {
        for height in settledHeight..<stack.count {
            if case .local = stack[height] { settle(height) }
        }
        settledHeight = stack.count
    }

    /// Copies a local's old value to wherever it is on the stack, before the local changes.
    mutating func preserve(_ slot: UInt16) {
        var height = stack.count
        while readsOnStack[Int(slot)] > 0, height > 0 {
            height -= 1
            if case .local(slot) = stack[height] { settle(height) }
        }
    }
}
