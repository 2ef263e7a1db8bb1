/// The sizes and offsets in which the two published snapshots differ.
///
/// Apart from these, `wasi_unstable` (snapshot 0) differs from `wasi_snapshot_preview1` in the
/// numbers of `whence`, which no stream looks at, and lacks `sock_accept`.
struct Layout: Sendable {
    /// The size of `filestat`: snapshot 0 counts links in 32 bits.
    let fileStatusByteCount: UInt32

    /// The size of `subscription`.
    let subscriptionByteCount: UInt32

    /// Where `subscription` has `subscription_clock::id`: snapshot 0 has an identifier before it.
    let clockOffset: UInt32

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
