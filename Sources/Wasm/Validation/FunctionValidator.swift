/// Validates function bodies, one after another.
///
/// Core specification, appendix "Validation Algorithm": one pass over the instructions with a
/// stack of operand types and a stack of control frames, in linear time and without recursion.
struct FunctionValidator: ~Copyable {
    struct ControlFrame {
        enum Kind: UInt8 { case function, block, loop, `if`, `else` }

        var kind: Kind
        var start: TypeList
        var end: TypeList
        /// How many operands there were below the frame's own.
        var height: Int
        /// Whether the rest of the frame cannot be reached.
        var isUnreachable = false
        /// How many locals without default values were set before the frame.
        var initializationCount = 0
        /// The offset of the last `br_table` whose operands were checked against the label.
        var checkedBranchTable = 0

        /// What a branch to the frame's label takes.
        var labelTypes: TypeList { kind == .loop ? start : end }
    }

    let context: ValidationContext
    let numericSignatures = NumericSignatures.oneByte
    let memoryAccesses = NumericSignatures.memory
    private let operandsMax: Int

    private let subtypes = KnownSubtypes()

    var reader: BinaryReader
    /// Where the instruction being validated begins.
    var start = 0

    var operands: [OperandType] = []
    var controls: [ControlFrame] = []

    /// The innermost frame's `height` and `isUnreachable`: the copies here are the ones in use.
    var height = 0
    var isUnreachable = false

    var parameters = TypeList.empty
    var locals = LocalTypes()

    /// The locals of types without a default value that have been set, in the order in which they
    /// were.
    var initializations: [UInt32] = []
    /// The same, for looking them up.
    var initialized: Set<UInt32> = []

    init(_ context: ValidationContext, bytes: [UInt8]) {
        self.context = context
        operandsMax = context.limits.operandsMax
        reader = BinaryReader(bytes, range: 0..<0)
    }

    /// Validates the body of the function with an index, or throws the first thing wrong with it.
    mutating func validate(
        _ body: FunctionBody,
        function: Int,
        bytes: [UInt8]
    ) throws(ModuleError) {
        let signature = context.signatures[Int(context.functions[function])]
        reader = BinaryReader(bytes, range: body.code)
        operands.removeAll(keepingCapacity: true)
        controls.removeAll(keepingCapacity: true)
        parameters = signature.parameters
        initializations.removeAll(keepingCapacity: true)
        initialized.removeAll(keepingCapacity: true)
        height = 0
        isUnreachable = false
        controls.append(
            ControlFrame(kind: .function, start: .empty, end: signature.results, height: 0)
        )
        do throws(ModuleError) {
            for run in body.locals { _ = try operand(run.type, at: body.offset) }
            locals.reset(body.locals, context.types)
            try validateInstructions()
        } catch {
            throw error.inFunction(function)
        }
    }

    // MARK: - Operands

    @inline(__always)
    mutating func push(_ type: OperandType) throws(ModuleError) {
        guard operands.count < operandsMax else { throw tooManyOperands() }
        operands.append(type)
    }

    @inline(__always)
    mutating func pop(_ expected: OperandType) throws(ModuleError) {
        if operands.count > height {
            let found = operands[operands.count - 1]
            guard found == expected || isSubtype(found, of: expected) else {
                throw mismatch(expected, found: found)
            }
            operands.removeLast()
        } else if !isUnreachable {
            throw mismatch(expected, found: nil)
        }
    }

    /// As ``TypeTable/matches(_:_:)``: apart, since the types nearly always are the same.
    @inline(never)
    func isSubtype(_ type: OperandType, of other: OperandType) -> Bool {
        if subtypes.holds(type, other) { return true }
        guard context.types.matches(type, other) else { return false }
        subtypes.add(type, other)
        return true
    }

    /// The operand type of a value type of the module, whose index is checked.
    func operand(_ type: ValueType, at offset: Int) throws(ModuleError) -> OperandType {
        guard context.types.isInRange(type) else {
            throw ModuleError(.invalid, "unknown type in \(type)", at: offset)
        }
        return context.types.operand(type)
    }

    /// Pops an operand of whatever type it is; `unknown` in unreachable code.
    @inline(__always)
    mutating func popAny() throws(ModuleError) -> OperandType {
        if operands.count > height { return operands.removeLast() }
        guard isUnreachable else { throw mismatch(.unknown, found: nil) }
        return .unknown
    }

    mutating func push(_ types: TypeList) throws(ModuleError) {
        guard operands.count + types.count <= operandsMax else {
            throw tooManyOperands()
        }
        let range = types.start..<(types.start + types.count)
        if types.count < Self.longList {
            for index in range { operands.append(context.typePool[index]) }
        } else {
            operands.append(contentsOf: context.typePool[range])
        }
    }

    mutating func pop(_ types: TypeList) throws(ModuleError) {
        guard types.count > 0 else { return }
        try check(types)
        operands.removeLast(min(types.count, operands.count - height))
    }

    /// Checks that a list of types is on top of the stack, and leaves it there.
    func check(_ types: TypeList) throws(ModuleError) {
        if types.count >= Self.longList, isOnTop(types) { return }
        for depth in 0..<types.count {
            let expected = context.typePool[types.start + types.count - 1 - depth]
            let index = operands.count - 1 - depth
            guard index >= height else {
                if isUnreachable { return }
                throw mismatch(expected, found: nil)
            }
            let found = operands[index]
            guard found == expected || isSubtype(found, of: expected) else {
                throw mismatch(expected, found: found)
            }
        }
    }

    /// From how many types on a list is handled as a whole.
    ///
    /// A call of two bytes can have a thousand parameters and as many results.
    private static let longList = 16

    /// Whether the stack ends in exactly these types, all known: false decides nothing.
    private func isOnTop(_ types: TypeList) -> Bool {
        guard operands.count - height >= types.count else { return false }
        let found = operands.span.extracting(last: types.count)
        let pool = context.typePool
        let expected = pool.span.extracting(types.start..<(types.start + types.count))
        var difference: UInt32 = 0
        for index in found.indices {
            difference |= found[index].rawValue ^ expected[index].rawValue
        }
        return difference == 0
    }

    mutating func setUnreachable() {
        operands.removeLast(operands.count - height)
        isUnreachable = true
    }

    // MARK: - Control frames

    /// Enters a block: its parameters are popped and belong to the new frame.
    mutating func enter(
        _ kind: ControlFrame.Kind,
        _ signature: FunctionSignature
    ) throws(ModuleError) {
        try pop(signature.parameters)
        guard controls.count <= context.limits.nestingMax else {
            throw ModuleError(
                .limit,
                "blocks are nested more than \(context.limits.nestingMax) deep",
                at: start
            )
        }
        controls[controls.count - 1].isUnreachable = isUnreachable
        try enter(
            ControlFrame(
                kind: kind,
                start: signature.parameters,
                end: signature.results,
                height: operands.count
            )
        )
    }

    mutating func enter(_ frame: ControlFrame) throws(ModuleError) {
        controls.append(frame)
        controls[controls.count - 1].initializationCount = initializations.count
        height = frame.height
        isUnreachable = false
        try push(frame.start)
    }

    /// Leaves the innermost block, whose results must be all that it has on the stack.
    mutating func leave() throws(ModuleError) -> ControlFrame {
        let frame = controls[controls.count - 1]
        try pop(frame.end)
        guard operands.count == frame.height else {
            throw ModuleError(
                .invalid,
                "type mismatch: \(operands.count - frame.height) values more than the block's "
                    + "type are left at its \(instructionName)",
                at: start
            )
        }
        controls.removeLast()
        while initializations.count > frame.initializationCount {
            if let local = initializations.popLast() { initialized.remove(local) }
        }
        if let outer = controls.last {
            height = outer.height
            isUnreachable = outer.isUnreachable
        }
        return frame
    }

    /// The index in `controls` of the frame that a label names.
    @inline(__always)
    func frameIndex(ofLabel label: UInt32) throws(ModuleError) -> Int {
        let index = controls.count - 1 - Int(label)
        guard index >= 0 else {
            throw ModuleError(
                .invalid,
                "unknown label \(label): \(controls.count) are open",
                at: start
            )
        }
        return index
    }
}
