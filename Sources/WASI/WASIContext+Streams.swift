import Glibc
import Linux
import Wasm

/// Streams, and what all descriptors have. Preview 1: `fd_*`.
extension WASIContext {
    /// The open descriptor with a number.
    func descriptor(_ number: UInt32) throws(ErrorNumber) -> Descriptor {
        guard let descriptor = descriptors[number] else { throw .badf }
        return descriptor
    }

    // MARK: Reading

    /// `fd_read`: waits for input when there is none yet.
    func read(_ call: inout HostCall) throws(ErrorNumber) -> HostResult {
        _ = takeSuspension()
        let descriptor = try descriptor(call.u32(0))
        let memory = call.memory
        let countAddress = call.u32(3)
        if let node = descriptor.node {
            guard descriptor.rights.contains(.read) else {
                throw node.entries == nil ? .notcapable : .isdir
            }
            guard memory.contains(countAddress, count: 4) else { throw .fault }
            let moved = try readTree(node, call.u32(0), &call)
            _ = memory.store(UInt32(truncatingIfNeeded: moved), at: countAddress)
            return .finished
        }
        let file = try descriptor.file()
        guard file != nil || descriptor.stream == .input else { throw .badf }
        guard descriptor.rights.contains(.read) else { throw .notcapable }
        guard memory.contains(countAddress, count: 4) else { throw .fault }
        let buffers = try BufferList(&call, at: 1)
        if let file {
            let moved = try read(file, into: buffers, of: memory)
            _ = memory.store(UInt32(truncatingIfNeeded: moved), at: countAddress)
            return .finished
        }
        guard buffers.byteCount > 0 else {
            _ = memory.store(UInt32(0), at: countAddress)
            return .finished
        }
        guard input.isReady else {
            if descriptor.flags.contains(.nonblock) { throw .again }
            suspend(.reading)
            return .wait(.input)
        }
        let moved = moveInput(into: buffers, of: memory)
        _ = memory.store(UInt32(truncatingIfNeeded: moved), at: countAddress)
        call.surcharge &+= Surcharge.copying(moved)
        return .finished
    }

    private func moveInput(into buffers: BufferList, of memory: GuestMemory) -> Int {
        let bytes = input.bytes
        let end = bytes.count
        var position = input.position
        buffers.forEach { address, count in
            let part = min(Int(count), end - position)
            let source = bytes.span.extracting(position..<position + part)
            guard part > 0, memory.write(source, at: address) else { return false }
            position += part
            return part == Int(count)
        }
        let moved = position - input.position
        input.consume(moved)
        return moved
    }

    // MARK: Writing

    /// `fd_write`: waits for room where output is taken away as it comes.
    func write(_ call: inout HostCall) throws(ErrorNumber) -> HostResult {
        _ = takeSuspension()
        let descriptor = try descriptor(call.u32(0))
        let stream = descriptor.stream
        let file = try descriptor.file()
        guard stream != .input else { throw .badf }
        guard descriptor.rights.contains(.write) else { throw .notcapable }
        let memory = call.memory
        let countAddress = call.u32(3)
        guard memory.contains(countAddress, count: 4) else { throw .fault }
        let buffers = try BufferList(&call, at: 1)
        if let file {
            let written = try write(buffers, from: memory, to: file)
            _ = memory.store(UInt32(truncatingIfNeeded: written), at: countAddress)
            return .finished
        }
        let written: Int
        switch stream == .output ? standardOutput : standardError {
        case .buffer:
            guard output.isReady else {
                if descriptor.flags.contains(.nonblock) { throw .again }
                suspend(.writing)
                return .wait(.output)
            }
            guard output.admit(buffers.byteCount) else {
                return .trap("output exceeds the limit of \(output.byteLimit) bytes")
            }
            written = collect(buffers, from: memory)
        case .log:
            written = log(buffers, from: memory, as: stream == .output ? .stdout : .stderr)
        case .passThrough(let target):
            written = try pass(buffers, from: memory, to: target)
        case .discard:
            written = buffers.byteCount
        }
        _ = memory.store(UInt32(truncatingIfNeeded: written), at: countAddress)
        call.surcharge &+= Surcharge.copying(written)
        return .finished
    }

    private func collect(_ buffers: BufferList, from memory: GuestMemory) -> Int {
        output.append { bytes in
            let before = bytes.count
            buffers.forEach { address, count in
                memory.append(at: address, count: count, to: &bytes)
            }
            return bytes.count - before
        }
    }

    private func log(
        _ buffers: BufferList,
        from memory: GuestMemory,
        as stream: LogLines.Stream
    ) -> Int {
        let elapsed = elapsedMicroseconds
        var written = 0
        buffers.forEach { address, count in
            let isInside = log.append(
                count: Int(count),
                to: stream,
                atMicroseconds: elapsed
            ) { line, kept in
                let part = UInt32(truncatingIfNeeded: kept)
                return memory.append(at: address, count: part, to: &line)
            }
            if isInside { written += Int(count) }
            return isInside
        }
        return written
    }

    private func pass(
        _ buffers: BufferList,
        from memory: GuestMemory,
        to target: StandardStream
    ) throws(ErrorNumber) -> Int {
        var written = 0
        var failure: ErrorNumber?
        buffers.forEach { address, count in
            let part = memory.withBytes(at: address, count: count) { bytes -> Int in
                do throws(SystemError) {
                    return try target.write(bytes)
                } catch {
                    failure = ErrorNumber(error)
                    return 0
                }
            }
            written += part ?? 0
            return part == Int(count)
        }
        if let failure, written == 0 { throw failure }
        return written
    }

    // MARK: Attributes

    /// `fd_fdstat_get`: the type, the flags and the rights.
    func descriptorStatus(_ call: inout HostCall) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        let type = UInt64(fileType(descriptor).rawValue)
        let flags = UInt64(descriptor.flags.rawValue)
        let memory = call.memory
        let address = call.u32(1)
        guard memory.contains(address, count: 24) else { throw .fault }
        _ = memory.store(type | flags << 16, at: address)
        _ = memory.store(descriptor.rights.rawValue, at: address &+ 8)
        _ = memory.store(descriptor.inheriting.rawValue, at: address &+ 16)
    }

    /// `fd_filestat_get`: of a stream nothing is known but its type.
    func fileStatus(_ call: inout HostCall, _ layout: Layout) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        guard descriptor.rights.contains(.getFileStatus) else { throw .notcapable }
        let memory = call.memory
        let address = call.u32(1)
        if let node = descriptor.node {
            return try storeStatus(of: node, at: address, memory, layout)
        }
        if let opened = descriptor.opened {
            let status = try kernel { () throws(SystemError) in try opened.descriptor.status() }
            return try store(status, FileType(status.kind), at: address, memory, layout)
        }
        let type = UInt64(fileType(descriptor).rawValue)
        let byteCount = layout.fileStatusByteCount
        guard memory.contains(address, count: Int(byteCount)) else { throw .fault }
        for offset in stride(from: UInt32(0), to: byteCount, by: 8) {
            // The type follows the device and the serial number; links, size and times come last.
            _ = memory.store(offset == 16 ? type : 0, at: address &+ offset)
        }
    }

    private func fileType(_ descriptor: Descriptor) -> FileType {
        switch descriptor.target {
        case .file: return .regularFile
        case .directory: return .directory
        case .tree(let node): return node.entries == nil ? .regularFile : .directory
        case .stream(let stream):
            let bit = TerminalStreams(rawValue: 1 << stream.rawValue)
            return terminals.contains(bit) ? .characterDevice : .unknown
        }
    }

    /// `fd_fdstat_set_flags`: streams can be made non-blocking, and are always appended to.
    func setFlags(_ call: inout HostCall) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        let flags = DescriptorFlags(rawValue: UInt16(truncatingIfNeeded: call.u32(1)))
        guard call.u32(1) <= UInt32(DescriptorFlags.all.rawValue) else { throw .inval }
        guard flags.isSubset(of: .settable) else { throw .notsup }
        guard descriptor.rights.contains(.setFlags) else { throw .notcapable }
        if let opened = descriptor.opened {
            let status = O_NONBLOCK | (flags.contains(.append) ? O_APPEND : 0)
            try kernel { () throws(SystemError) in try opened.descriptor.setStatusFlags(status) }
        }
        descriptors[call.u32(0)]?.flags = flags
    }

    // MARK: Numbers

    /// `fd_close`.
    func close(_ call: inout HostCall) throws(ErrorNumber) {
        _ = try descriptor(call.u32(0))
        descriptors[call.u32(0)] = nil
    }

    /// `fd_renumber`: both must be open.
    func renumber(_ call: inout HostCall) throws(ErrorNumber) {
        let from = call.u32(0)
        let to = call.u32(1)
        let moved = try descriptor(from)
        _ = try descriptor(to)
        guard from != to else { return }
        descriptors[to] = moved
        descriptors[from] = nil
    }

    /// A call on an open descriptor that only sockets support.
    func refuse(_ call: inout HostCall, _ error: ErrorNumber) throws(ErrorNumber) {
        _ = try descriptor(call.u32(0))
        throw error
    }
}

extension ErrorNumber {
    /// The number for a refused write of the kernel.
    init(_ error: SystemError) {
        self = Self.byCode[error.code] ?? .io
    }

    /// The numbers by the kernel's.
    private static let byCode: [Int32: ErrorNumber] = [
        E2BIG: .toobig, EACCES: .acces, EAGAIN: .again, EBADF: .badf, EBUSY: .busy,
        EDQUOT: .dquot, EEXIST: .exist, EFAULT: .fault, EFBIG: .fbig, EILSEQ: .ilseq,
        EINTR: .intr, EINVAL: .inval, EISDIR: .isdir, ELOOP: .loop, EMFILE: .mfile,
        EMLINK: .mlink, ENAMETOOLONG: .nametoolong, ENFILE: .nfile, ENODEV: .nodev,
        ENOENT: .noent, ENOLCK: .nolck, ENOMEM: .nomem, ENOSPC: .nospc, ENOSYS: .nosys,
        ENOTDIR: .notdir, ENOTEMPTY: .notempty, ENOTSUP: .notsup, ENXIO: .nxio,
        EOVERFLOW: .overflow, EPERM: .perm, EPIPE: .pipe, EROFS: .rofs, ESPIPE: .spipe,
        ESTALE: .stale, ETXTBSY: .txtbsy,
        // Also what a path gets that leads outside of its directory.
        EXDEV: .perm,
    ]
}
