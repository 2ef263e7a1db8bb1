import Glibc

/// What the kernel knows of a file.
///
/// The corresponding C structure is `stat`.
public struct FileStatus: Sendable {
    /// What a file is.
    public enum Kind: Sendable {
        case regular, directory, symbolicLink, characterDevice, blockDevice, socket, other
    }

    public let kind: Kind
    public let device: UInt64
    public let serialNumber: UInt64
    public let linkCount: UInt64
    /// In bytes.
    public let size: UInt64
    /// The times of the last access, change of contents and change of status, in nanoseconds since
    /// 1970; times before that are zero.
    public let accessTime: UInt64
    public let modificationTime: UInt64
    public let changeTime: UInt64

    /// Describes a file that is not the kernel's: of one name, without times.
    public init(kind: Kind, serialNumber: UInt64, size: UInt64) {
        self.kind = kind
        self.serialNumber = serialNumber
        self.size = size
        device = 0
        linkCount = 1
        accessTime = 0
        modificationTime = 0
        changeTime = 0
    }

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            case S_IFSOCK: .socket
            default: .other
            }
        device = UInt64(status.st_dev)
        serialNumber = UInt64(status.st_ino)
        linkCount = UInt64(status.st_nlink)
        size = UInt64(max(status.st_size, 0))
        accessTime = Self.nanoseconds(status.st_atim)
        modificationTime = Self.nanoseconds(status.st_mtim)
        changeTime = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        guard let seconds = UInt64(exactly: time.tv_sec) else { return 0 }
        return seconds &* 1_000_000_000 &+ UInt64(max(time.tv_nsec, 0))
    }
}

/// A time to give to a file.
public enum FileTime: Sendable {
    case unchanged
    case now
    /// Nanoseconds since 1970.
    case at(UInt64)

    var specification: timespec {
        switch self {
        // UTIME_OMIT and UTIME_NOW, which are macros that Swift does not import.
        case .unchanged: timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)
        case .now: timespec(tv_sec: 0, tv_nsec: (1 << 30) - 1)
        case .at(let nanoseconds):
            timespec(
                tv_sec: Int(nanoseconds / 1_000_000_000),
                tv_nsec: Int(nanoseconds % 1_000_000_000)
            )
        }
    }
}

extension FileDescriptor {
    /// What is open.
    ///
    /// The corresponding C function is `fstat`.
    public borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        let descriptor = rawValue
        _ = try retryingInterrupts("fstat") { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// Sets the times of what is open, which may be a bare location (`O_PATH`).
    public borrowing func setTimes(
        access: FileTime,
        modification: FileTime
    ) throws(SystemError) {
        let times = [access.specification, modification.specification]
        // Through the file's own entry in the kernel's list of open files: the calls that take a
        // descriptor refuse bare locations.
        let path = Array("/proc/self/fd/\(rawValue)".utf8)
        _ = unsafe try calling("utimensat", path) { path in
            unsafe utimensat(AT_FDCWD, path, times, 0)
        }
    }
}
