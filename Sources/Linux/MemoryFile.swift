import CLinux
import Glibc

/// An unnamed file that lives in memory: to hand bytes to a child process, or to be mapped.
public struct MemoryFile: ~Copyable, Sendable {
    /// The file's descriptor, positioned at its start.
    ///
    /// Closed at `exec`.
    public let descriptor: FileDescriptor

    /// Makes a file with a content.
    ///
    /// `name` only shows in `/proc`.
    public init(name: String, contents: [UInt8]) throws(SystemError) {
        let descriptor = try Self.make(name)
        try descriptor.writeAll(contents)
        guard lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else {
            throw SystemError(call: "lseek", code: errno)
        }
        self.descriptor = descriptor
    }

    /// Makes a file with a content that nobody can change any more.
    public init(name: String, sealing contents: UnsafeRawBufferPointer) throws(SystemError) {
        let descriptor = try Self.make(name)
        let file = descriptor.rawValue
        var written = 0
        while written < contents.count {
            let offset = written
            written += try retryingInterrupts("pwrite") {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: contents[offset...])
                return unsafe pwrite(file, rest.baseAddress, rest.count, offset)
            }
        }
        let seals = CLINUX_SEAL_WRITE | CLINUX_SEAL_GROW | CLINUX_SEAL_SHRINK
        guard clinux_add_seals(file, Int32(seals)) == 0 else {
            throw SystemError(call: "fcntl F_ADD_SEALS", code: errno)
        }
        self.descriptor = descriptor
    }

    /// The content, from the start; nil when there is more than a limit.
    ///
    /// Moves the position that the file has in all processes that were handed it.
    public func contents(limit: Int) throws(SystemError) -> [UInt8]? {
        guard lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else {
            throw SystemError(call: "lseek", code: errno)
        }
        return try descriptor.readToEnd(limit: limit)
    }

    private static func make(_ name: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            adopting: try retryingInterrupts("memfd_create") {
                unsafe memfd_create(name, UInt32(MFD_CLOEXEC | MFD_ALLOW_SEALING))
            }
        )
    }
}

extension FileDescriptor {
    /// Reads up to `count` bytes, waiting for the first; empty at the end of the file.
    public func read(upTo count: Int) throws(SystemError) -> [UInt8] {
        let file = rawValue
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(0, count)) {
            buffer,
            initialized in
            do throws(SystemError) {
                initialized = try retryingInterrupts("read") {
                    unsafe Glibc.read(file, buffer.baseAddress, buffer.count)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads to the end of the file; nil when there is more than a limit.
    public func readToEnd(limit: Int) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            let chunk = try read(upTo: 1 << 18)
            if chunk.isEmpty { return bytes }
            guard chunk.count <= limit - bytes.count else { return nil }
            bytes += chunk
        }
    }

    /// Writes all of the bytes, waiting for room.
    public func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        let file = rawValue
        var written = 0
        while written < bytes.count {
            let offset = written
            written += try retryingInterrupts("write") {
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe Glibc.write(
                        file,
                        UnsafeRawBufferPointer(rebasing: bytes[offset...]).baseAddress,
                        bytes.count - offset
                    )
                }
            }
        }
    }
}

extension StandardStream {
    /// Writes all of the bytes, waiting for room.
    public func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty { unsafe rest.removeFirst(try write(rest.span.bytes)) }
    }

    /// Waits until the stream can be read, or for so many milliseconds.
    ///
    /// The corresponding C function is `poll`.
    public func isReadable(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waiting, 1, milliseconds) > 0
    }
}
