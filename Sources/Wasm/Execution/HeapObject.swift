import Synchronization

/// What exceptions are in a heap: their tag, and the values they carry. Core specification §4.2.12
enum Exception {
    /// Where the tag's number is; the count of slots is after the header.
    static let tagOffset = 16
    /// Where the carried slots begin.
    static let payloadOffset = 24

    // SAFETY: allocated once, never freed and never changed.
    private nonisolated(unsafe) static let fields: UnsafeMutablePointer<RuntimeType.Fields> = {
        let fields = UnsafeMutablePointer<RuntimeType.Fields>.allocate(capacity: 1)
        unsafe fields.initialize(to: RuntimeType.Fields(id: .max, kind: .exception))
        return unsafe fields
    }()

    /// The type of all exceptions.
    static var type: RuntimeType { unsafe RuntimeType(fields) }
}

extension Heap {
    /// Makes an exception, or does a step of the collection that makes room for it.
    ///
    /// The payload is where the collector finds it. Answers where the exception is.
    func allocateException(
        _ tag: UInt64,
        _ payload: UnsafeBufferPointer<UInt64>
    ) -> Allocation {
        let byteCount = Exception.payloadOffset + payload.count * 8
        let allocation = allocate(Exception.type, byteCount: byteCount, mayCollect: true)
        guard case .object(let offset) = allocation else { return allocation }
        let object = unsafe base + offset
        let count = UInt32(truncatingIfNeeded: payload.count)
        unsafe object.storeBytes(of: count, toByteOffset: RuntimeType.headerBytes, as: UInt32.self)
        unsafe object.storeBytes(of: tag, toByteOffset: Exception.tagOffset, as: UInt64.self)
        for index in payload.indices {
            let slot = unsafe payload[index]
            let place = Exception.payloadOffset + index * 8
            unsafe object.storeBytes(of: slot, toByteOffset: place, as: UInt64.self)
        }
        return allocation
    }

    /// The number of an exception's tag.
    func exceptionTag(_ reference: UInt64) -> UInt64 {
        let object = unsafe base + Int(reference & ~7)
        return unsafe object.load(fromByteOffset: Exception.tagOffset, as: UInt64.self)
    }

    /// Writes what an exception carries to slots of a frame; answers how many.
    func copyPayload(of reference: UInt64, to frame: Frame) -> UInt16 {
        let offset = Int(reference & ~7)
        let count = count(at: offset)
        for index in 0..<count {
            let place = Exception.payloadOffset + index * 8
            let slot = UInt16(truncatingIfNeeded: index)
            frame[i64: slot] = unsafe (base + offset).load(fromByteOffset: place, as: UInt64.self)
        }
        return UInt16(truncatingIfNeeded: count)
    }
}

/// The objects that the host holds, with how many references it holds to each.
///
/// Safe to use from any thread.
final class HeapPins: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    /// The offsets of all objects that are held.
    var offsets: [Int] { counts.withLock { Array($0.keys) } }

    func pin(_ offset: Int) {
        counts.withLock { $0[offset, default: 0] += 1 }
    }

    func unpin(_ offset: Int) {
        counts.withLock { counts in
            guard let count = counts[offset] else { return }
            counts[offset] = count > 1 ? count - 1 : nil
        }
    }
}

/// A structure, array or exception that the host holds, opaque to it.
///
/// The object lives for as long as this does, unless its instance is reset.
public final class HeapObject: Hashable, Sendable {
    /// What an object is.
    public enum Kind: Sendable {
        case structure, array, exception
    }

    /// What the object is.
    public let kind: Kind

    let heap: Heap
    let slot: UInt64
    /// The id of the object's type.
    let typeID: UInt32

    init(_ slot: UInt64, in heap: Heap) {
        let offset = Int(truncatingIfNeeded: slot & ~7)
        let type = heap.type(at: offset)
        self.heap = heap
        self.slot = slot
        typeID = type.id
        kind =
            switch type.kind {
            case .array: .array
            case .exception: .exception
            default: .structure
            }
        heap.pins.pin(offset)
    }

    deinit { heap.pins.unpin(Int(truncatingIfNeeded: slot & ~7)) }

    /// Whether two references are to the same object.
    public static func == (left: HeapObject, right: HeapObject) -> Bool {
        left.heap === right.heap && left.slot == right.slot
    }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(slot) }
}

/// A reference of the types under `any`, or to an exception, as the host sees it.
public enum AnyReference: Hashable, Sendable {
    /// A small integer, in the lowest 31 bits.
    case i31(UInt32)
    /// A host's reference that was converted from `extern`.
    case host(UInt64)
    case object(HeapObject)
}
