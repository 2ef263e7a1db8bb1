// Tail calls that go through a function's record. Core specification §4.4.8

extension MachinePointer {
    /// Replaces the running function by another one: of any instance, or the host's.
    ///
    /// On entry the registers hold the caller's state, with `pc` at the call; on a normal return they
    /// say where to go on. `linkSlot` is where the caller's links lie. Answers why the interpreter must
    /// stop, if it must; nothing has changed then, so that the call can be made again.
    @inline(never)
    func returnCall(
        _ record: FunctionRecord,
        arguments: UInt16,
        links linkSlot: UInt16
    ) -> Exit? {
        guard let callee = record.code else {
            return returnCallHost(record, arguments, linkSlot)
        }
        let entry = callee.entry ?? translate(callee, record.context)
        guard frame.fits(callee.frameSlots, below: stackLimit) else {
            return .trap(.callStackExhausted)
        }
        fuel &-= Int64(callee.entryCost)
        guard fuel >= 0 else { return .outOfBudget }
        if callee.localSlots > FunctionCode.localSlotsWithoutCharge {
            fuel &-= charge(localsOf: callee)
        }
        var (returnTo, caller) = frame.unlink(linkSlot)
        // The frame's own return already leads to another instance, or is the first that has to: tail
        // calls to and fro between instances add one entry at most.
        if record.context != context, returnTo != Stubs.shared.returnElsewhere {
            execution.returns.append((returnTo, context))
            returnTo = Stubs.shared.returnElsewhere
        }
        frame.relink(callee, arguments: arguments, returnTo: returnTo, caller)
        pc = entry
        context = record.context
        return nil
    }

    /// Calls the host from where the arguments are, so that a call that has to wait can be made again,
    /// and returns its results.
    private func returnCallHost(
        _ record: FunctionRecord,
        _ arguments: UInt16,
        _ linkSlot: UInt16
    ) -> Exit? {
        if let failure = callHost(record, frame.advanced(by: arguments)) { return failure }
        let results = frame
        (pc, frame) = frame.unlink(linkSlot)
        let function = record.context.instance.hostFunctions[record.host]
        results.move(from: arguments, count: UInt16(truncatingIfNeeded: function.resultSlotCount))
        return nil
    }
}
