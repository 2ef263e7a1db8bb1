/// Reads a suspended execution's frames from the innermost outwards.
struct StackWalk {
    var pc: CodePointer
    var frame: Frame
    var context: ContextPointer
    /// Where calls between instances come back to.
    var returns: [(CodePointer, ContextPointer)]

    /// The frames (the innermost ones), how many there are in all, and the instructions that are paid
    /// for but not executed.
    mutating func walk() -> (frames: [Trap.Frame], depth: Int, unexecuted: UInt64) {
        let places = places()
        let sources = Self.locate(places)
        var frames: [Trap.Frame] = []
        var unexecuted: UInt64 = 0
        var search = LineTable.Search()
        var previous: (place: Place, offset: Int)?
        var isCut = false
        for place in places {
            let source = sources[place]
            unexecuted += UInt64(max(source?.unexecuted ?? 0, 0))
            // Recursion makes many frames alike, but for the innermost's cell: a call has more than one.
            let offset = source?.offset ?? 0
            let isAlike =
                previous.map { previous in
                    previous.place.context == place.context
                        && previous.place.definition == place.definition
                        && previous.offset == offset
                } ?? false
            previous = (place, offset)
            if isAlike {
                if !isCut { frames[frames.count - 1].count += 1 }
                continue
            }
            isCut = frames.count >= Trap.backtraceDepthMax
            guard !isCut else { continue }
            let module = place.context.instance.module
            let function = module.structure.importedFunctionCount + place.definition
            frames.append(
                Trap.Frame(
                    function: function,
                    name: module.functionName(function),
                    offset: offset,
                    source: module.sourcePosition(of: offset, &search)
                )
            )
        }
        return (frames, places.count, unexecuted)
    }

    /// A cell of a function's code that a frame is at.
    private struct Place: Hashable {
        let context: ContextPointer
        let definition: Int
        let cell: Int

        static func == (left: Place, right: Place) -> Bool {
            left.context == right.context && left.definition == right.definition
                && left.cell == right.cell
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(definition)
            hasher.combine(cell)
        }
    }

    /// Where all frames are, the innermost first.
    private mutating func places() -> [Place] {
        var places: [Place] = []
        while true {
            if pc == Stubs.shared.returnElsewhere, let (code, caller) = returns.popLast() {
                (pc, context) = (code, caller)
            }
            let module = context.instance.module
            // A return address is the cell after the call.
            let address = places.isEmpty ? pc.address : pc.address - 8
            guard let (definition, cell) = module.locate(address) else { return places }
            places.append(Place(context: context, definition: definition, cell: cell))
            (pc, frame) = frame.unlink(module.code(definition).linkSlot)
        }
    }

    /// What the source maps say of places.
    ///
    /// The map of a function is made once, however many frames it has: that takes long, and large ones are
    /// not kept.
    private static func locate(
        _ places: [Place]
    ) -> [Place: (offset: Int, unexecuted: Int)] {
        var found: [Place: (offset: Int, unexecuted: Int)] = [:]
        let functions = Dictionary(grouping: Set(places)) { place in
            Place(context: place.context, definition: place.definition, cell: 0)
        }
        for (function, places) in functions {
            let map = function.context.instance.module.sourceMap(of: function.definition)
            for place in places { found[place] = map?.locate(cell: place.cell) }
        }
        return found
    }

    /// As `walk`, on a copy.
    func run() -> (frames: [Trap.Frame], depth: Int, unexecuted: UInt64) {
        var copy = self
        return copy.walk()
    }
}
