/// A global that instances share. Core specification §4.2.10
///
/// Used by one thread at a time: the one that runs an instance it belongs to.
@safe
public final class Global: @unchecked Sendable {
    /// The global's type.
    public let type: GlobalType

    // SAFETY: `slot`, and for a vector the next one, lies in `owner`'s globals when there is an owner, else in memory that this
    // object allocated.
    let slot: UnsafeMutablePointer<UInt64>
    private let owner: Instance?
    /// The heap that the value may refer to an object of, once an instance has the global.
    var heap: Heap?

    init(_ type: GlobalType, slot: UnsafeMutablePointer<UInt64>, owner: Instance) {
        self.type = type
        unsafe self.slot = slot
        self.owner = owner
        self.heap = owner.heap
    }

    /// Makes a global of the host.
    public init(_ value: Value, isMutable: Bool) {
        self.type = GlobalType(value: value.type, isMutable: isMutable)
        unsafe self.slot = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
        unsafe slot.initialize(repeating: 0, count: 2)
        unsafe value.store(to: slot)
        self.owner = nil
    }

    deinit {
        if owner == nil { unsafe slot.deallocate() }
    }

    /// The current value.
    public var value: Value { unsafe Value(slot, type: type.value, heap: heap) }
}
