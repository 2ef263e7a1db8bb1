import Wasm

/// The buffers of one scatter or gather call: `iovec_array` and `ciovec_array`.
///
/// All of them are checked before the first byte moves. They are read again while bytes move,
/// since a guest can make them overlap its own buffers.
struct BufferList {
    /// The most buffers in one call, as for Linux (`IOV_MAX`); more are refused as `EINVAL`.
    static let countMax: UInt32 = 1024

    /// The most bytes that one call moves.
    ///
    /// A call that asks for more moves these, as every caller of a read or a write must expect;
    /// so a single call can hold its thread up for a fraction of a millisecond only.
    static let byteCountMax = 1 << 20

    /// How many bytes to move: what the buffers hold, at most ``byteCountMax``.
    let byteCount: Int

    private let memory: GuestMemory
    private let address: UInt32
    private let count: UInt32

    /// Checks the list whose address and count are two arguments of a call, and every buffer in it.
    ///
    /// Charges the call for the buffers, since empty ones take time as well.
    init(_ call: inout HostCall, at index: Int) throws(ErrorNumber) {
        let memory = call.memory
        let (address, count) = (call.u32(index), call.u32(index + 1))
        guard count <= Self.countMax else { throw .inval }
        guard memory.contains(address, count: Int(count) * 8) else { throw .fault }
        self.memory = memory
        self.address = address
        self.count = count
        call.surcharge &+= Surcharge.buffers(count)
        var total = 0
        for index in 0..<count {
            guard let (start, size) = Self.element(index, memory, address) else { throw .fault }
            guard memory.contains(start, count: Int(size)) else { throw .fault }
            // At most 1024 times 4 GiB: no overflow.
            total += Int(size)
        }
        byteCount = min(total, Self.byteCountMax)
    }

    /// Visits the parts of the buffers to move, in order, until the closure answers false.
    func forEach(_ body: (_ address: UInt32, _ count: UInt32) -> Bool) {
        var remaining = byteCount
        for index in 0..<count where remaining > 0 {
            guard let (start, size) = Self.element(index, memory, address) else { return }
            let part = UInt32(truncatingIfNeeded: min(Int(size), remaining))
            guard part > 0 else { continue }
            guard body(start, part) else { return }
            remaining -= Int(part)
        }
    }

    private static func element(
        _ index: UInt32,
        _ memory: GuestMemory,
        _ address: UInt32
    ) -> (address: UInt32, count: UInt32)? {
        // `address` and the list's size were checked: no overflow within the memory.
        guard let pair = memory.load(address &+ index &* 8, as: UInt64.self) else { return nil }
        return (UInt32(truncatingIfNeeded: pair), UInt32(truncatingIfNeeded: pair >> 32))
    }
}
