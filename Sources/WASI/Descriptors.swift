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
    case characterDevice = 2
}

/// `fdflags`.
struct DescriptorFlags: OptionSet {
    let rawValue: UInt16

    static let append = DescriptorFlags(rawValue: 1 << 0)
    static let nonblock = DescriptorFlags(rawValue: 1 << 2)

    /// The flags that a stream can be given.
    static let settable: DescriptorFlags = [.append, .nonblock]
    /// Every flag that there is.
    static let all = DescriptorFlags(rawValue: 0b1_1111)
}

/// `rights`: of those that there are, the ones that streams have.
///
/// Neither seeking nor telling: by their absence a C library knows a terminal.
struct DescriptorRights: OptionSet {
    let rawValue: UInt64

    static let read = DescriptorRights(rawValue: 1 << 1)
    static let setFlags = DescriptorRights(rawValue: 1 << 3)
    static let write = DescriptorRights(rawValue: 1 << 6)
    static let getFileStatus = DescriptorRights(rawValue: 1 << 21)
    static let poll = DescriptorRights(rawValue: 1 << 27)
}

/// An open descriptor of a guest.
struct Descriptor {
    let stream: GuestStream
    var flags: DescriptorFlags = []

    var rights: DescriptorRights {
        let common: DescriptorRights = [.setFlags, .getFileStatus, .poll]
        return common.union(stream == .input ? .read : .write)
    }
}

/// A guest's descriptors: the three streams, until it closes or renumbers them.
///
/// A fixed table: no call of preview 1 can open another one while there is no file system.
struct DescriptorTable {
    private var entries: [3 of Descriptor?] = [
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
}
