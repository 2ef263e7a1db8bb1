import CZlib

/// Packs a stream of bytes as one gzip member (RFC 1952).
///
/// Used by one thread at a time.
@safe
public final class GzipEncoder {
    // SAFETY: allocated and initialised by this object, which alone uses it, and freed with it; zlib keeps a
    // pointer to it and wants it to stay where it is.
    private let stream: UnsafeMutablePointer<z_stream>

    /// How hard to try: more than zlib's fastest, and a third of the time of its default.
    private static let level: Int32 = 4

    /// Prepares a stream; nil when there is no memory for it (about 256 KiB).
    public init?() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // 16 selects the gzip format, 15 is the largest window.
        let code = unsafe deflateInit2_(
            stream,
            Self.level,
            Z_DEFLATED,
            16 + 15,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        guard code == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Packs bytes, so that the reader can unpack all of them with what is returned.
    ///
    /// After the last ones, no more may come.
    public func pack(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(64 << 10, bytes.count / 2 + 256))
        var position = 0
        while true {
            let inputCount = min(bytes.count - position, 1 << 30)
            let outputCount = chunk.count
            let code = unsafe bytes.withUnsafeBufferPointer { input in
                unsafe chunk.withUnsafeMutableBufferPointer { room in
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: input.baseAddress.map { unsafe $0 + position }
                    )
                    unsafe stream.pointee.avail_in = UInt32(inputCount)
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(outputCount)
                    return unsafe deflate(stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
                }
            }
            position += inputCount - Int(unsafe stream.pointee.avail_in)
            let hasRoom = unsafe stream.pointee.avail_out > 0
            output += chunk[..<(outputCount - Int(unsafe stream.pointee.avail_out))]
            // Room that was left means that zlib has nothing more to write.
            if code == Z_STREAM_END || (hasRoom && position == bytes.count) || code < Z_OK {
                return output
            }
        }
    }
}
