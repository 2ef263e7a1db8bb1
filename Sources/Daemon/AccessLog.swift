import Glibc
import Linux

/// The log of accesses: lines from any thread, written by a thread of its own.
///
/// Who hands a line over never waits for the disk: what does not fit between the two is dropped and
/// counted.
final class AccessLog: Sendable {
    /// Where lines go.
    private enum Target: Sendable {
        case standardError
        case file(LogFile)

        func write(_ bytes: [UInt8]) throws(SystemError) {
            switch self {
            case .standardError: try StandardStream.error.writeAll(bytes)
            case .file(let file): try file.descriptor.writeAll(bytes)
            }
        }
    }

    /// A file that is open for as long as somebody may write to it.
    private final class LogFile: Sendable {
        let descriptor: FileDescriptor

        init(_ path: String) throws(SystemError) {
            let flags = O_WRONLY | O_APPEND | O_CREAT
            descriptor = try FileDescriptor(opening: path, flags: flags, mode: 0o640)
        }
    }

    private struct State {
        var target: Target?
        var lines: [UInt8] = []
        var droppedCount = 0
        var isStopping = false
    }

    /// Lines and where to write them.
    private struct Batch {
        let lines: [UInt8]
        let target: Target?
    }

    /// The most that waits to be written.
    static let waitingBytesMax = 4 << 20
    /// So much is written without waiting for more.
    private static let batchBytes = 64 << 10
    /// How long the first line of a batch waits for more.
    private static let periodNanoseconds: UInt64 = 20_000_000
    /// What a pipe takes in one piece, whoever else writes to it (pipe(7)).
    private static let pieceBytes = 4_096

    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Opens the log, as ``open(_:)`` does, and starts the thread.
    ///
    /// `report` is called on that thread when lines cannot be written, once until they can again.
    init(
        _ place: String?,
        report: @escaping @Sendable (SystemError) -> Void
    ) throws(SystemError) {
        try open(place)
        let monitor = monitor
        try threads.spawn(name: "access-log") {
            var isFailing = false
            while let batch = Self.next(monitor) {
                let failure = Self.write(batch, monitor)
                if let failure, !isFailing { report(failure) }
                isFailing = failure != nil
            }
        }
    }

    /// Has lines written to a file, to standard error (`-`) or nowhere (nil) from now on.
    ///
    /// A file is opened anew even when it is the same, so that one that was renamed is let go. Throws,
    /// with nothing changed, when it cannot be opened.
    func open(_ place: String?) throws(SystemError) {
        let target: Target?
        switch place {
        case nil: target = nil
        case "-": target = .standardError
        case .some(let path): target = .file(try LogFile(path))
        }
        monitor.withLock { $0.target = target }
    }

    /// Hands a line over.
    ///
    /// Any thread.
    func append(_ line: [UInt8]) {
        let mustWake = monitor.withLock { state in
            let before = state.lines.count
            let after = before + line.count
            guard after <= Self.waitingBytesMax, !state.isStopping else {
                state.droppedCount += 1
                return false
            }
            state.lines.append(contentsOf: line)
            // The thread sleeps until there is something, and then until there is much.
            return before == 0 || (before < Self.batchBytes && after >= Self.batchBytes)
        }
        if mustWake { monitor.signal() }
    }

    /// How many lines were not written: too many were waiting, or the file could not be written.
    var droppedCount: Int { monitor.withLock { $0.droppedCount } }

    /// Writes what is waiting and stops the thread.
    ///
    /// What is appended later is dropped.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    // MARK: - The thread

    /// Waits for lines; nil when no more will come.
    private static func next(_ monitor: Monitor<State>) -> Batch? {
        var due: UInt64?
        return monitor.wait { state in
            guard !state.lines.isEmpty else { return state.isStopping ? .found(nil) : .nothing }
            let moment = due ?? Monotonic.now() &+ periodNanoseconds
            due = moment
            guard
                state.isStopping || state.lines.count >= batchBytes || Monotonic.now() >= moment
            else { return .nothingUntil(moment) }
            let batch = Batch(lines: state.lines, target: state.target)
            state.lines = []
            return .found(batch)
        }
    }

    /// Writes whole lines at a time; what cannot be written is dropped.
    private static func write(_ batch: Batch, _ monitor: Monitor<State>) -> SystemError? {
        var rest = batch.lines[...]
        do throws(SystemError) {
            while let target = batch.target, !rest.isEmpty {
                var piece = rest.prefix(pieceBytes)
                if piece.count < rest.count, let end = piece.lastIndex(of: UInt8(ascii: "\n")) {
                    piece = piece[...end]
                }
                try target.write(Array(piece))
                rest = rest[piece.endIndex...]
            }
        } catch {
            drop(rest, monitor)
            return error
        }
        drop(rest, monitor)
        return nil
    }

    private static func drop(_ lines: ArraySlice<UInt8>, _ monitor: Monitor<State>) {
        guard !lines.isEmpty else { return }
        let count = lines.count { $0 == UInt8(ascii: "\n") }
        monitor.withLock { $0.droppedCount += count }
    }
}
