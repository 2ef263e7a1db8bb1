// Memory instructions that are not single accesses. Core specification §4.4.7
//
// Addresses and counts are 64-bit: those of 32-bit memories are zero-extended in their slots, so
// that one form serves memories of both address types.

extension MachinePointer {
    /// Answers the old size in pages, or -1 in the memory's address type.
    @inline(never)
    func growMemory(_ context: ContextPointer, _ index: Int, by delta: UInt64) -> UInt64 {
        let memory = context.instance.memories[index]
        return memory.grow(by: delta) ?? memory.type.addressType.failure
    }

    /// The most bytes that one step of a bulk operation handles: about 0.1 ms.
    private static let bulkBytesMax: UInt64 = 1 << 18

    @inline(never)
    func fillMemory(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> Trap.Kind? {
        let memory = context.memory(pc.secondCount)
        let (start, count) = (frame[i64: pc.a], frame[i64: pc.c])
        guard memory.permitsWrite(start, count: count) else { return .memoryOutOfBounds }
        let step = min(count, Self.bulkBytesMax)
        let value = UInt8(truncatingIfNeeded: frame[i32: pc.b])
        unsafe (memory.base + Int(start)).initializeMemory(
            as: UInt8.self,
            repeating: value,
            count: Int(step)
        )
        frame[i64: pc.a] = start &+ step
        frame[i64: pc.c] = count - step
        charge(bytes: step)
        return nil
    }

    /// Copies from the end that does not overwrite what is still to be copied.
    @inline(never)
    func copyMemory(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> Trap.Kind? {
        let target = context.memory(pc.secondCount)
        let origin = context.memory(pc.secondIndex)
        let (start, source, count) = (frame[i64: pc.a], frame[i64: pc.b], frame[i64: pc.c])
        guard origin.contains(source, count: count), target.permitsWrite(start, count: count) else {
            return .memoryOutOfBounds
        }
        let step = min(count, Self.bulkBytesMax)
        let isForward = start <= source
        let skip = isForward ? 0 : Int(count - step)
        unsafe (target.base + Int(start) + skip).copyMemory(
            from: origin.base + Int(source) + skip,
            byteCount: Int(step)
        )
        if isForward {
            frame[i64: pc.a] = start &+ step
            frame[i64: pc.b] = source &+ step
        }
        frame[i64: pc.c] = count - step
        charge(bytes: step)
        return nil
    }

    @inline(never)
    func initializeMemory(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> Trap.Kind? {
        let memory = context.memory(pc.secondCount)
        let (start, source, count) = (frame[i64: pc.a], frame[i64: pc.b], frame[i64: pc.c])
        let segment = Int(pc.secondIndex)
        let step = min(count, Self.bulkBytesMax)
        let instance = context.instance
        guard memory.contains(start, count: count),
            instance.containsData(segment, from: source, count: count),
            instance.copyData(segment, to: memory, at: start, from: source, count: step)
        else { return .memoryOutOfBounds }
        frame[i64: pc.a] = start &+ step
        frame[i64: pc.b] = source &+ step
        frame[i64: pc.c] = count - step
        charge(bytes: step)
        return nil
    }
}

extension AddressType {
    /// What `memory.grow` and `table.grow` answer when they fail: -1.
    var failure: UInt64 { self == .i32 ? UInt64(UInt32.max) : UInt64.max }
}
