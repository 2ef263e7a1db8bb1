import Glibc
import Linux
import Wasm

/// Calls on files and directories of the read-only tree.
///
/// Nothing here reaches the kernel; what would change the tree is refused as on a read-only file system.
extension WASIContext {
    /// `fd_read`: fills buffers from the position on, and moves it.
    func readTree(
        _ node: FileTree.Node,
        _ number: UInt32,
        _ call: inout HostCall
    ) throws(ErrorNumber) -> Int {
        let position = descriptors[number]?.position ?? 0
        let buffers = try BufferList(&call, at: 1)
        let moved = try copy(node, from: position, into: buffers, &call)
        descriptors[number]?.position = position &+ UInt64(moved)
        return moved
    }

    /// `fd_pread`.
    func preadTree(_ node: FileTree.Node, _ call: inout HostCall) throws(ErrorNumber) {
        guard call.memory.contains(call.u32(4), count: 4) else { throw .fault }
        let buffers = try BufferList(&call, at: 1)
        let moved = try copy(node, from: call.u64(3), into: buffers, &call)
        _ = call.memory.store(UInt32(truncatingIfNeeded: moved), at: call.u32(4))
    }

    private func copy(
        _ node: FileTree.Node,
        from position: UInt64,
        into buffers: BufferList,
        _ call: inout HostCall
    ) throws(ErrorNumber) -> Int {
        guard let bytes = node.bytes else { throw .isdir }
        guard let start = Int(exactly: position), start < bytes.count else { return 0 }
        let memory = call.memory
        var place = start
        buffers.forEach { address, count in
            let part = min(Int(count), bytes.count - place)
            let source = bytes.span.extracting(place..<place + part)
            guard part > 0, memory.write(source, at: address) else { return false }
            place += part
            return part == Int(count)
        }
        call.surcharge &+= Surcharge.copying(place - start)
        return place - start
    }

    /// `fd_seek`: the new position.
    func seekTree(
        _ node: FileTree.Node,
        _ number: UInt32,
        _ offset: Int64,
        _ whence: Int32
    ) throws(ErrorNumber) -> UInt64 {
        guard let bytes = node.bytes else { throw .isdir }
        let base =
            switch whence {
            case SEEK_CUR: descriptors[number]?.position ?? 0
            case SEEK_END: UInt64(bytes.count)
            default: UInt64(0)
            }
        let (position, overflow) = Int64(clamping: base).addingReportingOverflow(offset)
        guard !overflow, position >= 0 else { throw .inval }
        descriptors[number]?.position = UInt64(position)
        return UInt64(position)
    }

    /// What is known of a file or directory of the tree.
    func storeStatus(
        of node: FileTree.Node,
        at address: UInt32,
        _ memory: GuestMemory,
        _ layout: Layout
    ) throws(ErrorNumber) {
        let status = FileStatus(
            kind: node.entries == nil ? .regular : .directory,
            serialNumber: node.serialNumber,
            size: UInt64(node.bytes?.count ?? 0)
        )
        try store(status, FileType(status.kind), at: address, memory, layout)
    }

    /// Entries of a directory from a place on, `.` and `..` first: as many as one step may take.
    static func entries(
        of node: FileTree.Node,
        from place: UInt64
    ) throws(ErrorNumber) -> [FileDescriptor.DirectoryEntry] {
        guard let entries = node.entries else { throw .notdir }
        let dots: [[UInt8]] = [[0x2E], [0x2E, 0x2E]]
        let count = entries.count + dots.count
        guard let first = Int(exactly: place), first < count else { return [] }
        return (first..<min(first + Self.entriesPerStep, count)).map { index in
            let isDots = index < dots.count
            let entry = isDots ? (name: dots[index], node: node) : entries[index - dots.count]
            return FileDescriptor.DirectoryEntry(
                next: UInt64(index + 1),
                serialNumber: entry.node.serialNumber,
                kind: entry.node.entries == nil ? .regular : .directory,
                name: entry.name
            )
        }
    }

    private static var entriesPerStep: Int { 64 }

    /// `path_open` beneath a directory of the tree.
    func openTree(
        _ path: [UInt8],
        beneath directory: FileTree.Node,
        _ request: OpenRequest,
        _ parent: Descriptor
    ) throws(ErrorNumber) -> Descriptor {
        let node: FileTree.Node
        do throws(ErrorNumber) {
            node = try FileTree.resolve(path, from: directory)
        } catch {
            throw error == .noent && request.creates ? .rofs : error
        }
        if request.creates, request.isExclusive { throw .exist }
        let isDirectory = node.entries != nil
        if request.needsDirectory, !isDirectory { throw .notdir }
        if request.writes { throw isDirectory ? .isdir : .rofs }
        if request.truncates { throw .rofs }
        return Descriptor(
            .tree(node),
            flags: request.descriptorFlags,
            rights: request.rights.intersection(parent.inheriting)
                .intersection(isDirectory ? .treeDirectory : .treeFile),
            inheriting: isDirectory ? request.inheriting.intersection(parent.inheriting) : []
        )
    }
}

extension DescriptorRights {
    /// What can be done with files of the tree.
    static let treeFile: DescriptorRights = [
        .read, .seek, .setFlags, .tell, .advise, .getFileStatus, .poll,
    ]

    /// What can be done with directories of the tree.
    static let treeDirectory: DescriptorRights = [
        .setFlags, .advise, .pathOpen, .readDirectory, .pathReadLink, .pathGetFileStatus,
        .getFileStatus, .poll,
    ]
}

/// A guest's open descriptors at one moment, for others to go on with.
public struct CapturedDescriptors: Sendable {
    fileprivate let table: DescriptorTable
}

extension WASIContext {
    /// Copies the descriptors that are open.
    ///
    /// Nil when one of them leads to a file of the host, which cannot be shared.
    public func captureDescriptors() -> CapturedDescriptors? {
        descriptors.reachesHost ? nil : CapturedDescriptors(table: descriptors)
    }

    /// Opens what was open when descriptors were captured; in place of the tree of that time, its root leads to
    /// this context's.
    public func restore(_ captured: CapturedDescriptors) {
        descriptors = captured.table
        guard let tree else { return }
        descriptors.moveRoot(to: tree)
    }
}
