import CLinux
import Glibc

/// The contents of open files.
extension FileDescriptor {
    /// Reads at most as many bytes as there is room for: at the file's position, or at an offset,
    /// which leaves the position alone.
    ///
    /// Zero is the end. The corresponding C functions are `read` and `pread`.
    public borrowing func read(
        into buffer: inout MutableRawSpan,
        at offset: UInt64? = nil
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        let place = try Self.place(offset)
        return try unsafe buffer.withUnsafeMutableBytes { bytes throws(SystemError) in
            try retryingInterrupts("read") {
                unsafe place.map { unsafe pread(descriptor, bytes.baseAddress, bytes.count, $0) }
                    ?? Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// Writes bytes and answers how many, as ``read(into:at:)``.
    public borrowing func write(
        _ bytes: RawSpan,
        at offset: UInt64? = nil
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        let place = try Self.place(offset)
        return try unsafe bytes.withUnsafeBytes { bytes throws(SystemError) in
            try retryingInterrupts("write") {
                unsafe place.map { unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, $0) }
                    ?? Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
        }
    }

    private static func place(_ offset: UInt64?) throws(SystemError) -> Int? {
        guard let offset else { return nil }
        guard let place = Int(exactly: offset) else {
            throw SystemError(call: "pread", code: EINVAL)
        }
        return place
    }

    /// Moves the file's position.
    ///
    /// The corresponding C function is `lseek`.
    public borrowing func seek(_ offset: Int64, from whence: Int32) throws(SystemError) -> UInt64 {
        let descriptor = rawValue
        let position = try retryingInterrupts("lseek") {
            lseek(descriptor, Int(offset), whence)
        }
        return UInt64(max(position, 0))
    }

    /// The corresponding C function is `ftruncate`.
    public borrowing func setSize(_ size: UInt64) throws(SystemError) {
        let descriptor = rawValue
        let size = try Self.place(size) ?? 0
        _ = try retryingInterrupts("ftruncate") { ftruncate(descriptor, size) }
    }

    /// Makes sure that a range has room on disk.
    ///
    /// The corresponding C function is `fallocate`. Throws `EOPNOTSUPP` where the file system
    /// cannot do it: to write to every block instead, as `posix_fallocate` does, may take any time.
    public borrowing func allocate(_ offset: UInt64, count: UInt64) throws(SystemError) {
        let start = try Self.place(offset) ?? 0
        let length = try Self.place(count) ?? 0
        let descriptor = rawValue
        _ = try retryingInterrupts("fallocate") { fallocate(descriptor, 0, start, length) }
    }

    /// Says how a range will be used.
    ///
    /// The corresponding C function is `posix_fadvise`.
    public borrowing func advise(
        _ offset: UInt64,
        count: UInt64,
        _ advice: Int32
    ) throws(SystemError) {
        let start = try Self.place(offset) ?? 0
        let length = try Self.place(count) ?? 0
        let code = posix_fadvise(rawValue, start, length, advice)
        guard code == 0 else { throw SystemError(call: "posix_fadvise", code: code) }
    }

    /// Waits until what was written is on disk.
    ///
    /// The corresponding C functions are `fsync` and `fdatasync`.
    public borrowing func synchronize(dataOnly: Bool) throws(SystemError) {
        let descriptor = rawValue
        _ = try retryingInterrupts("fsync") {
            dataOnly ? fdatasync(descriptor) : fsync(descriptor)
        }
    }

    /// Sets `O_APPEND`, `O_NONBLOCK` and the like.
    ///
    /// The corresponding C function is `fcntl`.
    public borrowing func setStatusFlags(_ flags: Int32) throws(SystemError) {
        let descriptor = rawValue
        _ = try retryingInterrupts("fcntl") { clinux_set_status_flags(descriptor, flags) }
    }

    // MARK: - Directories

    /// One entry of a directory.
    public struct DirectoryEntry: Sendable {
        /// Where reading goes on after the entry.
        public let next: UInt64
        public let serialNumber: UInt64
        public let kind: FileStatus.Kind
        public let name: [UInt8]

        /// Makes an entry of a directory that is not the kernel's.
        public init(next: UInt64, serialNumber: UInt64, kind: FileStatus.Kind, name: [UInt8]) {
            self.next = next
            self.serialNumber = serialNumber
            self.kind = kind
            self.name = name
        }
    }

    /// Reads entries from a place on, which is 0 or an entry's `next`: as many as 32 KiB hold, none
    /// at the end.
    ///
    /// The corresponding C function is `getdents64`.
    public borrowing func entries(from place: UInt64) throws(SystemError) -> [DirectoryEntry] {
        _ = try seek(Int64(bitPattern: place), from: SEEK_SET)
        let descriptor = rawValue
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        let count = try retryingInterrupts("getdents64") {
            unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe clinux_getdents64(descriptor, bytes.baseAddress, UInt32(bytes.count))
            }
        }
        var entries: [DirectoryEntry] = []
        var position = 0
        while position + 19 <= count {
            let length = Int(buffer[position + 16]) | Int(buffer[position + 17]) << 8
            guard length >= 19, position + length <= count else { break }
            let name = buffer[(position + 19)..<(position + length)].prefix { $0 != 0 }
            entries.append(
                DirectoryEntry(
                    next: Self.number(buffer, at: position + 8),
                    serialNumber: Self.number(buffer, at: position),
                    kind: Self.kind(buffer[position + 18]),
                    name: Array(name)
                )
            )
            position += length
        }
        return entries
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }

    /// The kind that a `d_type` stands for.
    private static func kind(_ type: UInt8) -> FileStatus.Kind {
        switch type {
        case 2: .characterDevice
        case 4: .directory
        case 6: .blockDevice
        case 8: .regular
        case 10: .symbolicLink
        case 12: .socket
        default: .other
        }
    }
}
