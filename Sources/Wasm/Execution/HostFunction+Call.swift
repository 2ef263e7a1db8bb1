extension HostFunction {
    /// What a call outside any execution left behind.
    package struct DirectCall {
        package let result: HostResult
        /// The slots of the results: bits, integers zero-extended; two for a vector.
        package let slots: [UInt64]
        package let surcharge: Int64
    }

    /// Calls the function outside any execution, over bytes of the host instead of a guest's memory.
    ///
    /// This is how host functions are tested without a guest. `arguments` are slots: integers
    /// zero-extended, floats as bits, two for a vector.
    package func callDirectly(
        _ arguments: [UInt64],
        memory: inout [UInt8],
        hostState: AnyObject?
    ) -> DirectCall {
        precondition(arguments.count == type.parameters.reduce(0) { $0 + $1.slotCount })
        let padding = [UInt64](repeating: 0, count: slotCount - arguments.count)
        var slots = arguments + padding
        var surcharge: Int64 = 0
        // SAFETY: both buffers outlive the call, and the call's views do not outlive the body.
        let result = unsafe slots.withUnsafeMutableBufferPointer { frame in
            unsafe memory.withUnsafeMutableBytes { bytes in
                // An empty array may have no address; nothing is read or written there then.
                let nowhere = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
                defer { unsafe nowhere.deallocate() }
                let memory = UnsafeMutablePointer<LinearMemory.Fields>.allocate(capacity: 1)
                unsafe memory.initialize(
                    to: LinearMemory.Fields(
                        base: bytes.baseAddress ?? UnsafeMutableRawPointer(nowhere),
                        byteCount: UInt64(bytes.count)
                    )
                )
                defer {
                    unsafe memory.deinitialize(count: 1)
                    unsafe memory.deallocate()
                }
                var call = unsafe HostCall(
                    slots: frame.baseAddress ?? nowhere,
                    function: self,
                    memory: LinearMemory(memory).guest,
                    hostState: hostState
                )
                let result = body(&call)
                surcharge = call.surcharge
                return result
            }
        }
        return DirectCall(
            result: result,
            slots: Array(slots.prefix(resultSlotCount)),
            surcharge: surcharge
        )
    }
}
