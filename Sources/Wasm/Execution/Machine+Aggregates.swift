// Structures and arrays. Core specification §4.4.5

/// How far an instruction got that may take more than one step.
enum AggregateStep {
    case done
    /// The instruction is to be executed again, after the slice if that has ended.
    case again
    case trap(Trap.Kind)
}

extension MachinePointer {
    /// What one step of a bulk operation handles at most, in elements.
    private static let elementsMax: UInt32 = 1 << 14

    // MARK: - Allocation

    /// Makes a structure, all default: a = its reference; live slots end at c.
    @inline(never)
    func allocateStructure(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> AggregateStep {
        guard let type = RuntimeType(address: pc.immediate64) else { return .trap(.unreachable) }
        return unsafe allocate(type, byteCount: type.byteCount, context, frame, pc) { _ in }
    }

    /// Makes an array, all default: a = its reference, b the count; live slots end at c.
    ///
    /// The third cell says which segment has to hold the elements, for `array.new_data` and
    /// `array.new_elem`.
    @inline(never)
    func allocateArray(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> AggregateStep {
        guard let type = RuntimeType(address: pc.immediate64) else { return .trap(.unreachable) }
        let count = frame[i32: pc.b]
        let source = ArraySource(rawValue: pc.thirdCell)
        if let failure = source.check(context.instance, frame, count, type) {
            return .trap(failure)
        }
        let byteCount = RuntimeType.elementsOffset + Int(count) * type.elementSize
        return unsafe allocate(type, byteCount: byteCount, context, frame, pc) { object in
            unsafe object.storeBytes(
                of: count,
                toByteOffset: RuntimeType.headerBytes,
                as: UInt32.self
            )
        }
    }

    private func allocate(
        _ type: RuntimeType,
        byteCount: Int,
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer,
        _ initialize: (UnsafeMutableRawPointer) -> Void
    ) -> AggregateStep {
        let heap = context.instance.heap
        markStackTop(frame.advanced(by: pc.c))
        switch heap.allocate(type, byteCount: byteCount, mayCollect: true) {
        case .object(let offset):
            unsafe initialize(heap.base + offset)
            frame[i64: pc.a] = UInt64(offset) | Heap.tag
            if byteCount > 256 { charge(bytes: UInt64(byteCount)) }
            return .done
        case .again:
            charge(bytes: Heap.stepBytes)
            return .again
        case .exhausted:
            return .trap(.heapExhausted)
        }
    }

    /// Whether a reference has the type that a cell describes.
    @inline(__always)
    func isInstance(_ context: ContextPointer, _ reference: UInt64, _ target: UInt64) -> Bool {
        unsafe ReferenceTarget(rawValue: target).contains(reference, heapBase: context.heapBase)
    }

    // MARK: - Bulk operations

    /// Sets elements: array a, index b, value c; the second cell is the slot of the count.
    @inline(never)
    func fillArray(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) -> AggregateStep {
        let countSlot = pc.secondA
        guard let array = HeapArray(frame[i64: pc.a], context) else { return .trap(.nullArray) }
        let (start, count) = (frame[i32: pc.b], frame[i32: countSlot])
        guard array.contains(start, count) else { return .trap(.arrayOutOfBounds) }
        let step = min(count, Self.elementsMax)
        for index in start..<start + step { array.store(frame, pc.c, at: index) }
        return advance(frame, [pc.b], countSlot, count, step, array.type.elementSize)
    }

    /// Copies elements: array a, index b, source array c; the second cell has the slots of the
    /// source's index and of the count.
    @inline(never)
    func copyArray(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) -> AggregateStep {
        let (sourceSlot, countSlot) = (pc.secondA, pc.secondB)
        guard let array = HeapArray(frame[i64: pc.a], context),
            let source = HeapArray(frame[i64: pc.c], context)
        else { return .trap(.nullArray) }
        let (start, from) = (frame[i32: pc.b], frame[i32: sourceSlot])
        let count = frame[i32: countSlot]
        guard array.contains(start, count), source.contains(from, count) else {
            return .trap(.arrayOutOfBounds)
        }
        let step = min(count, Self.elementsMax)
        guard start <= from else {
            // From the end, so that nothing is overwritten that is still to be copied.
            let rest = count - step
            array.copy(start + rest, from: source, from + rest, count: step)
            return advance(frame, [], countSlot, count, step, array.type.elementSize)
        }
        array.copy(start, from: source, from, count: step)
        return advance(frame, [pc.b, sourceSlot], countSlot, count, step, array.type.elementSize)
    }

    /// Fills elements from a segment: array a, index b, the segment's index c; the second cell has the
    /// slot of the count, whether the segment is of elements, and the segment.
    @inline(never)
    func initializeArray(
        _ context: ContextPointer,
        _ frame: Frame,
        _ pc: CodePointer
    ) -> AggregateStep {
        let (countSlot, isElements) = (pc.secondA, pc.secondB != 0)
        let segment = Int(pc.secondIndex)
        guard let array = HeapArray(frame[i64: pc.a], context) else { return .trap(.nullArray) }
        let (start, from) = (frame[i32: pc.b], frame[i32: pc.c])
        let count = frame[i32: countSlot]
        guard array.contains(start, count) else { return .trap(.arrayOutOfBounds) }
        let instance = context.instance
        let size = array.type.elementSize
        let step = min(count, Self.elementsMax)
        if isElements {
            guard instance.containsElements(segment, from: from, count: count) else {
                return .trap(.tableOutOfBounds)
            }
            for index in 0..<step {
                array.storeReference(
                    instance.elementValue(segment, Int(from + index)),
                    at: start + index
                )
            }
        } else {
            let byteCount = UInt64(count) * UInt64(size)
            guard instance.containsData(segment, from: UInt64(from), count: byteCount) else {
                return .trap(.memoryOutOfBounds)
            }
            let data = instance.module.structure.dataSegments[segment].bytes
            let first = data.lowerBound + Int(from)
            let bytes = instance.module.bytes[first..<first + Int(step) * size]
            array.write(bytes, at: start)
            frame[i32: pc.c] = from &+ step &* UInt32(size)
        }
        let slots = isElements ? [pc.b, pc.c] : [pc.b]
        return advance(frame, slots, countSlot, count, step, size)
    }

    /// Fills an array from operands: array a, the first operand b; the second cell is the count.
    @inline(never)
    func setAllElements(_ context: ContextPointer, _ frame: Frame, _ pc: CodePointer) {
        guard let array = HeapArray(frame[i64: pc.a], context) else { return }
        let slots = UInt16(array.type.elementSize == 16 ? 2 : 1)
        for index in 0..<UInt32(truncatingIfNeeded: pc.immediate64) {
            array.store(frame, pc.b &+ UInt16(truncatingIfNeeded: index) &* slots, at: index)
        }
    }

    /// Notes what was done in the operands' slots: what is left is done when the instruction is
    /// executed again.
    private func advance(
        _ frame: Frame,
        _ slots: [UInt16],
        _ countSlot: UInt16,
        _ count: UInt32,
        _ step: UInt32,
        _ elementSize: Int
    ) -> AggregateStep {
        charge(bytes: UInt64(step) * UInt64(max(elementSize, 4)))
        guard step < count else { return .done }
        for slot in slots { frame[i32: slot] &+= step }
        frame[i32: countSlot] = count - step
        return .again
    }
}

/// Where an array's elements come from, when it is made from a segment.
struct ArraySource: RawRepresentable {
    /// Zero for no segment; else 1 for data and 2 for elements, the slot of the segment's index at
    /// bit 8, and the segment in the upper half.
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(isElements: Bool, slot: UInt16, segment: UInt32) {
        rawValue = (isElements ? 2 : 1) | UInt64(slot) << 8 | UInt64(segment) << 32
    }

    /// Why the segment does not have `count` elements of a type; nil when it does.
    func check(
        _ instance: Instance,
        _ frame: Frame,
        _ count: UInt32,
        _ type: RuntimeType
    ) -> Trap.Kind? {
        guard rawValue != 0 else { return nil }
        let start = frame[i32: UInt16(truncatingIfNeeded: rawValue >> 8)]
        let segment = Int(rawValue >> 32)
        if rawValue & 0xFF == 2 {
            let fits = instance.containsElements(segment, from: start, count: count)
            return fits ? nil : .tableOutOfBounds
        }
        let byteCount = UInt64(count) * UInt64(type.elementSize)
        let fits = instance.containsData(segment, from: UInt64(start), count: byteCount)
        return fits ? nil : .memoryOutOfBounds
    }
}
