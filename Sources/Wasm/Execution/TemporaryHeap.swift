@safe
final class TemporaryHeap: @unchecked Sendable {
    static let shared = TemporaryHeap()
    var storage: [[UInt64]] = []

    func allocateException(_ tag: UInt64, _ payload: UnsafeBufferPointer<UInt64>) -> UInt64? {
        storage.append(unsafe [tag] + Array(payload))
        return UInt64(storage.count * 8) | 0b100
    }
    func exceptionTag(_ reference: UInt64) -> UInt64 { storage[Int(reference / 8) - 1][0] }
    func copyPayload(of reference: UInt64, to frame: Frame) -> UInt16 {
        let all = storage[Int(reference / 8) - 1].dropFirst()
        for (index, slot) in all.enumerated() { frame[i64: UInt16(index)] = slot }
        return UInt16(all.count)
    }
}
extension Instance {
    var heap: TemporaryHeap { TemporaryHeap.shared }
}
