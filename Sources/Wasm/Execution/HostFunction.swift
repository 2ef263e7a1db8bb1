/// A function that the host lends to guests.
///
/// The body runs on the thread that resumes the execution, on that thread's own stack. It must
/// not block: a function that has to wait answers ``HostResult/wait(_:)`` and is called again,
/// with the same arguments, when the execution is resumed.
public final class HostFunction: Sendable {
    /// The type that an import must have to be satisfied by this function.
    public let type: FunctionType

    let body: @Sendable (inout HostCall) -> HostResult

    /// The slots that the parameters or the results take, whichever are more.
    let slotCount: Int
    let resultSlotCount: Int
    /// The slot of each parameter, if any is a vector.
    let parameterSlots: [Int]
    /// The slot of each result, if any is a vector.
    let resultSlots: [Int]

    /// Makes a host function.
    public init(
        _ type: FunctionType,
        _ body: @escaping @Sendable (inout HostCall) -> HostResult
    ) {
        self.type = type
        self.body = body
        var parameterSlotCount = 0
        var resultSlotCount = 0
        self.parameterSlots = Self.slots(of: type.parameters, count: &parameterSlotCount)
        self.resultSlots = Self.slots(of: type.results, count: &resultSlotCount)
        self.resultSlotCount = resultSlotCount
        self.slotCount = max(parameterSlotCount, resultSlotCount)
    }

    private static func slots(of types: [ValueType], count: inout Int) -> [Int] {
        let slots = types.map { type in
            defer { count += type.slotCount }
            return count
        }
        return count == types.count ? [] : slots
    }
}

/// What a host function did.
public enum HostResult: Sendable {
    /// The call is done; its results, if any, have been set with ``HostCall/setResult(_:_:)``.
    case finished
    /// The guest is stopped as by a trap, with the reason in the report.
    case trap(String)
    /// The guest ended itself (`proc_exit`).
    case exit(Int32)
    /// The call cannot go on yet; it is made again when the execution is resumed.
    case wait(WaitCondition)
}

/// What a suspended execution waits for.
public enum WaitCondition: Equatable, Sendable {
    /// A moment on `CLOCK_MONOTONIC`, in nanoseconds.
    case deadline(UInt64)
    /// More input, or its end, from whoever feeds the host functions' state.
    case input
    /// Whichever comes first: more input or its end, or a moment on `CLOCK_MONOTONIC`.
    case inputOrDeadline(UInt64)
    /// Room for more output, from whoever takes it away.
    case output
}

/// One call of a host function: its arguments, its results, and the guest's memory.
///
/// Arguments are typed by the function's declared type: read each with the width it has there.
@safe
public struct HostCall {
    // SAFETY: `slots` points at the call's frame on the execution's value stack, which has room
    // for the larger of the parameters and results that linking checked.
    private let slots: UnsafeMutablePointer<UInt64>
    // SAFETY: the instance keeps the function, and the execution the state, for as long as the body runs that the
    // call is lent to.
    private let function: Unmanaged<HostFunction>
    private let state: Unmanaged<AnyObject>?
    private let slotCount: Int
    /// Whether each parameter, and each result, takes one slot.
    private let isPlain: Bool

    /// The guest's memory 0 (empty when it has none).
    public let memory: GuestMemory

    /// The object given to the execution for its host functions.
    public var hostState: AnyObject? { unsafe state?.takeUnretainedValue() }

    /// Work beyond the one instruction counted for the call, in instructions' worth of time: it
    /// shortens the running slice, without counting as fuel.
    public var surcharge: Int64 = 0

    init(
        slots: UnsafeMutablePointer<UInt64>,
        function: HostFunction,
        memory: GuestMemory,
        hostState: AnyObject?
    ) {
        unsafe self.slots = slots
        unsafe self.function = .passUnretained(function)
        self.memory = memory
        unsafe state = hostState.map { unsafe .passUnretained($0) }
        slotCount = function.slotCount
        isPlain = function.parameterSlots.isEmpty && function.resultSlots.isEmpty
    }

    /// The argument at an index, as an unsigned 32-bit integer.
    public func u32(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: u64(index)) }

    /// The argument at an index, as a signed 32-bit integer.
    public func i32(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: u64(index)) }

    /// The argument at an index, as an unsigned 64-bit integer.
    public func u64(_ index: Int) -> UInt64 {
        let slot = isPlain ? index : slot(index, of: \.parameterSlots)
        precondition(slot >= 0 && slot < slotCount)
        return unsafe slots[slot]
    }

    /// The argument at an index, which is a vector.
    public func v128(_ index: Int) -> V128 {
        let slot = slot(index, of: \.parameterSlots)
        precondition(slot >= 0 && slot + 1 < slotCount)
        return V128(low: unsafe slots[slot], high: unsafe slots[slot + 1])
    }

    /// The argument at an index, as a signed 64-bit integer.
    public func i64(_ index: Int) -> Int64 { Int64(bitPattern: u64(index)) }

    /// Sets a result.
    ///
    /// Arguments share the results' place: read them all first.
    public func setResult(_ index: Int, _ value: Value) {
        let slot = isPlain ? index : slot(index, of: \.resultSlots)
        precondition(slot >= 0 && slot + value.type.slotCount <= slotCount)
        unsafe value.store(to: slots + slot)
    }

    private func slot(_ index: Int, of slots: KeyPath<HostFunction, [Int]>) -> Int {
        let slots = unsafe function.takeUnretainedValue()[keyPath: slots]
        return slots.isEmpty ? index : slots[index]
    }
}
