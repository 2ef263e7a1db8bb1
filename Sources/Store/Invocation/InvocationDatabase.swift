internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import Linux
internal import Synchronization

/// Opens `log.db`, and again when it is lost.
///
/// Belongs to the writer once its thread runs.
struct InvocationDatabase {
    private let path: String
    private let folderPath: String
    private let pagesMax: Int
    private let queue: InvocationQueue

    private static let pageBytes = 4_096

    init(folder: DataFolder, limits: InvocationStore.Limits, queue: InvocationQueue) {
        path = folder.path(of: "log.db")
        folderPath = folder.path
        pagesMax = max(64, limits.databaseBytesMax / Self.pageBytes)
        self.queue = queue
    }

    /// The open database, if it could be opened.
    var file: DatabaseFile? { queue.file.withLock { $0 } }

    /// Opens the database; moves it aside first when it is damaged, or not one that this program can use.
    func open() {
        do {
            try openFile()
        } catch  where error.isDamage || error == .newerSchema(path: path) {
            moveAside()
            do {
                try openFile()
            } catch {
                queue.unavailability.withLock { $0 = "\(error)" }
            }
        } catch {
            queue.unavailability.withLock { $0 = "\(error)" }
        }
    }

    private func openFile() throws(StoreError) {
        let file = try DatabaseFile(
            path: path,
            durability: .normal,
            pagesMax: pagesMax,
            migrator: InvocationSchema.migrator
        )
        queue.fileNumber.withLock { $0 = fileNumber }
        queue.file.withLock { $0 = file }
    }

    /// Closes the database and moves it aside when the error says that it is damaged.
    ///
    /// Returns whether it did.
    @discardableResult
    func recover(from error: StoreError) -> Bool {
        guard error.isDamage else { return false }
        close(reason: "\(error)")
        moveAside()
        return true
    }

    func close(reason: String) {
        queue.unavailability.withLock { $0 = reason }
        let file = queue.file.withLock { $0.take() }
        file?.close()
    }

    private func moveAside() {
        for suffix in ["", "-wal", "-shm"] {
            let target = "\(path).broken\(suffix)"
            // Best effort: whatever is left makes the next attempt to open fail, which is reported.
            try? FileManager.default.removeItem(atPath: target)
            try? FileManager.default.moveItem(atPath: path + suffix, toPath: target)
        }
    }

    /// Whether the open database is the one that its path leads to.
    var isInPlace: Bool {
        guard let number = queue.fileNumber.withLock({ $0 }) else { return true }
        return fileNumber == number
    }

    // By the folder: whoever opens a database's file and closes it again gives up SQLite's locks on it.
    private var fileNumber: UInt64? {
        let folder = try? FileDescriptor(opening: folderPath, flags: O_RDONLY | O_DIRECTORY)
        guard let folder else { return nil }
        return try? folder.status(of: Array("log.db".utf8)).serialNumber
    }
}
