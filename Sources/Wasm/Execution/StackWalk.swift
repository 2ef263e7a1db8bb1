/// Reads a suspended execution's frames from the innermost outwards.
struct StackWalk {
    var pc: CodePointer
    var frame: Frame
    var context: ContextPointer
    /// Where calls between instances come back to.
    var returns: [(CodePointer, ContextPointer)]

    /// What looking up the source lines of one walk may cost in rows of the line table: some
    /// milliseconds, thousands of times what a module for use needs.
    private static let lineRowCountMax = 1 << 20

    /// The frames (the innermost ones), how many there are in all, and the instructions that are paid
    /// for but not executed.
    mutating func walk() -> (frames: [Trap.Frame], depth: Int, unexecuted: UInt64) {
        var frames: [Trap.Frame] = []
        var depth = 0
        var unexecuted: UInt64 = 0
        var isInnermost = true
        var rowCountMax = Self.lineRowCountMax
        while true {
            if pc == Stubs.shared.returnElsewhere, let (code, caller) = returns.popLast() {
                (pc, context) = (code, caller)
            }
            let module = context.instance.module
            // A return address is the cell after the call.
            let address = isInnermost ? pc.address : pc.address - 8
            guard let (definition, map) = module.locate(address) else { break }
            let code = module.code(definition)
            let start = code.entry?.address ?? address
            let place = map.locate(cell: Int((address - start) / 8))
            unexecuted += UInt64(max(place?.unexecuted ?? 0, 0))
            if frames.count < Trap.backtraceDepthMax {
                let offset = place?.offset ?? 0
                // Recursion makes many frames alike.
                let alike = frames.last.flatMap { last in
                    last.offset == offset && last.function == code.index ? last.source : nil
                }
                let source =
                    alike ?? module.sourcePosition(of: offset, rowCountMax: &rowCountMax)
                frames.append(
                    Trap.Frame(
                        function: code.index,
                        name: module.functionName(code.index),
                        offset: offset,
                        source: source
                    )
                )
            }
            depth += 1
            isInnermost = false
            (pc, frame) = frame.unlink(code.linkSlot)
        }
        return (frames, depth, unexecuted)
    }

    /// As `walk`, on a copy.
    func run() -> (frames: [Trap.Frame], depth: Int, unexecuted: UInt64) {
        var copy = self
        return copy.walk()
    }
}
