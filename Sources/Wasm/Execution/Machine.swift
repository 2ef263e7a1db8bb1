/// Why the interpreter stopped.
enum Exit {
    case finished
    case outOfBudget
    case trap(Trap.Kind)
    /// A store is not to pages that are noted as written; the machine knows where it is to.
    case storeNotNoted
    /// A host function waits; the execution knows for what.
    case waiting
    /// A host function ended the guest; the execution knows with what code.
    case exited
}

/// The registers of one execution while it is not running, and what the interpreter's slow paths need.
@safe
struct Machine {
    var pc: CodePointer
    var frame: Frame
    var context: ContextPointer
    /// Where a store would be, and its size in bytes, that has to be noted first.
    var storeToNote: (address: UInt64, byteCount: Int) = (0, 0)
    /// What is left of the slice, in instructions.
    var fuel: Int64
    /// The end of the value stack.
    let stackLimit: Frame
    /// The function that the execution calls.
    let entry: FunctionRecord
    /// Taken off `fuel` in this slice for work that is not instructions.
    var surcharge: Int64 = 0
    /// The part of it that the interpreter has not taken yet.
    var newSurcharge: Int64 = 0
    let execution: Unmanaged<Execution>
}

/// A pointer to the registers of a live execution.
@safe
struct MachinePointer {
    // SAFETY: the registers lie in the stack that the execution retains, and nothing else uses before it has ended.
    let base: UnsafeMutablePointer<Machine>

    @inline(__always)
    var pc: CodePointer {
        get { unsafe base.pointee.pc }
        nonmutating set { unsafe base.pointee.pc = newValue }
    }

    @inline(__always)
    var frame: Frame {
        get { unsafe base.pointee.frame }
        nonmutating set { unsafe base.pointee.frame = newValue }
    }

    @inline(__always)
    var context: ContextPointer {
        get { unsafe base.pointee.context }
        nonmutating set { unsafe base.pointee.context = newValue }
    }

    @inline(__always)
    var fuel: Int64 {
        get { unsafe base.pointee.fuel }
        nonmutating set { unsafe base.pointee.fuel = newValue }
    }

    @inline(__always)
    var stackLimit: Frame { unsafe base.pointee.stackLimit }

    @inline(__always)
    var entry: FunctionRecord { unsafe base.pointee.entry }

    var surcharge: Int64 {
        get { unsafe base.pointee.surcharge }
        nonmutating set { unsafe base.pointee.surcharge = newValue }
    }

    var execution: Execution {
        unsafe base.pointee.execution.takeUnretainedValue()
    }

    /// Runs translated code until there is something that others have to decide.
    func run() -> Exit {
        while true {
            let exit = Machine.run(self)
            if case .storeNotNoted = exit, context.note(unsafe base.pointee.storeToNote) {
                continue
            }
            context.useFirstMemory()
            if case .storeNotNoted = exit { return .trap(.memoryOutOfBounds) }
            return exit
        }
    }

    /// Stops for a store to so many bytes that is not in the window.
    @inline(__always)
    func needsNote(of address: UInt64, _ byteCount: Int) -> Exit {
        unsafe base.pointee.storeToNote = (address, byteCount)
        return .storeNotNoted
    }

    // MARK: - Calls

    /// Translates a function at its first call.
    ///
    /// A function that is too large to translate is replaced by one that traps: deploying translates
    /// every function first, so that this is never met there.
    @inline(never)
    func translate(_ callee: FunctionCode, _ context: ContextPointer) -> CodePointer {
        let module = context.instance.module
        let definition = callee.index - module.structure.importedFunctionCount
        return module.translate(definition) ?? Stubs.shared.unreachable
    }

    /// Calls a host function, or a function of another instance.
    ///
    /// On entry the registers hold the caller's state, with `pc` after the call; on a normal return
    /// they say where to go on. Answers why the interpreter must stop, if it must.
    @inline(never)
    func callElsewhere(_ record: FunctionRecord, _ arguments: Frame) -> Exit? {
        guard let code = record.code else { return callHost(record, arguments) }
        guard let entry = code.entry ?? translate(code, record.context) as CodePointer? else {
            return .trap(.unreachable)
        }
        guard arguments.fits(code.frameSlots, below: stackLimit) else {
            return .trap(.callStackExhausted)
        }
        fuel &-= Int64(code.entryCost)
        guard fuel >= 0 else { return .outOfBudget }
        if code.localSlots > FunctionCode.localSlotsWithoutCharge {
            fuel &-= charge(localsOf: code)
        }
        execution.returns.append((pc, context))
        arguments.link(code, returnTo: Stubs.shared.returnElsewhere, frame)
        pc = entry
        frame = arguments
        context = record.context
        return nil
    }

    /// Comes back from a function of another instance: answers where to.
    func leave() -> (CodePointer, ContextPointer) {
        execution.returns.removeLast()
    }

    func callHost(_ record: FunctionRecord, _ arguments: Frame) -> Exit? {
        unsafe record.context.hostFunction(record.host)._withUnsafeGuaranteedRef { function in
            callHost(function, arguments, record.context.memory.guest)
        }
    }

    private func callHost(
        _ function: HostFunction,
        _ arguments: Frame,
        _ memory: GuestMemory
    ) -> Exit? {
        guard arguments.fits(UInt32(truncatingIfNeeded: function.slotCount), below: stackLimit)
        else {
            return .trap(.callStackExhausted)
        }
        var call = unsafe HostCall(
            slots: arguments.base,
            function: function,
            memory: memory,
            hostState: base.pointee.execution._withUnsafeGuaranteedRef { $0.hostState }
        )
        switch function.body(&call) {
        case .finished:
            // In every other case the slice ends here, and the interpreter keeps the fuel that it
            // had before the call: nothing must be taken off then.
            surcharge += call.surcharge
            fuel &-= call.surcharge
            return nil
        case .trap(let reason):
            execution.trapReason = reason
            return .trap(.host)
        case .exit(let code):
            execution.exitCode = code
            return .exited
        case .wait(let condition):
            execution.waitCondition = condition
            return .waiting
        }
    }

    // MARK: - Charges

    /// Notes where the slots end that the running frame uses, for the collector.
    func markStackTop(_ top: Frame) { execution.stackTop = top }

    /// What the last bulk operation cost beyond one instruction.
    func takeNewSurcharge() -> Int64 {
        let surcharge = unsafe base.pointee.newSurcharge
        unsafe base.pointee.newSurcharge = 0
        return surcharge
    }

    /// Charges for work in proportion to a size in bytes.
    func charge(bytes: UInt64) {
        let cost = Int64(truncatingIfNeeded: bytes / 16)
        surcharge += cost
        unsafe base.pointee.newSurcharge += cost
    }

    /// Charges for clearing a function's locals; answers the charge.
    @inline(never)
    func charge(localsOf callee: FunctionCode) -> Int64 {
        charge(bytes: UInt64(callee.localSlots) * 8)
        return takeNewSurcharge()
    }
}

/// Code that no function owns: where executions begin and end, and where calls between instances
/// come back to.
@safe
final class Stubs: Sendable {
    static let shared = Stubs()

    /// Calls the machine's entry, then finishes.
    let entry: CodePointer
    let returnElsewhere: CodePointer
    let unreachable: CodePointer

    private init() {
        let opcodes: [Opcode] = [.callEntry, .finish, .returnElsewhere, .unreachable]
        // Never freed: one allocation for the process's life.
        let cells = UnsafeMutablePointer<UInt64>.allocate(capacity: opcodes.count)
        for (index, opcode) in opcodes.enumerated() {
            unsafe (cells + index).initialize(to: UInt64(opcode.rawValue))
        }
        let base = unsafe CodePointer(UnsafeRawPointer(cells).assumingMemoryBound(to: UInt16.self))
        self.entry = base
        self.returnElsewhere = base.advanced(2)
        self.unreachable = base.advanced(3)
    }
}

extension CodePointer: @unchecked Sendable {}
