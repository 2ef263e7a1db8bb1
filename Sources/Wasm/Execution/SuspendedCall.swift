/// A call that waits in a host function, at one moment: its frames and registers.
///
/// Together with a ``Snapshot`` of the instance it is all that there is of a running guest. Immutable and
/// safe to share: any number of executions can go on from it at once, each on an instance of its own.
@safe
public final class SuspendedCall: Sendable {
    let linked: LinkedModule
    /// The function that was called, by its index.
    let function: Int
    // SAFETY: points into code of the module that `linked` keeps.
    let pc: CodePointer
    /// Where the running frame is, in slots from the stack's start.
    let frameOffset: Int
    /// The slots in use.
    let slots: [UInt64]
    /// Which of the slots say where a caller's frame is, and where that is, both in slots from the stack's
    /// start.
    let frameLinks: [(slot: Int, frame: Int)]

    init(
        linked: LinkedModule,
        function: Int,
        pc: CodePointer,
        frameOffset: Int,
        slots: [UInt64],
        frameLinks: [(slot: Int, frame: Int)]
    ) {
        self.linked = linked
        self.function = function
        self.pc = pc
        self.frameOffset = frameOffset
        self.slots = slots
        self.frameLinks = frameLinks
    }

    /// What it holds, in bytes.
    public var byteCount: Int { slots.count * 8 + frameLinks.count * 16 }
}

extension Execution {
    /// Copies what is on the stack of an execution that waits.
    ///
    /// Nil when others cannot go on from there: frames of other instances, or references to functions, which
    /// belong to this one, are on the stack.
    public func captureCall() -> SuspendedCall? {
        guard returns.isEmpty, search == nil else { return nil }
        let module = instance.module
        let start = unsafe stack.start.base
        var (pc, frame) = (machine.pc, machine.frame)
        var links: [(slot: Int, frame: Int)] = []
        var slotCount = 0
        // Two cells: the one that begins an execution, and that which ends it.
        let bottom = Stubs.shared.entry.advanced(1)
        while pc != bottom {
            // A return address is the cell after the call.
            let address = links.isEmpty ? pc.address : pc.address - 8
            guard let (definition, _) = module.locate(address) else { return nil }
            let code = module.code(definition)
            let offset = unsafe frame.base - start
            if links.isEmpty { slotCount = offset + Int(code.frameSlots) }
            (pc, frame) = frame.unlink(code.linkSlot)
            links.append((offset + Int(code.linkSlot) + 1, unsafe frame.base - start))
        }
        let slots = unsafe Array(UnsafeBufferPointer(start: start, count: slotCount))
        guard !slots.contains(where: instance.isFunctionReference) else { return nil }
        return SuspendedCall(
            linked: instance.linked,
            function: function,
            pc: machine.pc,
            frameOffset: unsafe machine.frame.base - start,
            slots: slots,
            frameLinks: links
        )
    }

    /// Goes on from a captured call, on an instance in the state that was captured with it.
    ///
    /// The host function that the call waited in is called again. `fuelLimit` is the most instructions that may
    /// be executed from there on.
    public convenience init(
        resuming call: SuspendedCall,
        _ instance: Instance,
        stack: ValueStack,
        fuelLimit: UInt64? = nil,
        hostState: AnyObject? = nil
    ) {
        precondition(call.linked === instance.linked)
        self.init(instance, call.function, [], stack, fuelLimit, hostState)
        let start = unsafe stack.start.base
        let room = unsafe stack.limit.base - start
        precondition(call.slots.count <= room, "the stack is smaller than the one captured")
        unsafe call.slots.withUnsafeBufferPointer { slots in
            guard let source = slots.baseAddress else { return }
            unsafe start.update(from: source, count: slots.count)
        }
        for (slot, frame) in call.frameLinks {
            unsafe start[slot] = UInt64(UInt(bitPattern: start + frame))
        }
        machine.pc = call.pc
        machine.frame = unsafe Frame(start + call.frameOffset)
    }
}
