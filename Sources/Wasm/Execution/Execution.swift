/// Why a call could not be prepared.
public enum InvocationError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownExport(String)
    /// The arguments do not have the function's parameter types.
    case argumentTypes(expected: FunctionType, found: [ValueType])

    /// The error with the types it is about.
    public var description: String {
        switch self {
        case .unknownExport(let name):
            "no function is exported as \(name)"
        case .argumentTypes(let expected, let found):
            "arguments \(found) do not fit \(expected)"
        }
    }
}

/// One call of a guest's function: a value that can stop and go on.
///
/// The guest's frames lie on the value stack, nothing of it on a host stack, so that a suspended
/// execution costs memory only and any thread can resume it. One thread at a time may use it, and
/// no other execution may use its instance or its stack until it has ended or been dropped.
@safe
public final class Execution: @unchecked Sendable {
    /// How a slice ended.
    public enum Outcome: Sendable {
        /// The function returned: see ``Execution/results``.
        case finished
        /// The slice's budget was used up; `resume` goes on.
        case outOfBudget
        /// A host function waits; `resume` calls it again.
        case waiting(WaitCondition)
        case trapped(Trap)
        /// The guest ended itself with a code.
        case exited(Int32)
    }

    let instance: Instance
    let stack: ValueStack
    /// The function that is called, by its index.
    let function: Int
    private let fuelLimit: UInt64?
    // SAFETY: lies in the stack, which is this execution's until it has ended.
    let machine: MachinePointer
    private var fuelCharged: UInt64 = 0
    private var hasEnded = false
    /// Whether the results lie on the stack.
    private var hasReturned = false
    private var isAbandoned = false

    /// Where the slots end that the running frame uses, while it asks for memory.
    var stackTop: Frame
    let hostState: AnyObject?
    var trapReason: String?
    var exitCode: Int32 = 0
    /// Where the guest was when it ended itself; nil unless it has.
    public private(set) var exitTrap: Trap?
    var waitCondition = WaitCondition.input
    /// The search for a handler that the last slice did not finish.
    var search: HandlerSearch?
    /// Where calls between instances come back to.
    var returns: [(CodePointer, ContextPointer)] = []

    /// The least that a slice may be given: no run of instructions that is paid for at once is longer.
    public static let budgetMin: Int64 = 1 << 16

    /// Prepares a call of an exported function.
    ///
    /// `fuelLimit` is the most instructions that it may execute.
    public convenience init(
        _ instance: Instance,
        export name: String,
        arguments: [Value] = [],
        stack: ValueStack,
        fuelLimit: UInt64? = nil,
        hostState: AnyObject? = nil
    ) throws(InvocationError) {
        guard let function = instance.module.function(exported: name) else {
            throw .unknownExport(name)
        }
        try self.init(
            instance,
            calling: function,
            arguments: arguments,
            stack: stack,
            fuelLimit: fuelLimit,
            hostState: hostState
        )
    }

    /// Prepares a call of an exported function, which must be of the instance's module.
    public convenience init(
        _ instance: Instance,
        calling function: ExportedFunction,
        arguments: [Value] = [],
        stack: ValueStack,
        fuelLimit: UInt64? = nil,
        hostState: AnyObject? = nil
    ) throws(InvocationError) {
        precondition(function.module == ObjectIdentifier(instance.module))
        let type = function.type
        guard type.parameters.count == arguments.count,
            arguments.isEmpty
                || zip(arguments, type.parameters).allSatisfy({
                    $0.belongs(to: $1, heap: instance.heap)
                })
        else {
            throw .argumentTypes(expected: type, found: arguments.map(\.type))
        }
        self.init(instance, function.index, arguments, stack, fuelLimit, hostState)
    }

    /// Prepares the start function; nil when the module has none.
    public convenience init?(
        start instance: Instance,
        stack: ValueStack,
        fuelLimit: UInt64? = nil,
        hostState: AnyObject? = nil
    ) {
        guard let start = instance.module.structure.start else { return nil }
        self.init(instance, Int(start), [], stack, fuelLimit, hostState)
    }

    init(
        _ instance: Instance,
        _ function: Int,
        _ arguments: [Value],
        _ stack: ValueStack,
        _ fuelLimit: UInt64?,
        _ hostState: AnyObject?
    ) {
        self.instance = instance
        self.stack = stack
        self.stackTop = stack.start
        self.function = function
        self.fuelLimit = fuelLimit
        self.hostState = hostState
        let base = unsafe stack.machine
        unsafe self.machine = MachinePointer(base: base)
        var slots = unsafe stack.start.base
        for argument in arguments { unsafe slots += argument.store(to: slots) }
        unsafe base.initialize(
            to: Machine(
                pc: Stubs.shared.entry,
                frame: stack.start,
                context: instance.context,
                fuel: 0,
                stackLimit: stack.limit,
                entry: instance.record(of: function),
                execution: Unmanaged.passUnretained(self)
            )
        )
        instance.heap.register(self)
    }

    deinit { abandon() }

    /// Lets go of the instance and the stack, which may be used by others from now on: the execution cannot go
    /// on.
    ///
    /// To be called before they are handed to another thread, however long somebody refers to the execution.
    public func abandon() {
        hasEnded = true
        hasReturned = false
        guard !isAbandoned else { return }
        isAbandoned = true
        instance.heap.unregister(self)
    }

    /// Instructions executed so far.
    ///
    /// Exact once the execution has ended; while it is suspended, instructions that are paid for
    /// but not executed yet may be counted too.
    public private(set) var fuelUsed: UInt64 {
        get { fuelCharged }
        set { fuelCharged = newValue }
    }

    /// Runs for about `budget` instructions, at least ``budgetMin``.
    ///
    /// May be called again after `outOfBudget` and `waiting`, and not after anything else.
    public func resume(budget: Int64) -> Outcome {
        precondition(!hasEnded, "the execution has ended")
        instance.heap.prepare(for: self)
        let slice = max(budget, Self.budgetMin)
        let left = fuelLimit.map { $0 > fuelCharged ? $0 - fuelCharged : 0 } ?? .max
        let isLast = left <= UInt64(slice)
        let given = isLast ? Int64(left) : slice
        machine.fuel = given
        machine.surcharge = 0
        let exit = machine.run()
        let surcharge = machine.surcharge
        fuelCharged += UInt64(given - machine.fuel - surcharge)
        switch exit {
        case .finished:
            hasEnded = true
            hasReturned = true
            return .finished
        case .storeNotNoted:
            preconditionFailure("the machine notes what is stored")
        case .outOfBudget where isLast && surcharge == 0:
            return .trapped(end(with: .outOfFuel))
        case .outOfBudget:
            return .outOfBudget
        case .waiting:
            return .waiting(waitCondition)
        case .trap(let kind):
            return .trapped(end(with: kind))
        case .exited:
            trapReason = "exited with code \(exitCode)"
            exitTrap = end(with: .exited)
            return .exited(exitCode)
        }
    }

    /// Ends a suspended execution, which cannot be resumed then, and tells where the guest was.
    ///
    /// `reason` is what the trap says. Nil when the execution had ended before.
    public func interrupt(reason: String) -> Trap? {
        guard !hasEnded else { return nil }
        trapReason = reason
        return end(with: .interrupted)
    }

    /// The slots of the value stack that may hold references.
    ///
    /// Only the running execution knows where its frame ends while it asks for memory; for others it
    /// is as long as frames can be.
    func stackRoots(isCurrent: Bool) -> Heap.Collection.Roots {
        let start = unsafe stack.start.base
        let limit = unsafe stack.limit.base - start
        let end = unsafe isCurrent ? stackTop.base - start : machine.frame.base - start + 65_536
        return unsafe Heap.Collection.Roots(slots: start, count: min(max(end, 0), limit))
    }

    /// What the function returned, once it has: to be taken before anybody else uses the stack.
    public var results: [Value] {
        guard hasReturned else { return [] }
        let type = instance.module.functionType(function)
        var slots = unsafe stack.start.base
        return type.results.map { type in
            defer { unsafe slots += type.slotCount }
            return unsafe Value(slots, type: type, heap: instance.heap)
        }
    }

    /// The first of the results; nil when there is none.
    public var firstResult: Value? {
        guard hasReturned, let type = instance.module.functionType(function).results.first else {
            return nil
        }
        return unsafe Value(stack.start.base, type: type, heap: instance.heap)
    }

    /// Ends before the function has returned: walks the stack, and takes back what was paid for
    /// instructions that were not reached.
    private func end(with kind: Trap.Kind) -> Trap {
        hasEnded = true
        let walk = StackWalk(
            pc: machine.pc,
            frame: machine.frame,
            context: machine.context,
            returns: returns
        )
        let (frames, depth, unexecuted) = walk.run()
        fuelCharged -= min(fuelCharged, unexecuted)
        return Trap(kind, reason: trapReason, backtrace: frames, depth: depth)
    }
}
