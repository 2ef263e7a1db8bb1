/// The sizes and offsets in which the two published snapshots differ.
///
/// Apart from these, `wasi_unstable` (snapshot 0) differs from `wasi_snapshot_preview1` in that it
/// lacks `sock_accept`.
struct Layout: Sendable {
    /// The size of `filestat`: snapshot 0 counts links in 32 bits.
    let fileStatusByteCount: UInt32

    /// The size of `subscription`.
    let subscriptionByteCount: UInt32

    /// Where `subscription` has `subscription_clock::id`: snapshot 0 has an identifier before it.
    let clockOffset: UInt32

    /// The kernel's number for a `whence`; nil when it is unknown.
    func whence(_ number: UInt32) -> Int32? {
        // From the start, the position, the end; snapshot 0 lists them in another order.
        let numbers: [Int32] =
            fileStatusByteCount == Self.snapshot0.fileStatusByteCount ? [1, 2, 0] : [0, 1, 2]
        return number < 3 ? numbers[Int(number)] : nil
    }

    static let snapshot0 = Layout(
        fileStatusByteCount: 56,
        subscriptionByteCount: 56,
        clockOffset: 24
    )

    static let snapshot1 = Layout(
        fileStatusByteCount: 64,
        subscriptionByteCount: 48,
        clockOffset: 16
    )
}
