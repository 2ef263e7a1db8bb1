import Glibc
import Linux
import Wasm

/// Calls on paths beneath directories. Preview 1: `path_*`.
///
/// A path is resolved beneath its directory in one step, or up to its last component, which is
/// looked up without following links: no call can reach what lies outside.
extension WASIContext {
    /// The most bytes of a path.
    private static var pathBytesMax: UInt32 { 4096 }

    /// The directory of a descriptor that has a right.
    private func directory(
        _ number: UInt32,
        _ right: DescriptorRights
    ) throws(ErrorNumber) -> OpenFile {
        let descriptor = try descriptor(number)
        // Whatever is asked for here would change it, or needs a link, of which it has none.
        if descriptor.node?.entries != nil { throw right == .pathReadLink ? .inval : .rofs }
        guard case .directory(let directory) = descriptor.target else { throw .notdir }
        guard descriptor.rights.isSuperset(of: right) else { throw .notcapable }
        return directory
    }

    /// Reads a path of the guest: UTF-8, not absolute, without NULs.
    private func path(
        _ call: HostCall,
        at index: Int,
        mayBeAbsolute: Bool = false
    ) throws(ErrorNumber) -> [UInt8] {
        let count = call.u32(index + 1)
        guard count <= Self.pathBytesMax else { throw .nametoolong }
        guard let path = call.memory.bytes(at: call.u32(index), count: count) else { throw .fault }
        guard String(validating: path, as: UTF8.self) != nil else { throw .ilseq }
        guard !path.contains(0) else { throw .inval }
        guard !path.isEmpty else { throw .noent }
        guard mayBeAbsolute || path.first != UInt8(ascii: "/") else { throw .perm }
        return path
    }

    /// The directory that a path's last component is in, and that component, with the slashes after it.
    private func parent(
        _ directory: OpenFile,
        _ path: [UInt8]
    ) throws(ErrorNumber) -> (directory: OpenFile, name: [UInt8]) {
        let slash = UInt8(ascii: "/")
        let end = path.lastIndex { $0 != slash }.map { $0 + 1 } ?? 0
        guard let split = path[..<end].lastIndex(of: slash) else { return (directory, path) }
        let name = Array(path[(split + 1)...])
        // What `..` stands for is not decided by whoever looks the name up.
        guard name.prefix(while: { $0 != slash }) != [0x2E, 0x2E] else {
            return (try open(directory, path, O_DIRECTORY), [0x2E])
        }
        return (try open(directory, Array(path[..<split]), O_DIRECTORY), name)
    }

    /// A directory and a name in it that is no `..`.
    private func place(
        _ call: HostCall,
        _ directory: OpenFile,
        at index: Int
    ) throws(ErrorNumber) -> (directory: OpenFile, name: [UInt8]) {
        let path = try path(call, at: index)
        let slash = UInt8(ascii: "/")
        let first = path.prefix { $0 != slash }
        if first == [0x2E, 0x2E], path.allSatisfy({ $0 == slash || $0 == 0x2E }) { throw .perm }
        return try parent(directory, path)
    }

    /// Opens the place that a path names, for calls that need no more than that.
    private func open(
        _ directory: OpenFile,
        _ path: [UInt8],
        _ flags: Int32
    ) throws(ErrorNumber) -> OpenFile {
        let resolution = resolution
        let descriptor = try kernel { () throws(SystemError) in
            try directory.descriptor.open(
                beneath: path,
                flags: FileDescriptor.locationOnly | flags,
                resolution: resolution
            )
        }
        return OpenFile(descriptor)
    }

    // MARK: Opening

    /// `path_open`.
    func open(_ call: inout HostCall) throws(ErrorNumber) {
        let number = call.u32(0)
        let parent = try descriptor(number)
        let node = parent.node
        let directory = node?.entries == nil ? try directory(number, .pathOpen) : nil
        guard parent.rights.contains(.pathOpen) else { throw .notcapable }
        let path = try path(call, at: 2)
        guard let request = OpenRequest(call), call.memory.contains(call.u32(8), count: 4) else {
            throw call.memory.contains(call.u32(8), count: 4) ? .inval : .fault
        }
        if let node {
            let opened = try openTree(path, beneath: node, request, parent)
            let new = try descriptors.open(opened)
            _ = call.memory.store(new, at: call.u32(8))
            return
        }
        guard let directory, parent.rights.isSuperset(of: request.neededRights) else {
            throw .notcapable
        }
        let resolution = resolution
        let descriptor = try kernel { () throws(SystemError) in
            try directory.descriptor.open(
                beneath: path,
                flags: request.flags,
                mode: 0o666,
                resolution: resolution
            )
        }
        let file = OpenFile(descriptor)
        let status = try kernel { () throws(SystemError) in try file.descriptor.status() }
        let rights = request.rights.intersection(parent.inheriting)
        let inheriting = request.inheriting.intersection(parent.inheriting)
        let opened: Descriptor
        switch status.kind {
        case .directory:
            opened = Descriptor(
                .directory(file),
                rights: rights.intersection(.directory),
                inheriting: inheriting
            )
        case .regular:
            opened = Descriptor(
                .file(file),
                flags: request.descriptorFlags,
                rights: rights.intersection(.file),
                inheriting: []
            )
        default:
            // Devices and pipes may block, or do anything at all.
            throw .acces
        }
        let new = try descriptors.open(opened)
        _ = call.memory.store(new, at: call.u32(8))
    }

    // MARK: Names

    /// `path_create_directory`.
    func createDirectory(_ call: inout HostCall) throws(ErrorNumber) {
        let directory = try directory(call.u32(0), .pathCreateDirectory)
        let place = try place(call, directory, at: 1)
        try kernel { () throws(SystemError) in
            try place.directory.descriptor.createDirectory(place.name)
        }
    }

    /// `path_remove_directory` and `path_unlink_file`.
    func remove(_ call: inout HostCall, isDirectory: Bool) throws(ErrorNumber) {
        let right: DescriptorRights = isDirectory ? .pathRemoveDirectory : .pathUnlinkFile
        let directory = try directory(call.u32(0), right)
        let place = try place(call, directory, at: 1)
        try kernel { () throws(SystemError) in
            try place.directory.descriptor.remove(place.name, isDirectory: isDirectory)
        }
    }

    /// `path_rename`.
    func rename(_ call: inout HostCall) throws(ErrorNumber) {
        let source = try place(call, try directory(call.u32(0), .pathRenameSource), at: 1)
        let target = try place(call, try directory(call.u32(3), .pathRenameTarget), at: 4)
        try kernel { () throws(SystemError) in
            try source.directory.descriptor.rename(
                source.name,
                to: target.directory.descriptor,
                target.name
            )
        }
    }

    /// `path_link`: never through a symbolic link, which hard links could not be told from.
    func link(_ call: inout HostCall) throws(ErrorNumber) {
        let source = try directory(call.u32(0), .pathLinkSource)
        guard call.u32(1) & 1 == 0 else { throw .inval }
        let old = try place(call, source, at: 2)
        let new = try place(call, try directory(call.u32(4), .pathLinkTarget), at: 5)
        guard new.name.last != UInt8(ascii: "/") else { throw .noent }
        guard old.name.last != UInt8(ascii: "/") else { throw .notdir }
        try kernel { () throws(SystemError) in
            try old.directory.descriptor.link(old.name, to: new.directory.descriptor, new.name)
        }
    }

    /// `path_symlink`: what the link contains is not resolved before the link is followed.
    func symlink(_ call: inout HostCall) throws(ErrorNumber) {
        let target = try path(call, at: 0, mayBeAbsolute: true)
        guard target.first != UInt8(ascii: "/") else { throw .notcapable }
        let place = try place(call, try directory(call.u32(2), .pathSymlink), at: 3)
        guard place.name.last != UInt8(ascii: "/") else {
            let name = Array(place.name.prefix { $0 != UInt8(ascii: "/") })
            let isThere = (try? place.directory.descriptor.status(of: name)) != nil
            throw isThere ? .exist : .noent
        }
        try kernel { () throws(SystemError) in
            try place.directory.descriptor.createLink(place.name, to: target)
        }
    }

    /// `path_readlink`: what does not fit into the buffer is left out.
    func readLink(_ call: inout HostCall) throws(ErrorNumber) {
        let directory = try directory(call.u32(0), .pathReadLink)
        let place = try place(call, directory, at: 1)
        let memory = call.memory
        guard memory.contains(call.u32(3), count: Int(call.u32(4))),
            memory.contains(call.u32(5), count: 4)
        else { throw .fault }
        guard place.name.last != UInt8(ascii: "/") else {
            // A slash asks for the directory that a link leads to, which is no link itself.
            _ = try open(directory, try path(call, at: 1), O_DIRECTORY)
            throw .inval
        }
        let target = try kernel { () throws(SystemError) in
            try place.directory.descriptor.linkTarget(place.name)
        }
        let used = min(target.count, Int(call.u32(4)))
        _ = memory.write(target.span.extracting(first: used), at: call.u32(3))
        _ = memory.store(UInt32(truncatingIfNeeded: used), at: call.u32(5))
    }

    // MARK: Attributes

    /// `path_filestat_get`.
    func pathStatus(_ call: inout HostCall, _ layout: Layout) throws(ErrorNumber) {
        let descriptor = try descriptor(call.u32(0))
        if let node = descriptor.node, node.entries != nil {
            guard descriptor.rights.contains(.pathGetFileStatus) else { throw .notcapable }
            let found = try FileTree.resolve(try path(call, at: 2), from: node)
            return try storeStatus(of: found, at: call.u32(4), call.memory, layout)
        }
        let directory = try directory(call.u32(0), .pathGetFileStatus)
        let path = try path(call, at: 2)
        let opened = try open(directory, path, call.u32(1) & 1 == 0 ? O_NOFOLLOW : 0)
        let status = try kernel { () throws(SystemError) in try opened.descriptor.status() }
        try store(status, FileType(status.kind), at: call.u32(4), call.memory, layout)
    }

    /// `path_filestat_set_times`.
    func pathSetTimes(_ call: inout HostCall) throws(ErrorNumber) {
        let directory = try directory(call.u32(0), .pathSetFileTimes)
        let (access, modification) = try times(call, from: 4)
        if call.u32(1) & 1 != 0 {
            let opened = try open(directory, try path(call, at: 2), 0)
            return try kernel { () throws(SystemError) in
                try opened.descriptor.setTimes(access: access, modification: modification)
            }
        }
        let place = try place(call, directory, at: 2)
        // A slash at the end would make the kernel follow a link.
        guard place.name.last != UInt8(ascii: "/") else { throw .notdir }
        try kernel { () throws(SystemError) in
            try place.directory.descriptor.setTimes(
                of: place.name,
                access: access,
                modification: modification
            )
        }
    }
}

/// What `path_open` is asked for.
struct OpenRequest {
    let descriptorFlags: DescriptorFlags
    let rights: DescriptorRights
    let inheriting: DescriptorRights
    /// `lookupflags` and `oflags`.
    private let lookup: UInt32
    private let creation: UInt32

    /// Nil when a flag is unknown.
    init?(_ call: HostCall) {
        lookup = call.u32(1)
        creation = call.u32(4)
        rights = DescriptorRights(rawValue: call.u64(5))
        inheriting = DescriptorRights(rawValue: call.u64(6))
        descriptorFlags = DescriptorFlags(rawValue: UInt16(truncatingIfNeeded: call.u32(7)))
        guard creation < 16, call.u32(7) <= UInt32(DescriptorFlags.all.rawValue) else { return nil }
    }

    var creates: Bool { creation & 1 != 0 }
    var needsDirectory: Bool { creation & 2 != 0 }
    var isExclusive: Bool { creation & 4 != 0 }
    var truncates: Bool { creation & 8 != 0 }
    var writes: Bool { !rights.isDisjoint(with: [.write, .allocate, .setFileSize]) }

    /// What the directory has to allow.
    var neededRights: DescriptorRights {
        var rights: DescriptorRights = []
        if creates { rights.insert(.pathCreateFile) }
        if truncates { rights.insert(.pathSetFileSize) }
        return rights
    }

    /// The flags of `open`; never blocking, whatever is opened.
    var flags: Int32 {
        var flags = O_NONBLOCK | O_NOCTTY
        if needsDirectory { flags |= O_DIRECTORY }
        if writes { flags |= rights.contains(.read) ? O_RDWR : O_WRONLY }
        if lookup & 1 == 0 { flags |= O_NOFOLLOW }
        if creates { flags |= O_CREAT }
        if isExclusive { flags |= O_EXCL }
        if truncates { flags |= O_TRUNC }
        if descriptorFlags.contains(.append) { flags |= O_APPEND }
        if descriptorFlags.contains(.dataSync) { flags |= O_DSYNC }
        if !descriptorFlags.isDisjoint(with: [.sync, .readSync]) { flags |= O_SYNC }
        return flags
    }
}
