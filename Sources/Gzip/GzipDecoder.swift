import CZlib

/// Unpacks gzip (RFC 1952), up to a limit: a few bytes can stand for gigabytes.
public enum GzipDecoder {
    /// Why packed bytes cannot be unpacked.
    public enum Failure: Error, Equatable {
        case malformed
        case tooLarge
        case outOfMemory
    }

    /// Unpacks all members of a gzip file.
    public static func unpack(_ packed: [UInt8], byteCountMax: Int) throws(Failure) -> [UInt8] {
        var stream = unsafe z_stream()
        // 16 selects the gzip format, 15 is the largest window.
        let version = ZLIB_VERSION
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(&stream, 16 + 15, version, size) == Z_OK else {
            throw .outOfMemory
        }
        defer { _ = unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        var position = 0
        while true {
            let (code, consumed, produced) = unsafe step(&stream, packed, position, &chunk)
            position += consumed
            guard produced <= byteCountMax - output.count else { throw .tooLarge }
            output += chunk[..<produced]
            switch code {
            case Z_STREAM_END where position == packed.count:
                return output
            case Z_STREAM_END:
                // Another member follows.
                guard unsafe inflateReset(&stream) == Z_OK else { throw .malformed }
            case Z_OK where consumed > 0 || produced > 0:
                continue
            case Z_MEM_ERROR:
                throw .outOfMemory
            default:
                throw .malformed
            }
        }
    }

    // SAFETY: the stream's pointers are set for one call, to buffers that live through it.
    private static func step(
        _ stream: inout z_stream,
        _ packed: [UInt8],
        _ position: Int,
        _ chunk: inout [UInt8]
    ) -> (code: Int32, consumed: Int, produced: Int) {
        let inputCount = min(packed.count - position, 1 << 30)
        let outputCount = chunk.count
        return unsafe packed.withUnsafeBufferPointer { input in
            unsafe chunk.withUnsafeMutableBufferPointer { output in
                unsafe stream.next_in = UnsafeMutablePointer(
                    mutating: input.baseAddress.map { unsafe $0 + position }
                )
                unsafe stream.avail_in = UInt32(inputCount)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(outputCount)
                let code = unsafe inflate(&stream, Z_NO_FLUSH)
                let consumed = inputCount - Int(unsafe stream.avail_in)
                let produced = outputCount - Int(unsafe stream.avail_out)
                return (code, consumed, produced)
            }
        }
    }
}
