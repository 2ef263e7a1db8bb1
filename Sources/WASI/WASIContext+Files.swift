import Glibc
import Linux
import Wasm

/// Calls on open files. Preview 1: `fd_*`.
extension WASIContext {
    /// The file of an open descriptor that has a right; streams and directories are refused.
    func file(
        _ number: UInt32,
        _ right: DescriptorRights,
        forStream error: ErrorNumber = .badf
    ) throws(ErrorNumber) -> OpenFile {
        let descriptor = try descriptor(number)
        guard let file = try descriptor.file() else { throw error }
        guard descriptor.rights.isSuperset(of: right) else { throw .notcapable }
        return file
    }

    /// The file or directory of an open descriptor that has a right; streams are refused.
    private func opened(
        _ number: UInt32,
        _ right: DescriptorRights
    ) throws(ErrorNumber) -> OpenFile {
        let descriptor = try descriptor(number)
        if descriptor.node != nil { throw .rofs }
        guard let opened = descriptor.opened else { throw .badf }
        guard descriptor.rights.isSuperset(of: right) else { throw .notcapable }
        return opened
    }

    /// Runs a kernel call for the guest; its refusal is the guest's error number.
    func kernel<R: ~Copyable>(
        _ body: () throws(SystemError) -> R
    ) throws(ErrorNumber) -> R {
        do throws(SystemError) {
            return try body()
        } catch {
            throw ErrorNumber(error)
        }
    }

    // MARK: Contents

    /// Fills buffers from a file, at its position or at an offset.
    func read(
        _ file: OpenFile,
        into buffers: BufferList,
        of memory: GuestMemory,
        at offset: UInt64? = nil
    ) throws(ErrorNumber) -> Int {
        var moved = 0
        var failure: ErrorNumber?
        buffers.forEach { address, count in
            let place = offset.map { $0 &+ UInt64(moved) }
            let part = memory.withMutableBytes(at: address, count: count) { bytes -> Int in
                do throws(SystemError) {
                    return try file.descriptor.read(into: &bytes, at: place)
                } catch {
                    failure = ErrorNumber(error)
                    return 0
                }
            }
            moved += part ?? 0
            return part == Int(count)
        }
        if let failure, moved == 0 { throw failure }
        return moved
    }

    /// Writes buffers to a file, at its position or at an offset.
    func write(
        _ buffers: BufferList,
        from memory: GuestMemory,
        to file: OpenFile,
        at offset: UInt64? = nil
    ) throws(ErrorNumber) -> Int {
        var moved = 0
        var failure: ErrorNumber?
        buffers.forEach { address, count in
            let place = offset.map { $0 &+ UInt64(moved) }
            let part = memory.withBytes(at: address, count: count) { bytes -> Int in
                do throws(SystemError) {
                    return try file.descriptor.write(bytes, at: place)
                } catch {
                    failure = ErrorNumber(error)
                    return 0
                }
            }
            moved += part ?? 0
            return part == Int(count)
        }
        if let failure, moved == 0 { throw failure }
        return moved
    }

    /// `fd_pread` and `fd_pwrite`.
    func transfer(_ call: inout HostCall, isWrite: Bool) throws(ErrorNumber) {
        let right: DescriptorRights = isWrite ? .write : .read
        let descriptor = try descriptor(call.u32(0))
        if descriptor.stream != nil { throw descriptor.rights.contains(right) ? .spipe : .badf }
        if let node = descriptor.node, !isWrite {
            guard descriptor.rights.isSuperset(of: [.read, .seek]) else { throw .notcapable }
            return try preadTree(node, &call)
        }
        let file = try file(call.u32(0), [right, .seek])
        let memory = call.memory
        let countAddress = call.u32(4)
        guard memory.contains(countAddress, count: 4) else { throw .fault }
        let buffers = try BufferList(&call, at: 1)
        let offset = call.u64(3)
        let moved =
            isWrite
            ? try write(buffers, from: memory, to: file, at: offset)
            : try read(file, into: buffers, of: memory, at: offset)
        _ = memory.store(UInt32(truncatingIfNeeded: moved), at: countAddress)
    }

    // MARK: Position

    /// `fd_seek`.
    func seek(_ call: inout HostCall, _ layout: Layout) throws(ErrorNumber) {
        let node = try descriptor(call.u32(0)).node
        let file = node == nil ? try file(call.u32(0), [], forStream: .spipe) : nil
        let offset = call.i64(1)
        guard let whence = layout.whence(call.u32(2)) else { throw .inval }
        // Asking where the position is needs less than moving it.
        let isTelling = whence == SEEK_CUR && offset == 0
        let rights = descriptors[call.u32(0)]?.rights ?? []
        guard rights.contains(.seek) || isTelling && rights.contains(.tell) else {
            throw .notcapable
        }
        guard call.memory.contains(call.u32(3), count: 8) else { throw .fault }
        let position: UInt64
        if let file {
            position = try kernel { () throws(SystemError) in
                try file.descriptor.seek(offset, from: whence)
            }
        } else if let node {
            position = try seekTree(node, call.u32(0), offset, whence)
        } else {
            throw .spipe
        }
        _ = call.memory.store(position, at: call.u32(3))
    }

    /// `fd_tell`.
    func tell(_ call: inout HostCall) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        if descriptor.node != nil {
            guard descriptor.rights.contains(.tell) else { throw .notcapable }
            guard call.memory.store(descriptor.position, at: call.u32(1)) else { throw .fault }
            return
        }
        let file = try file(call.u32(0), .tell, forStream: .spipe)
        guard call.memory.contains(call.u32(1), count: 8) else { throw .fault }
        let position = try kernel { () throws(SystemError) in
            try file.descriptor.seek(0, from: SEEK_CUR)
        }
        _ = call.memory.store(position, at: call.u32(1))
    }

    // MARK: Storage

    /// `fd_advise`.
    func advise(_ call: inout HostCall) throws(ErrorNumber) {
        let isInTree = try descriptor(call.u32(0)).node != nil
        // The kernel's numbers for what preview 1 lists as normal, sequential, random, will need, do not
        // need, and no reuse.
        let advices: [Int32] = [0, 2, 1, 3, 4, 5]
        guard call.u32(3) < UInt32(advices.count) else { throw .inval }
        let advice = advices[Int(call.u32(3))]
        let (offset, count) = (call.u64(1), call.u64(2))
        guard offset <= UInt64(Int64.max), count <= UInt64(Int64.max) else { throw .inval }
        if isInTree { return }
        let opened = try opened(call.u32(0), .advise)
        guard case .file = descriptors[call.u32(0)]?.target else { throw .badf }
        try kernel { () throws(SystemError) in
            try opened.descriptor.advise(offset, count: count, advice)
        }
    }

    /// `fd_allocate`.
    func allocate(_ call: inout HostCall) throws(ErrorNumber) {
        let file = try file(call.u32(0), .allocate)
        let (offset, count) = (call.u64(1), call.u64(2))
        guard count > 0 else { throw .inval }
        try kernel { () throws(SystemError) in
            try file.descriptor.allocate(offset, count: count)
        }
    }

    /// `fd_sync` and `fd_datasync`.
    func synchronize(_ call: inout HostCall, dataOnly: Bool) throws(ErrorNumber) {
        let opened = try opened(call.u32(0), dataOnly ? .dataSync : .sync)
        try kernel { () throws(SystemError) in
            try opened.descriptor.synchronize(dataOnly: dataOnly)
        }
    }

    /// `fd_filestat_set_size`.
    func setSize(_ call: inout HostCall) throws(ErrorNumber) {
        let file = try file(call.u32(0), .setFileSize)
        let size = call.u64(1)
        try kernel { () throws(SystemError) in try file.descriptor.setSize(size) }
    }

    /// `fd_filestat_set_times`.
    func setTimes(_ call: inout HostCall) throws(ErrorNumber) {
        let opened = try opened(call.u32(0), .setFileTimes)
        let (access, modification) = try times(call, from: 1)
        try kernel { () throws(SystemError) in
            try opened.descriptor.setTimes(access: access, modification: modification)
        }
    }

    /// Two times and the `fstflags` that say which of them count, from an argument on.
    func times(
        _ call: HostCall,
        from index: Int
    ) throws(ErrorNumber) -> (access: FileTime, modification: FileTime) {
        let flags = call.u32(index + 2)
        guard flags < 16 else { throw .inval }
        func time(_ value: UInt64, _ set: UInt32, _ now: UInt32) throws(ErrorNumber) -> FileTime {
            switch (flags & set != 0, flags & now != 0) {
            case (true, true): throw .inval
            case (true, false): return .at(value)
            case (false, true): return .now
            case (false, false): return .unchanged
            }
        }
        return (try time(call.u64(index), 1, 2), try time(call.u64(index + 1), 4, 8))
    }

    // MARK: Attributes

    /// `fd_fdstat_set_rights`: rights can be given up, never taken.
    func setRights(_ call: inout HostCall) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        let rights = DescriptorRights(rawValue: call.u64(1))
        let inheriting = DescriptorRights(rawValue: call.u64(2))
        guard descriptor.rights.isSuperset(of: rights),
            descriptor.inheriting.isSuperset(of: inheriting)
        else { throw .notcapable }
        descriptors[call.u32(0)]?.rights = rights
        descriptors[call.u32(0)]?.inheriting = inheriting
    }

    /// Writes a `filestat`.
    func store(
        _ status: FileStatus,
        _ type: FileType,
        at address: UInt32,
        _ memory: GuestMemory,
        _ layout: Layout
    ) throws(ErrorNumber) {
        guard memory.contains(address, count: Int(layout.fileStatusByteCount)) else { throw .fault }
        _ = memory.store(status.device, at: address)
        _ = memory.store(status.serialNumber, at: address &+ 8)
        _ = memory.store(UInt64(type.rawValue), at: address &+ 16)
        var next = address &+ 24
        if layout.fileStatusByteCount == Layout.snapshot0.fileStatusByteCount {
            // Snapshot 0 counts links in 32 bits, right after the type.
            _ = memory.store(UInt32(truncatingIfNeeded: status.linkCount), at: address &+ 20)
        } else {
            _ = memory.store(status.linkCount, at: next)
            next &+= 8
        }
        for value in [
            status.size, status.accessTime, status.modificationTime, status.changeTime,
        ] {
            _ = memory.store(value, at: next)
            next &+= 8
        }
    }

    // MARK: Directories

    /// `fd_prestat_get`.
    func preopenStatus(_ call: inout HostCall) throws(ErrorNumber) {
        guard let name = try descriptor(call.u32(0)).preopenName else { throw .badf }
        let memory = call.memory
        // The tag of directories, then the length of the name.
        guard memory.contains(call.u32(1), count: 8) else { throw .fault }
        _ = memory.store(UInt64(UInt32(truncatingIfNeeded: name.count)) << 32, at: call.u32(1))
    }

    /// `fd_prestat_dir_name`.
    func preopenName(_ call: inout HostCall) throws(ErrorNumber) {
        guard let name = try descriptor(call.u32(0)).preopenName else { throw .notdir }
        guard Int(call.u32(2)) >= name.count else { throw .nametoolong }
        guard call.memory.write(name, at: call.u32(1)) else { throw .fault }
    }

    /// `fd_readdir`: entries until the buffer is full, of which the last may be cut short.
    func readDirectory(_ call: inout HostCall) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        if descriptor.stream != nil { throw .badf }
        if case .file = descriptor.target { throw .notdir }
        guard descriptor.rights.contains(.readDirectory) else {
            throw descriptor.node?.entries == nil ? .notdir : .notcapable
        }
        let memory = call.memory
        let (address, capacity) = (call.u32(1), Int(call.u32(2)))
        guard memory.contains(address, count: capacity), memory.contains(call.u32(4), count: 4)
        else { throw .fault }
        var place = call.u64(3)
        var bytes: [UInt8] = []
        fill: while bytes.count < capacity {
            let entries = try entries(of: descriptor, from: place)
            guard !entries.isEmpty else { break }
            for entry in entries {
                append(entry, to: &bytes)
                place = entry.next
                if bytes.count >= capacity { break fill }
            }
        }
        let used = min(bytes.count, capacity)
        _ = memory.write(bytes.span.extracting(first: used), at: address)
        _ = memory.store(UInt32(truncatingIfNeeded: used), at: call.u32(4))
    }

    private func entries(
        of descriptor: Descriptor,
        from place: UInt64
    ) throws(ErrorNumber) -> [FileDescriptor.DirectoryEntry] {
        if let node = descriptor.node { return try Self.entries(of: node, from: place) }
        guard let opened = descriptor.opened else { throw .badf }
        return try kernel { () throws(SystemError) in
            try opened.descriptor.entries(from: place)
        }
    }

    /// `dirent`, and the name after it.
    private func append(_ entry: FileDescriptor.DirectoryEntry, to bytes: inout [UInt8]) {
        func append(_ value: UInt64, _ count: Int) {
            for index in 0..<count {
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
            }
        }
        append(entry.next, 8)
        append(entry.serialNumber, 8)
        append(UInt64(entry.name.count), 4)
        append(UInt64(FileType(entry.kind).rawValue), 4)
        bytes += entry.name
    }
}

extension FileType {
    init(_ kind: FileStatus.Kind) {
        switch kind {
        case .regular: self = .regularFile
        case .directory: self = .directory
        case .symbolicLink: self = .symbolicLink
        case .characterDevice: self = .characterDevice
        case .blockDevice: self = .blockDevice
        case .socket: self = .socketStream
        case .other: self = .unknown
        }
    }
}
