import CLinux
import Glibc

/// The file by which others find a Unix-domain socket that listens.
struct SocketFile: Sendable {
    private let path: String
    private let device: UInt64
    private let serialNumber: UInt64

    /// Who may connect: the owner and the group.
    private static let mode: mode_t = 0o660

    /// Remembers the file at a path; nil when there is none, as for an abstract name.
    init?(at path: String) {
        guard let status = Self.status(path) else { return nil }
        self.path = path
        device = status.device
        serialNumber = status.serialNumber
    }

    /// Removes the file, unless somebody has put another in its place.
    func remove() {
        guard let status = Self.status(path), status.device == device,
            status.serialNumber == serialNumber
        else { return }
        _ = unsafe unlink(path)
    }

    /// Gives a socket its file, in place of one that nobody listens at any more.
    ///
    /// Throws `bind` with `EADDRINUSE` when somebody does, or when the file is no socket.
    static func bind(_ fd: Int32, to address: SocketAddress, path: String) throws(SystemError) {
        // The file is made with what the socket has, so that it is never open to more.
        _ = try retryingInterrupts("fchmod") { fchmod(fd, mode) }
        do throws(SystemError) {
            try bind(fd, to: address)
        } catch {
            guard error.code == EADDRINUSE, isAbandoned(path, address) else { throw error }
            _ = unsafe unlink(path)
            try bind(fd, to: address)
        }
        guard status(path) != nil else { return }
        // The process's mask may have taken from it.
        _ = try retryingInterrupts("chmod \(path)") { unsafe chmod(path, mode) }
    }

    private static func bind(_ fd: Int32, to address: SocketAddress) throws(SystemError) {
        _ = try retryingInterrupts("bind \(address)") {
            unsafe address.withStorage { unsafe clinux_bind(fd, $0, $1) }
        }
    }

    /// Whether a file is a socket that nobody listens at.
    private static func isAbandoned(_ path: String, _ address: SocketAddress) -> Bool {
        // To connect to a file that is no socket is refused as well.
        guard status(path)?.kind == .socket else { return false }
        do throws(SystemError) {
            _ = try ConnectedSocket(probing: address)
            return false
        } catch {
            return error.code == ECONNREFUSED
        }
    }

    private static func status(_ path: String) -> FileStatus? {
        // An abstract name is no path.
        guard !path.hasPrefix("@") else { return nil }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return FileStatus(status)
    }
}
