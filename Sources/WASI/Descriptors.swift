/// What a guest's descriptor leads to.
enum GuestStream: UInt8 {
    case input
    case output
    case error
}

/// Streams that are terminals, so that a C library flushes at every newline.
public struct TerminalStreams: OptionSet, Sendable {
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let input = TerminalStreams(rawValue: 1 << GuestStream.input.rawValue)
    public static let output = TerminalStreams(rawValue: 1 << GuestStream.output.rawValue)
    public static let error = TerminalStreams(rawValue: 1 << GuestStream.error.rawValue)
}

/// `filetype`.
enum FileType: UInt8 {
    /// What a stream that is no terminal is: neither seekable nor a device.
    case unknown = 0
    case blockDevice = 1
    case characterDevice = 2
    case directory = 3
    case regularFile = 4
    case socketStream = 6
    case symbolicLink = 7
}

/// `fdflags`.
struct DescriptorFlags: OptionSet {
    let rawValue: UInt16

    static let append = DescriptorFlags(rawValue: 1 << 0)
    static let dataSync = DescriptorFlags(rawValue: 1 << 1)
    static let nonblock = DescriptorFlags(rawValue: 1 << 2)
    static let readSync = DescriptorFlags(rawValue: 1 << 3)
    static let sync = DescriptorFlags(rawValue: 1 << 4)

    /// The flags that an open stream or file can be given.
    static let settable: DescriptorFlags = [.append, .nonblock]
    /// Every flag that there is.
    static let all = DescriptorFlags(rawValue: 0b1_1111)
}

/// `rights`: what may be done with a descriptor, or with what is opened through it.
struct DescriptorRights: OptionSet {
    let rawValue: UInt64

    static let dataSync = DescriptorRights(rawValue: 1 << 0)
    static let read = DescriptorRights(rawValue: 1 << 1)
    static let seek = DescriptorRights(rawValue: 1 << 2)
    static let setFlags = DescriptorRights(rawValue: 1 << 3)
    static let sync = DescriptorRights(rawValue: 1 << 4)
    static let tell = DescriptorRights(rawValue: 1 << 5)
    static let write = DescriptorRights(rawValue: 1 << 6)
    static let advise = DescriptorRights(rawValue: 1 << 7)
    static let allocate = DescriptorRights(rawValue: 1 << 8)
    static let pathCreateDirectory = DescriptorRights(rawValue: 1 << 9)
    static let pathCreateFile = DescriptorRights(rawValue: 1 << 10)
    static let pathLinkSource = DescriptorRights(rawValue: 1 << 11)
    static let pathLinkTarget = DescriptorRights(rawValue: 1 << 12)
    static let pathOpen = DescriptorRights(rawValue: 1 << 13)
    static let readDirectory = DescriptorRights(rawValue: 1 << 14)
    static let pathReadLink = DescriptorRights(rawValue: 1 << 15)
    static let pathRenameSource = DescriptorRights(rawValue: 1 << 16)
    static let pathRenameTarget = DescriptorRights(rawValue: 1 << 17)
    static let pathGetFileStatus = DescriptorRights(rawValue: 1 << 18)
    static let pathSetFileSize = DescriptorRights(rawValue: 1 << 19)
    static let pathSetFileTimes = DescriptorRights(rawValue: 1 << 20)
    static let getFileStatus = DescriptorRights(rawValue: 1 << 21)
    static let setFileSize = DescriptorRights(rawValue: 1 << 22)
    static let setFileTimes = DescriptorRights(rawValue: 1 << 23)
    static let pathSymlink = DescriptorRights(rawValue: 1 << 24)
    static let pathRemoveDirectory = DescriptorRights(rawValue: 1 << 25)
    static let pathUnlinkFile = DescriptorRights(rawValue: 1 << 26)
    static let poll = DescriptorRights(rawValue: 1 << 27)

    /// What can be done with files.
    static let file: DescriptorRights = [
        .dataSync, .read, .seek, .setFlags, .sync, .tell, .write, .advise, .allocate,
        .getFileStatus, .setFileSize, .setFileTimes, .poll,
    ]

    /// What can be done with directories.
    static let directory: DescriptorRights = [
        .setFlags, .sync, .dataSync, .advise, .pathCreateDirectory, .pathCreateFile,
        .pathLinkSource, .pathLinkTarget, .pathOpen, .readDirectory, .pathReadLink,
        .pathRenameSource, .pathRenameTarget, .pathGetFileStatus, .pathSetFileSize,
        .pathSetFileTimes, .getFileStatus, .setFileTimes, .pathSymlink, .pathRemoveDirectory,
        .pathUnlinkFile, .poll,
    ]

    /// What streams have: neither seeking nor telling, by whose absence a C library knows a terminal.
    static func stream(_ stream: GuestStream) -> DescriptorRights {
        [.setFlags, .getFileStatus, .poll, stream == .input ? .read : .write]
    }
}

/// An open descriptor of a guest.
struct Descriptor {
    enum Target {
        case stream(GuestStream)
        case file(OpenFile)
        case directory(OpenFile)
        /// A file or directory of the read-only tree.
        case tree(FileTree.Node)
    }

    var target: Target
    var flags: DescriptorFlags = []
    var rights: DescriptorRights
    /// The most rights that what is opened through a directory can have.
    var inheriting: DescriptorRights = []
    /// The name of a directory that was open from the start.
    var preopenName: [UInt8]?
    /// Where the next read of a file of the tree begins, in bytes; the kernel keeps that of others.
    var position: UInt64 = 0

    init(stream: GuestStream) {
        target = .stream(stream)
        rights = .stream(stream)
    }

    init(
        _ target: Target,
        flags: DescriptorFlags = [],
        rights: DescriptorRights,
        inheriting: DescriptorRights,
        preopenName: [UInt8]? = nil
    ) {
        self.target = target
        self.flags = flags
        self.rights = rights
        self.inheriting = inheriting
        self.preopenName = preopenName
    }

    /// The stream that the descriptor leads to; nil for files and directories.
    var stream: GuestStream? {
        if case .stream(let stream) = target { return stream }
        return nil
    }

    /// The file or directory of the read-only tree; nil for everything else.
    var node: FileTree.Node? {
        if case .tree(let node) = target { return node }
        return nil
    }

    /// The file of the host; nil for streams, an error for directories and what nobody can write.
    func file() throws(ErrorNumber) -> OpenFile? {
        switch target {
        case .tree(let node): throw node.entries == nil ? .rofs : .isdir
        case .stream: return nil
        case .file(let file): return file
        case .directory: throw .isdir
        }
    }

    /// The file or directory of the host; nil for streams and the read-only tree.
    var opened: OpenFile? {
        switch target {
        case .stream, .tree: nil
        case .file(let file), .directory(let file): file
        }
    }
}

/// A guest's descriptors, by number.
struct DescriptorTable {
    private var entries: [Descriptor?]

    /// The most descriptors that may be open at once.
    static let countMax = 1024

    /// The three streams, then directories that are open from the start: the read-only tree as `/`, and those
    /// of the host.
    init(_ directories: [PreopenedDirectory] = [], tree: FileTree? = nil) {
        entries = Self.streams
        if let tree { entries.append(Self.root(of: tree)) }
        for directory in directories {
            entries.append(
                Descriptor(
                    .directory(directory.file),
                    rights: .directory,
                    inheriting: [.directory, .file],
                    preopenName: directory.guestPath
                )
            )
        }
    }

    private static func root(of tree: FileTree) -> Descriptor {
        Descriptor(
            .tree(tree.root),
            rights: .treeDirectory,
            inheriting: [.treeDirectory, .treeFile],
            preopenName: [UInt8(ascii: "/")]
        )
    }

    /// Whether any descriptor leads to a file or directory of the host.
    var reachesHost: Bool { entries.contains { $0?.opened != nil } }

    /// Has the descriptor that leads to the root of a tree lead to that of another.
    mutating func moveRoot(to tree: FileTree) {
        for index in entries.indices {
            guard let entry = entries[index], entry.preopenName != nil, entry.node != nil else {
                continue
            }
            entries[index]?.target = .tree(tree.root)
        }
    }

    /// Shared by all tables until they change.
    private static let streams: [Descriptor?] = [
        Descriptor(stream: .input),
        Descriptor(stream: .output),
        Descriptor(stream: .error),
    ]

    /// The open descriptor with a number.
    subscript(number: UInt32) -> Descriptor? {
        get {
            guard let index = Int(exactly: number), index < entries.count else { return nil }
            return entries[index]
        }
        set {
            guard let index = Int(exactly: number), index < entries.count else { return }
            entries[index] = newValue
        }
    }

    /// Gives a descriptor the lowest number that is free.
    mutating func open(_ descriptor: Descriptor) throws(ErrorNumber) -> UInt32 {
        if let free = entries.firstIndex(where: { $0 == nil }) {
            entries[free] = descriptor
            return UInt32(truncatingIfNeeded: free)
        }
        guard entries.count < Self.countMax else { throw .mfile }
        entries.append(descriptor)
        return UInt32(truncatingIfNeeded: entries.count - 1)
    }
}
