// Exceptions. Core specification §4.4.9 and §4.4.10

/// The search for what catches an exception, from where it was thrown outwards.
///
/// It only reads the frames: they are left when a handler has been found, so that an exception that
/// nobody catches is reported with the call stack that threw it. A search that outlasts its slice goes
/// on in the next one.
struct HandlerSearch {
    /// The reference to the exception.
    let exception: UInt64
    let tag: UInt64
    var pc: CodePointer
    var frame: Frame
    var context: ContextPointer
    /// How many of the execution's returns belong to frames that have not been searched.
    var returnCount: Int
    var isInnermost = true
    /// What was found: a clause, and the first cell of its function.
    var handler: (HandlerTable.Clause, CodePointer)?
    /// What was looked at since it was last charged for.
    var steps = 0

    /// What finding a frame's function costs, in steps.
    static let stepsPerFrame = 32
}

extension MachinePointer {
    /// Executes `throw`.
    ///
    /// On entry the registers hold the thrower's state; on a normal return they say where to go on.
    /// Answers why the interpreter must stop, if it must; `fuel` has been charged in any case.
    @inline(never)
    func throwException() -> Exit? {
        if execution.search == nil {
            let instance = context.instance
            let tag = instance.tags[Int(pc.immediate32)]
            let payload = unsafe UnsafeBufferPointer(
                start: frame.advanced(by: pc.a).base,
                count: tag.slotCount
            )
            markStackTop(frame.advanced(by: pc.a + UInt16(truncatingIfNeeded: tag.slotCount)))
            charge(bytes: UInt64(tag.slotCount) * 8)
            var allocation = unsafe instance.heap.allocateException(tag.id, payload)
            while case .again = allocation {
                charge(bytes: Heap.stepBytes)
                fuel &-= takeNewSurcharge()
                // Executed again in the next slice, the instruction goes on with the collection.
                guard fuel >= 0 else { return .outOfBudget }
                allocation = unsafe instance.heap.allocateException(tag.id, payload)
            }
            guard case .object(let offset) = allocation else { return .trap(.heapExhausted) }
            // The collector finds it there.
            let exception = UInt64(offset) | Heap.tag
            frame[i64: pc.a] = exception
            begin(exception, tag.id)
        }
        return searchHandler()
    }

    /// Executes `throw_ref`.
    @inline(never)
    func rethrowException() -> Exit? {
        if execution.search == nil {
            let exception = frame[i64: pc.a]
            guard exception != 0 else { return .trap(.nullExceptionReference) }
            begin(exception, context.instance.heap.exceptionTag(exception))
        }
        return searchHandler()
    }

    private func begin(_ exception: UInt64, _ tag: UInt64) {
        execution.search = HandlerSearch(
            exception: exception,
            tag: tag,
            pc: pc,
            frame: frame,
            context: context,
            returnCount: execution.returns.count
        )
    }

    private func searchHandler() -> Exit? {
        let execution = execution
        guard var search = execution.search else { return nil }
        execution.search = nil
        while search.handler == nil, fuel >= 0 {
            guard let place = searchFrame(&search) else {
                execution.trapReason = uncaughtReason(search.tag)
                return .trap(.uncaughtException)
            }
            // Searching is not instructions: it shortens the slice.
            charge(bytes: UInt64(search.steps) * 16)
            fuel &-= takeNewSurcharge()
            search.steps = 0
            if search.handler == nil {
                search.isInnermost = false
                (search.pc, search.frame) = search.frame.unlink(place.code.linkSlot)
            }
        }
        guard let (clause, entry) = search.handler, fuel >= Int64(clause.cost) else {
            // Executed again in the next slice, the instruction goes on from here.
            execution.search = search
            return .outOfBudget
        }
        fuel &-= Int64(clause.cost)
        enter(clause, of: entry, search)
        return nil
    }

    /// Looks for a handler in one frame; answers where its code is, or nil when no frame is left.
    private func searchFrame(_ search: inout HandlerSearch) -> Module.HandlerPlace? {
        if search.pc == Stubs.shared.returnElsewhere, search.returnCount > 0 {
            search.returnCount -= 1
            (search.pc, search.context) = execution.returns[search.returnCount]
        }
        // A return address is the cell after the call.
        let address = search.isInnermost ? search.pc.address : search.pc.address - 8
        let instance = search.context.instance
        guard let place = instance.module.handlers(at: address) else { return nil }
        search.steps += HandlerSearch.stepsPerFrame
        let tags = instance.tags
        let thrown = search.tag
        let clause = place.handlers?.clause(at: place.cell, steps: &search.steps) { index in
            tags[Int(index)].id == thrown
        }
        search.handler = clause.map { ($0, place.entry) }
        return place
    }

    /// Leaves the frames that the search passed, and goes on where the clause says.
    private func enter(
        _ clause: HandlerTable.Clause,
        of entry: CodePointer,
        _ search: HandlerSearch
    ) {
        let execution = execution
        execution.returns.removeLast(execution.returns.count - search.returnCount)
        frame = search.frame
        context = search.context
        pc = entry.advanced(Int(clause.target))
        var slot = clause.slot
        if clause.tag != nil {
            let heap = context.instance.heap
            slot += heap.copyPayload(of: search.exception, to: frame.advanced(by: slot))
        }
        if clause.keepsReference { frame[i64: slot] = search.exception }
    }

    /// Says which exception it was, by the name that the thrower's module has for its tag.
    private func uncaughtReason(_ tag: UInt64) -> String {
        let instance = context.instance
        let kind = Trap.Kind.uncaughtException.description
        guard let index = instance.tags.firstIndex(where: { $0.id == tag }) else { return kind }
        return "\(kind): \(instance.module.tagName(index) ?? "tag \(index)")"
    }
}
