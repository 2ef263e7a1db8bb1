import FoundationEssentials
import Glibc
import HTTP
import HTTPServer
import Linux

/// Bodies that do not fit memory: written to files as they arrive, or read from files as the client takes them.
///
/// One thread touches the files; what waits in memory is bounded by the connections' flow control.
final class FileTransfers: Sendable {
    /// What becomes of an upload that is complete; false when there is no room for the work.
    typealias Completion = @Sendable (_ path: String) -> Bool

    private enum Event: Sendable {
        case upload(Exchange, Request, identifier: String, Completion)
        case piece(Exchange, [UInt8], isLast: Bool)
        case download(Exchange, Response, path: String)
        case drained(Exchange)
        case gone(Exchange)
    }

    private struct State {
        var events: [Event] = []
        var transferCount = 0
        var isStopping = false
    }

    /// The most files at one time.
    static let countMax = 8

    /// Where the files are.
    private let folder: String
    private let monitor = Monitor(State())
    private let threads = ThreadGroup()

    /// Starts the thread; `folder` is its own.
    init(folder: String) throws(SystemError) {
        self.folder = folder
        let monitor = monitor
        try threads.spawn(name: "transfers") {
            let worker = Worker(folder: folder)
            while let events = Self.next(monitor) {
                for event in events { worker.handle(event) }
                let count = worker.transferCount
                monitor.withLock { $0.transferCount = count }
            }
        }
    }

    /// Whether a request's body goes to a file.
    static func isUpload(_ head: RequestHead) -> Bool {
        head.method == .post && head.pathOctets.elementsEqual("/v1/import".utf8)
    }

    /// Takes an upload whose first piece is in the request.
    func upload(
        _ request: Request,
        identifier: String,
        _ exchange: Exchange,
        completion: @escaping Completion
    ) {
        let isTaken = monitor.withLock { $0.transferCount < Self.countMax && !$0.isStopping }
        guard isTaken else {
            let problem = Problem.busy
            return exchange.respond(
                problem.response(requestIdentifier: identifier, path: request.head.path)
            )
        }
        post(.upload(exchange, request, identifier: identifier, completion))
    }

    /// Takes the next piece of an upload; of others, drops it.
    func receive(_ piece: [UInt8], isLast: Bool, _ exchange: Exchange) {
        post(.piece(exchange, piece, isLast: isLast))
    }

    /// Sends a file, and removes it; false when too many are under way.
    func download(_ path: String, as response: Response, to exchange: Exchange) -> Bool {
        guard monitor.withLock({ $0.transferCount < Self.countMax && !$0.isStopping }) else {
            discard(path)
            return false
        }
        post(.download(exchange, response, path: path))
        return true
    }

    /// Goes on with a download.
    func didDrain(_ exchange: Exchange) { post(.drained(exchange)) }

    /// Forgets a transfer whose peer has gone.
    func remove(_ exchange: Exchange) { post(.gone(exchange)) }

    /// A path for a new file.
    func makePath() -> String { Self.makePath(in: folder) }

    /// Removes a file.
    func discard(_ path: String) { Worker.remove(path) }

    /// Stops the thread; transfers that are under way are cut.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        threads.joinAll()
    }

    private func post(_ event: Event) {
        monitor.withLock { $0.events.append(event) }
        monitor.signal()
    }

    private static func makePath(in folder: String) -> String { "\(folder)/\(UUID().uuidString)" }

    private static func next(_ monitor: Monitor<State>) -> [Event]? {
        monitor.wait { state in
            if state.isStopping { return .found(nil) }
            guard !state.events.isEmpty else { return .nothing }
            defer { state.events = [] }
            return .found(state.events)
        }
    }

    // MARK: - The thread

    /// An open file of the thread.
    private final class Transfer {
        let file: FileDescriptor
        let path: String
        let identifier: String
        /// Of an upload.
        let completion: Completion?

        init(
            _ file: consuming FileDescriptor,
            path: String,
            identifier: String = "",
            completion: Completion? = nil
        ) {
            self.file = file
            self.path = path
            self.identifier = identifier
            self.completion = completion
        }
    }

    private final class Worker {
        private let folder: String
        private var transfers: [Exchange: Transfer] = [:]

        private static let chunkBytes = 256 << 10

        init(folder: String) { self.folder = folder }

        deinit {
            for (exchange, transfer) in transfers {
                exchange.abort()
                Self.remove(transfer.path)
            }
        }

        var transferCount: Int { transfers.count }

        func handle(_ event: Event) {
            switch event {
            case .upload(let exchange, let request, let identifier, let completion):
                begin(exchange, request, identifier, completion)
            case .piece(let exchange, let bytes, let isLast):
                write(bytes, isLast: isLast, exchange)
            case .download(let exchange, let response, let path):
                send(path, response, exchange)
            case .drained(let exchange):
                if let transfer = transfers[exchange], transfer.completion == nil {
                    sendNext(transfer, exchange)
                }
            case .gone(let exchange):
                if let transfer = transfers.removeValue(forKey: exchange) {
                    Self.remove(transfer.path)
                }
            }
        }

        static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

        // MARK: Uploads

        private func begin(
            _ exchange: Exchange,
            _ request: Request,
            _ identifier: String,
            _ completion: @escaping Completion
        ) {
            let path = FileTransfers.makePath(in: folder)
            do throws(SystemError) {
                let file = try FileDescriptor(
                    opening: path,
                    flags: O_WRONLY | O_CREAT | O_EXCL,
                    mode: 0o600
                )
                transfers[exchange] = Transfer(
                    file,
                    path: path,
                    identifier: identifier,
                    completion: completion
                )
                write(request.body, isLast: request.isComplete, exchange)
            } catch {
                refuse(exchange, identifier, error)
            }
        }

        private func write(_ bytes: [UInt8], isLast: Bool, _ exchange: Exchange) {
            guard let transfer = transfers[exchange], let completion = transfer.completion else {
                return
            }
            do throws(SystemError) {
                try transfer.file.writeAll(bytes)
            } catch {
                transfers[exchange] = nil
                Self.remove(transfer.path)
                return refuse(exchange, transfer.identifier, error)
            }
            exchange.consume(bytes.count)
            guard isLast else { return }
            transfers[exchange] = nil
            if !completion(transfer.path) {
                Self.remove(transfer.path)
                let problem = Problem.busy
                exchange.respond(
                    problem.response(requestIdentifier: transfer.identifier, path: "/v1/import")
                )
            }
        }

        private func refuse(_ exchange: Exchange, _ identifier: String, _ error: SystemError) {
            let problem = Problem(
                status: .serviceUnavailable,
                kind: "no-room",
                title: "No room",
                detail: "the upload cannot be kept: \(error)"
            )
            exchange.respond(problem.response(requestIdentifier: identifier, path: "/v1/import"))
        }

        // MARK: Downloads

        private func send(_ path: String, _ response: Response, _ exchange: Exchange) {
            do throws(SystemError) {
                let file = try FileDescriptor(opening: path, flags: O_RDONLY)
                let size = try file.status().size
                // The name is not needed any more, whatever happens from here on.
                Self.remove(path)
                let transfer = Transfer(file, path: path)
                transfers[exchange] = transfer
                exchange.beginStream(response, length: Int(clamping: size))
                sendNext(transfer, exchange)
            } catch {
                exchange.abort()
            }
        }

        private func sendNext(_ transfer: Transfer, _ exchange: Exchange) {
            do throws(SystemError) {
                let bytes = try transfer.file.read(upTo: Self.chunkBytes)
                guard !bytes.isEmpty else {
                    transfers[exchange] = nil
                    return exchange.endStream()
                }
                exchange.send(bytes)
                exchange.notifyWhenDrained()
            } catch {
                transfers[exchange] = nil
                exchange.abort()
            }
        }
    }
}
