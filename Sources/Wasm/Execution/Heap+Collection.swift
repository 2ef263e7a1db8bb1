extension Heap {
    /// A collection under way: marks what is reachable, in steps.
    ///
    /// The guest does not run meanwhile: it waits in the instruction that asked for memory, which is
    /// executed again for each step. So nothing that is reachable can change between steps, while
    /// whoever runs the guest gets the thread back after each of them.
    struct Collection {
        /// Slots that may hold references, still to be read.
        ///
        /// Tables, stacks and globals do not move while the guest waits.
        @safe
        struct Roots {
            // SAFETY: see above; the owners of the slots are kept by those who registered.
            var slots: UnsafePointer<UInt64>
            var count: Int
        }

        var isUnderWay = false
        /// The execution that waits.
        var owner: ObjectIdentifier?
        var roots: [Roots] = []
        /// Offsets of objects that are marked and whose fields have not been read; with an index of
        /// the element to go on at in the upper half, for arrays.
        var gray: [UInt64] = []
        var liveBytes = 0
    }

    /// The work of one step, in slots read and objects visited: about 0.1 ms.
    private static let stepWork = 1 << 14

    /// What a step is charged as, in bytes moved.
    static let stepBytes: UInt64 = 1 << 18

    /// Drops a collection that another execution began: it would go on in a heap that has changed.
    func prepare(for execution: Execution) {
        let execution = ObjectIdentifier(execution)
        if collection.isUnderWay, collection.owner != execution { collection = Collection() }
        current = execution
    }

    /// Forgets all marks and gathers the roots.
    func beginCollection() {
        marks.clear(below: usedEnd)
        collection = Collection()
        collection.isUnderWay = true
        collection.owner = current
        for instance in instances { instance.object.addRoots(to: &collection.roots) }
        for execution in executions {
            let isCurrent = execution.id == current
            collection.roots.append(execution.object.stackRoots(isCurrent: isCurrent))
        }
        for offset in pins.offsets { mark(UInt64(offset) | Self.tag) }
    }

    /// Does one step; true when the collection has ended.
    func continueCollection() -> Bool {
        var work = Self.stepWork
        while work > 0 {
            if let entry = collection.gray.popLast() {
                scan(entry, &work)
            } else if var roots = collection.roots.popLast() {
                let count = min(roots.count, work)
                for index in 0..<count { markIfObject(unsafe roots.slots[index]) }
                work -= max(count, 1)
                unsafe roots.slots += count
                roots.count -= count
                if roots.count > 0 { collection.roots.append(roots) }
            } else {
                let liveBytes = collection.liveBytes
                collection = Collection()
                sweep(liveBytes: liveBytes)
                return true
            }
        }
        return false
    }

    /// Marks what a slot of unknown type points to, if it looks like a reference to an object.
    private func markIfObject(_ slot: UInt64) {
        guard slot & 7 == Self.tag, let offset = Int(exactly: slot - Self.tag), isObject(offset)
        else {
            return
        }
        mark(slot)
    }

    private func mark(_ reference: UInt64) {
        let offset = Int(truncatingIfNeeded: reference & ~7)
        guard !marks.contains(offset) else { return }
        marks.set(offset)
        collection.gray.append(UInt64(offset))
    }

    /// Marks what an object refers to.
    private func scan(_ entry: UInt64, _ work: inout Int) {
        let offset = Int(entry & 0xFFFF_FFFF)
        let first = Int(entry >> 32)
        let type = type(at: offset)
        work -= 1
        if first == 0 { collection.liveBytes += size(at: offset) }
        switch type.kind {
        case .structure:
            for index in 0..<type.referenceCount {
                unsafe markReference(base + offset + type.referenceOffset(index))
            }
            work -= type.referenceCount
        case .array where type.elementsAreReferences:
            scan(offset, RuntimeType.elementsOffset, first, &work)
        case .exception:
            scan(offset, Exception.payloadOffset, first, &work)
        default:
            return
        }
    }

    /// Reads as many slots of an array or exception as the step allows; the rest is left for later.
    private func scan(_ offset: Int, _ start: Int, _ first: Int, _ work: inout Int) {
        let count = count(at: offset)
        let end = min(count, first + max(work, 1))
        for index in first..<max(end, first) {
            unsafe markReference(base + offset + start + index * 8)
        }
        work -= end - first
        if end < count { collection.gray.append(UInt64(offset) | UInt64(end) << 32) }
    }

    private func markReference(_ slot: UnsafeMutableRawPointer) {
        markIfObject(unsafe slot.load(as: UInt64.self))
    }
}

extension Instance {
    /// Adds the globals, tables and segments that may hold references to objects.
    func addRoots(to roots: inout [Heap.Collection.Roots]) {
        let structure = module.structure
        for index in structure.globalTypes.indices {
            guard case .reference(let type) = structure.globalTypes[index].value,
                !module.types.isFunction(type)
            else { continue }
            unsafe roots.append(Heap.Collection.Roots(slots: globalAddress(index), count: 1))
        }
        for table in tables where !table.type.element.heapType.isFunction {
            let fields = unsafe table.storage.fields.pointee
            unsafe roots.append(
                Heap.Collection.Roots(slots: fields.elements, count: Int(fields.count))
            )
        }
        for segment in elementValues.values {
            unsafe roots.append(
                Heap.Collection.Roots(slots: segment.slots, count: segment.count)
            )
        }
    }
}
