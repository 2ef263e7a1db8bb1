import CLinux
import Glibc
import Synchronization

/// How paths are kept beneath a directory.
public enum PathResolution: Sendable {
    /// By the kernel (`openat2`, from Linux 5.6 on).
    case kernel
    /// Component by component, for kernels without the call.
    case walk

    /// What this kernel has.
    public static let best: PathResolution = {
        let result = unsafe "/".withCString { path in
            unsafe clinux_openat2(AT_FDCWD, path, UInt64(CLINUX_O_PATH), 0, 0)
        }
        guard result >= 0 else { return .walk }
        _ = close(result)
        return .kernel
    }()
}

extension FileDescriptor {
    /// Opens what a path names beneath this directory, which the path cannot leave: not by `..`, not
    /// as an absolute path, not through symbolic links, and not by a race with somebody who moves
    /// directories about.
    ///
    /// `flags` and `mode` are those of `open`; a symbolic link at the path's end is followed unless
    /// `flags` has `O_NOFOLLOW`. Throws `EXDEV` when the path leads outside, and what `open` gives.
    public borrowing func open(
        beneath path: [UInt8],
        flags: Int32,
        mode: UInt32 = 0,
        resolution: PathResolution = .best
    ) throws(SystemError) -> FileDescriptor {
        switch resolution {
        case .kernel: return try openByKernel(path, flags, mode)
        case .walk: return try PathWalk(from: self, flags: flags, mode: mode).open(path)
        }
    }

    private borrowing func openByKernel(
        _ path: [UInt8],
        _ flags: Int32,
        _ mode: UInt32
    ) throws(SystemError) -> FileDescriptor {
        let directory = rawValue
        let resolve = UInt64(CLINUX_RESOLVE_BENEATH | CLINUX_RESOLVE_NO_MAGICLINKS)
        // The kernel refuses a mode when nothing can be created.
        let mode = flags & O_CREAT == 0 ? 0 : UInt64(mode)
        let allFlags = UInt64(UInt32(bitPattern: flags | O_CLOEXEC))
        var attempts = 0
        while true {
            do throws(SystemError) {
                let raw = unsafe try calling("openat2", path) { path in
                    unsafe clinux_openat2(directory, path, allFlags, mode, resolve)
                }
                return FileDescriptor(adopting: raw)
            } catch {
                // Somebody moved a directory meanwhile: the kernel cannot tell, so it is asked again.
                guard error.code == EAGAIN, attempts < 64 else { throw error }
                attempts += 1
            }
        }
    }

    /// Another descriptor for the same open file.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let raw = rawValue
        return FileDescriptor(
            adopting: try retryingInterrupts("dup") { dup(raw) }
        )
    }
}

/// Makes a kernel call with a path as C has them: bytes and a NUL.
func calling<Result: SignedInteger>(
    _ call: String,
    _ path: [UInt8],
    _ body: (UnsafePointer<CChar>) -> Result
) throws(SystemError) -> Result {
    guard !path.contains(0) else { throw SystemError(call: call, code: EINVAL) }
    let terminated = path.map { CChar(bitPattern: $0) } + [0]
    return try retryingInterrupts(call) {
        unsafe terminated.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe body(start)
        }
    }
}

/// Makes a kernel call with two paths.
func calling<Result: SignedInteger>(
    _ call: String,
    _ path: [UInt8],
    _ other: [UInt8],
    _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Result
) throws(SystemError) -> Result {
    guard !other.contains(0) else { throw SystemError(call: call, code: EINVAL) }
    let terminated = other.map { CChar(bitPattern: $0) } + [0]
    return unsafe try calling(call, path) { path in
        unsafe terminated.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe body(path, start)
        }
    }
}

/// Resolves a path one component at a time, without ever following a link blindly.
private struct PathWalk: ~Copyable {
    private let flags: Int32
    private let mode: UInt32
    /// The directories from the root of the walk down to where it is; the root is not among them.
    private var directories: [Int32] = []
    private let root: Int32
    private var linksLeft = 40

    init(from root: borrowing FileDescriptor, flags: Int32, mode: UInt32) {
        self.root = root.rawValue
        self.flags = flags
        self.mode = mode
    }

    deinit {
        for directory in directories { _ = close(directory) }
    }

    private var current: Int32 { directories.last ?? root }

    /// The components that are left, the next one last; an empty one at the front says that the path
    /// ended with a slash.
    private static func components(_ path: [UInt8]) throws(SystemError) -> [[UInt8]] {
        guard !path.isEmpty else { throw SystemError(call: "open", code: ENOENT) }
        guard path.first != UInt8(ascii: "/") else { throw SystemError(call: "open", code: EXDEV) }
        var parts = path.split(separator: UInt8(ascii: "/")).map { Array($0) }
        if path.last == UInt8(ascii: "/") { parts.append([UInt8(ascii: ".")]) }
        return parts.reversed()
    }

    consuming func open(_ path: [UInt8]) throws(SystemError) -> FileDescriptor {
        var left = try Self.components(path)
        while let component = left.popLast() {
            if component == [UInt8(ascii: ".")], !left.isEmpty { continue }
            if component == Array("..".utf8) {
                guard let last = directories.popLast() else {
                    throw SystemError(call: "open", code: EXDEV)
                }
                _ = close(last)
                if left.isEmpty { left.append([UInt8(ascii: ".")]) }
                continue
            }
            if left.isEmpty, let file = try openLast(component, &left) { return file }
            if !left.isEmpty || component != [UInt8(ascii: ".")] {
                try descend(component, &left)
            }
        }
        throw SystemError(call: "open", code: ENOENT)
    }

    /// Opens the last component; nil when it is a link to follow, which `left` has then.
    private mutating func openLast(
        _ component: [UInt8],
        _ left: inout [[UInt8]]
    ) throws(SystemError) -> FileDescriptor? {
        let directory = current
        let flags = flags | O_NOFOLLOW | O_CLOEXEC
        let mode = mode
        let isLink = try link(component) != nil
        if isLink, self.flags & O_NOFOLLOW == 0 { return nil }
        let raw = unsafe try calling("openat", component) { path in
            unsafe clinux_openat(directory, path, flags, mode)
        }
        return FileDescriptor(adopting: raw)
    }

    /// Goes into a directory, or puts what a link stands for before what is left.
    private mutating func descend(
        _ component: [UInt8],
        _ left: inout [[UInt8]]
    ) throws(SystemError) {
        if let target = try link(component) {
            guard linksLeft > 0 else { throw SystemError(call: "open", code: ELOOP) }
            linksLeft -= 1
            left += try Self.components(target)
            return
        }
        let directory = current
        let raw = unsafe try calling("openat", component) { path in
            unsafe clinux_openat(
                directory,
                path,
                Int32(CLINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                0
            )
        }
        directories.append(raw)
    }

    /// What a symbolic link contains; nil for anything else, also when there is nothing.
    private func link(_ component: [UInt8]) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try readLink(component, in: current)
        } catch {
            guard error.code == EINVAL || error.code == ENOENT else { throw error }
            return nil
        }
    }
}

/// What a symbolic link contains.
func readLink(_ name: [UInt8], in directory: Int32) throws(SystemError) -> [UInt8] {
    // What stands before a slash is followed by the kernel, wherever it leads.
    guard !name.contains(UInt8(ascii: "/")) else {
        throw SystemError(call: "readlinkat", code: EINVAL)
    }
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe try calling("readlinkat", name) { path in
        unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe readlinkat(directory, path, start, bytes.count)
        }
    }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
}

extension FileDescriptor {
    /// The flag that opens a location and not what is there: enough for names and status.
    public static let locationOnly = Int32(CLINUX_O_PATH)
}
