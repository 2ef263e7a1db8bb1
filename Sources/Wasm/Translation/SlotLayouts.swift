extension ValueType {
    /// How many 64-bit slots a value takes: a vector has two, its low half first.
    var slotCount: Int {
        if case .v128 = self { 2 } else { 1 }
    }
}

/// A list of values in consecutive slots.
struct SlotLayout {
    var count: Int
    var slotCount: Int
    /// Where the list begins in ``SlotLayouts/isVector``, if it has vectors.
    fileprivate(set) var start = 0

    var hasVectors: Bool { slotCount != count }

    static let empty = SlotLayout(count: 0, slotCount: 0)

    /// The layout of one value.
    init(_ type: ValueType) { self.init(count: 1, slotCount: type.slotCount) }

    init(count: Int, slotCount: Int) {
        self.count = count
        self.slotCount = slotCount
    }
}

/// The slots of a module's parameters, results and globals.
struct SlotLayouts: Sendable {
    /// For each function type its parameters; empty for other types.
    let parameters: [SlotLayout]
    /// For each function type its results; empty for other types.
    let results: [SlotLayout]
    /// For each global that the module defines its slot.
    let globals: [UInt32]
    let globalSlotCount: Int
    /// Whether values are vectors, for the lists that have any: first a list of a single vector.
    let isVector: [Bool]

    init(_ structure: ModuleStructure) {
        var isVector = [true]
        func layout(_ types: [ValueType]) -> SlotLayout {
            let slotCount = types.reduce(0) { $0 + $1.slotCount }
            var layout = SlotLayout(count: types.count, slotCount: slotCount)
            if types.count > 1, layout.hasVectors {
                layout.start = isVector.count
                isVector += types.map { $0 == .v128 }
            }
            return layout
        }
        var parameters: [SlotLayout] = []
        var results: [SlotLayout] = []
        parameters.reserveCapacity(structure.types.count)
        results.reserveCapacity(structure.types.count)
        for type in structure.types {
            guard case .function(let type) = type.composite else {
                parameters.append(.empty)
                results.append(.empty)
                continue
            }
            parameters.append(layout(type.parameters))
            results.append(layout(type.results))
        }
        var globals: [UInt32] = []
        var globalSlotCount = 0
        for global in structure.globals {
            globals.append(UInt32(globalSlotCount))
            globalSlotCount += global.type.value.slotCount
        }
        self.parameters = parameters
        self.results = results
        self.globals = globals
        self.globalSlotCount = globalSlotCount
        self.isVector = isVector
    }

    /// Whether a value of a list is a vector.
    func isVector(_ index: Int, of layout: SlotLayout) -> Bool {
        layout.hasVectors && isVector[layout.start + index]
    }
}

/// The slots of one function's parameters and locals, between which the frame's links lie.
struct LocalLayout {
    struct Local {
        var slot: UInt16
        var isVector: Bool
    }

    let parameterCount: UInt32
    /// The slots of the parameters, hence the slot of the frame's links.
    let parameterSlots: Int
    /// The slots of the locals that are not parameters.
    let declaredSlots: Int
    /// Every local, if any is a vector.
    private let locals: [Local]

    init(_ type: FunctionType, _ layout: SlotLayout, _ body: FunctionBody) {
        parameterCount = UInt32(layout.count)
        parameterSlots = layout.slotCount
        declaredSlots = body.locals.reduce(0) { $0 + Int($1.count) * $1.type.slotCount }
        guard layout.hasVectors || body.locals.contains(where: { $0.type == .v128 }) else {
            locals = []
            return
        }
        var locals: [Local] = []
        var slot = 0
        func add(_ type: ValueType) {
            let isVector = type == .v128
            locals.append(Local(slot: UInt16(truncatingIfNeeded: slot), isVector: isVector))
            slot += type.slotCount
        }
        type.parameters.forEach(add)
        slot += Frame.linkSlots
        for (count, type) in body.locals {
            for _ in 0..<count { add(type) }
        }
        self.locals = locals
    }

    /// The slots before the operand stack.
    var slotCount: Int { parameterSlots + Frame.linkSlots + declaredSlots }

    subscript(index: UInt32) -> Local {
        if !locals.isEmpty { return locals[Int(index)] }
        let links = index < parameterCount ? 0 : Frame.linkSlots
        return Local(slot: UInt16(truncatingIfNeeded: Int(index) + links), isVector: false)
    }
}
