/// Slots at a fixed address: the values of an element segment.
@safe
final class SlotList {
    // SAFETY: allocated by `init` with room for `count` slots, freed by `deinit`.
    let slots: UnsafeMutablePointer<UInt64>
    let count: Int

    init(_ values: [UInt64]) {
        count = values.count
        unsafe slots = .allocate(capacity: max(count, 1))
        for (index, value) in values.enumerated() { unsafe (slots + index).initialize(to: value) }
    }

    deinit { unsafe slots.deallocate() }

    subscript(index: Int) -> UInt64 { unsafe slots[index] }
}
