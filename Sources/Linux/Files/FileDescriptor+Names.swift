import Glibc

/// Names within a directory: the last components of paths, never followed when they are links.
extension FileDescriptor {
    /// What a name stands for.
    ///
    /// The corresponding C function is `fstatat`.
    public borrowing func status(of name: [UInt8]) throws(SystemError) -> FileStatus {
        var status = stat()
        let directory = rawValue
        _ = unsafe try calling("fstatat", name) { path in
            unsafe fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW)
        }
        return FileStatus(status)
    }

    /// The corresponding C function is `utimensat`.
    public borrowing func setTimes(
        of name: [UInt8],
        access: FileTime,
        modification: FileTime
    ) throws(SystemError) {
        let times = [access.specification, modification.specification]
        let directory = rawValue
        _ = unsafe try calling("utimensat", name) { path in
            unsafe utimensat(directory, path, times, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// The corresponding C function is `mkdirat`.
    public borrowing func createDirectory(_ name: [UInt8]) throws(SystemError) {
        let directory = rawValue
        _ = unsafe try calling("mkdirat", name) { path in unsafe mkdirat(directory, path, 0o777) }
    }

    /// The corresponding C function is `unlinkat`.
    public borrowing func remove(_ name: [UInt8], isDirectory: Bool) throws(SystemError) {
        let directory = rawValue
        _ = unsafe try calling("unlinkat", name) { path in
            unsafe unlinkat(directory, path, isDirectory ? AT_REMOVEDIR : 0)
        }
    }

    /// The corresponding C function is `symlinkat`; the target is not looked at.
    public borrowing func createLink(
        _ name: [UInt8],
        to target: [UInt8]
    ) throws(SystemError) {
        let directory = rawValue
        _ = unsafe try calling("symlinkat", target, name) { target, path in
            unsafe symlinkat(target, directory, path)
        }
    }

    /// What a symbolic link contains.
    ///
    /// The corresponding C function is `readlinkat`. A name with a slash is refused (`EINVAL`).
    public borrowing func linkTarget(_ name: [UInt8]) throws(SystemError) -> [UInt8] {
        try readLink(name, in: rawValue)
    }

    /// Gives a file another name, in another directory.
    ///
    /// The corresponding C function is `linkat`.
    public borrowing func link(
        _ name: [UInt8],
        to other: borrowing FileDescriptor,
        _ newName: [UInt8]
    ) throws(SystemError) {
        let (from, to) = (rawValue, other.rawValue)
        _ = unsafe try calling("linkat", name, newName) { path, newPath in
            unsafe linkat(from, path, to, newPath, 0)
        }
    }

    /// The corresponding C function is `renameat`.
    public borrowing func rename(
        _ name: [UInt8],
        to other: borrowing FileDescriptor,
        _ newName: [UInt8]
    ) throws(SystemError) {
        let (from, to) = (rawValue, other.rawValue)
        _ = unsafe try calling("renameat", name, newName) { path, newPath in
            unsafe renameat(from, path, to, newPath)
        }
    }
}
