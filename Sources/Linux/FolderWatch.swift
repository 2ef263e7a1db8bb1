import CLinux
import Glibc

/// Tells when files in a folder, or in folders within it, change.
///
/// The corresponding C functions are those of `inotify`. One thread at a time. Links are not
/// followed. Changes that nobody waits for are kept for the next wait; what is too much for the
/// kernel's queue counts as a change.
public struct FolderWatch: ~Copyable {
    /// The most folders that are watched.
    public static let folderCountMax = 4_096

    private static let interest =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM)
        | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
        | UInt32(IN_DONT_FOLLOW) | UInt32(IN_EXCL_UNLINK)
    /// The size of `inotify_event` without its name, and the most that its name takes.
    private static let headBytes = 16
    private static let nameBytesMax = 256

    private let root: String
    private let ignores: (String) -> Bool
    private let descriptor: FileDescriptor
    /// The watched folders, as paths from the root, by the kernel's number for each watch.
    private var folders: [Int32: String]

    /// Watches a folder and all within it, but for what has a name that is to be ignored.
    ///
    /// Throws when it is no folder, when it holds too many (`ENOSPC`), or when the kernel has no more
    /// watches to give.
    public init(_ root: String, ignoring ignores: @escaping (String) -> Bool) throws(SystemError) {
        let rawValue = try retryingInterrupts("inotify_init1") {
            inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        }
        let descriptor = FileDescriptor(adopting: rawValue)
        var folders: [Int32: String] = [:]
        try Self.add("", of: root, to: &folders, descriptor, ignores)
        self.root = root
        self.ignores = ignores
        self.descriptor = descriptor
        self.folders = folders
    }

    /// Waits until something changes, and then until nothing has for a while.
    ///
    /// Returns the paths that changed, from the folder on, in order; `"."` stands for anything. A
    /// flood of changes ends the wait, too, after twenty such whiles. Throws `ENOENT` when the folder itself is gone.
    public mutating func wait(quietMilliseconds: Int32) throws(SystemError) -> [String] {
        var changed: Set<String> = []
        while changed.isEmpty {
            _ = try isReady(within: -1)
            try readEvents(into: &changed)
        }
        let end = Monotonic.now() &+ 20 &* UInt64(max(0, quietMilliseconds)) &* 1_000_000
        while Monotonic.now() < end, try isReady(within: quietMilliseconds) {
            try readEvents(into: &changed)
        }
        return changed.sorted()
    }

    private func isReady(within milliseconds: Int32) throws(SystemError) -> Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return try retryingInterrupts("poll") { unsafe poll(&entry, 1, milliseconds) } > 0
    }

    private mutating func readEvents(into changed: inout Set<String>) throws(SystemError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try descriptor.read(upTo: 64 << 10)
        } catch  where error.code == EAGAIN {
            return
        }
        var offset = 0
        while offset + Self.headBytes <= bytes.count {
            func word(_ index: Int) -> UInt32 {
                let place = offset + 4 * index
                return bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
            let (watch, mask, nameBytes) = (Int32(bitPattern: word(0)), word(1), Int(word(3)))
            let start = offset + Self.headBytes
            guard nameBytes <= Self.nameBytesMax, start + nameBytes <= bytes.count else { break }
            let name = bytes[start..<start + nameBytes].prefix { $0 != 0 }
            offset = start + nameBytes
            try take(watch, mask, String(decoding: name, as: UTF8.self), &changed)
        }
    }

    private mutating func take(
        _ watch: Int32,
        _ mask: UInt32,
        _ name: String,
        _ changed: inout Set<String>
    ) throws(SystemError) {
        func has(_ flag: Int32) -> Bool { mask & UInt32(flag) != 0 }
        if has(IN_Q_OVERFLOW) {
            changed.insert(".")
            return
        }
        guard let folder = folders[watch] else { return }
        if has(IN_IGNORED) || has(IN_DELETE_SELF) || has(IN_MOVE_SELF) {
            guard !folder.isEmpty else { throw SystemError(call: "inotify \(root)", code: ENOENT) }
            if has(IN_IGNORED) { folders[watch] = nil }
            return
        }
        guard !name.isEmpty, !ignores(name) else { return }
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        if has(IN_ISDIR), has(IN_CREATE) || has(IN_MOVED_TO) {
            do throws(SystemError) {
                try Self.add(path, of: root, to: &folders, descriptor, ignores)
            } catch  where error.code == ENOENT || error.code == ENOTDIR {
                // It is gone again.
            }
        }
        changed.insert(path)
    }

    /// Watches a folder, then looks for those within: none that is made meanwhile is missed.
    private static func add(
        _ folder: String,
        of root: String,
        to folders: inout [Int32: String],
        _ descriptor: borrowing FileDescriptor,
        _ ignores: (String) -> Bool
    ) throws(SystemError) {
        guard folders.count < folderCountMax else {
            throw SystemError(call: "inotify_add_watch: too many folders", code: ENOSPC)
        }
        let path = folder.isEmpty ? root : "\(root)/\(folder)"
        let inotify = descriptor.rawValue
        // The folder that was asked for may be named by a link.
        let interest = folder.isEmpty ? interest & ~UInt32(IN_DONT_FOLLOW) : interest
        let watch = try retryingInterrupts("inotify_add_watch \(path)") {
            unsafe inotify_add_watch(inotify, path, interest)
        }
        folders[watch] = folder
        for name in try foldersWithin(path) where !ignores(name) {
            do throws(SystemError) {
                let within = folder.isEmpty ? name : "\(folder)/\(name)"
                try add(within, of: root, to: &folders, descriptor, ignores)
            } catch  where error.code == ENOENT || error.code == ENOTDIR {
                continue
            }
        }
    }

    private static func foldersWithin(_ path: String) throws(SystemError) -> [String] {
        guard let listing = unsafe opendir(path) else {
            throw SystemError(call: "opendir \(path)", code: errno)
        }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            // SAFETY: the kernel ends every name with a zero, and the entry is valid until the next call.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            var status = stat()
            guard unsafe lstat("\(path)/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { names.append(name) }
        }
        return names
    }
}
