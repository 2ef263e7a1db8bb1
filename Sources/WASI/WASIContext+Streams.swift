import Glibc
import Linux
import Wasm

/// Descriptors, all of which are streams. Preview 1: `fd_*`.
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
        guard descriptor.stream == .input else { throw .badf }
        let memory = call.memory
        let countAddress = call.u32(3)
        guard memory.contains(countAddress, count: 4) else { throw .fault }
        let buffers = try BufferList(memory, at: call.u32(1), count: call.u32(2))
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

    /// `fd_write`.
    func write(_ call: inout HostCall) throws(ErrorNumber) -> HostResult {
        let stream = try descriptor(call.u32(0)).stream
        guard stream != .input else { throw .badf }
        let memory = call.memory
        let countAddress = call.u32(3)
        guard memory.contains(countAddress, count: 4) else { throw .fault }
        let buffers = try BufferList(memory, at: call.u32(1), count: call.u32(2))
        let written: Int
        switch stream == .output ? standardOutput : standardError {
        case .buffer:
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
        let type = UInt64(fileType(descriptor.stream).rawValue)
        let flags = UInt64(descriptor.flags.rawValue)
        let memory = call.memory
        let address = call.u32(1)
        guard memory.contains(address, count: 24) else { throw .fault }
        _ = memory.store(type | flags << 16, at: address)
        _ = memory.store(descriptor.rights.rawValue, at: address &+ 8)
        // No rights to inherit: nothing can be opened through a stream.
        _ = memory.store(UInt64(0), at: address &+ 16)
    }

    /// `fd_filestat_get`: nothing is known of a stream but its type.
    func fileStatus(_ call: inout HostCall, _ layout: Layout) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        let type = UInt64(fileType(descriptor.stream).rawValue)
        let memory = call.memory
        let address = call.u32(1)
        let byteCount = layout.fileStatusByteCount
        guard memory.contains(address, count: Int(byteCount)) else { throw .fault }
        for offset in stride(from: UInt32(0), to: byteCount, by: 8) {
            // The type follows the device and the serial number; links, size and times come last.
            _ = memory.store(offset == 16 ? type : 0, at: address &+ offset)
        }
    }

    private func fileType(_ stream: GuestStream) -> FileType {
        let bit = TerminalStreams(rawValue: 1 << stream.rawValue)
        return terminals.contains(bit) ? .characterDevice : .unknown
    }

    /// `fd_fdstat_set_flags`: streams can be made non-blocking, and are always appended to.
    func setFlags(_ call: inout HostCall) throws(ErrorNumber) {
        _ = try descriptor(call.u32(0))
        let flags = DescriptorFlags(rawValue: UInt16(truncatingIfNeeded: call.u32(1)))
        guard call.u32(1) <= UInt32(DescriptorFlags.all.rawValue) else { throw .inval }
        guard flags.isSubset(of: .settable) else { throw .notsup }
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

    // MARK: What streams cannot do

    /// `fd_seek` and `fd_tell`.
    func refuseSeek(_ call: inout HostCall) throws(ErrorNumber) {
        _ = try descriptor(call.u32(0))
        throw .spipe
    }

    /// `fd_pread` and `fd_pwrite`.
    func refusePositioned(
        _ call: inout HostCall,
        _ right: DescriptorRights
    ) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        throw descriptor.rights.contains(right) ? .spipe : .badf
    }

    /// A call on an open descriptor that only files, directories or sockets support.
    func refuse(_ call: inout HostCall, _ error: ErrorNumber) throws(ErrorNumber) {
        _ = try descriptor(call.u32(0))
        throw error
    }
}

extension ErrorNumber {
    /// The number for a refused write of the kernel.
    init(_ error: SystemError) {
        switch error.code {
        case EBADF: self = .badf
        case EAGAIN: self = .again
        case ENOSPC: self = .nospc
        case EPIPE: self = .pipe
        default: self = .io
        }
    }
}
