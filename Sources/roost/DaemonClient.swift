import Daemon
import Foundation
import FoundationNetworking
import Synchronization

/// Sends requests to a daemon, one at a time, and waits for the answers.
struct DaemonClient {
    let base: URL
    private let token: String?

    /// An answer whose body is complete.
    struct Response {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: Data

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// What to ask for.
    struct Request {
        var method = "GET"
        /// Percent-encoded, from the slash.
        var path: String
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: Data?
        /// A file to send as the body.
        var bodyFile: URL?
        /// Where it shows how much of the body is sent, and then that the daemon works on it.
        var progress: ProgressBar?
    }

    init(base: URL, token: String?) {
        self.base = base
        self.token = token
    }

    /// Asks the control plane, and throws when it refuses.
    func control(_ request: Request) throws -> Response {
        let response = try send(request, isControl: true, onBody: nil)
        guard (200..<300).contains(response.status) else {
            let problem = Problem(status: response.status, body: response.body)
            throw Failure(code: .refused, message: problem.line)
        }
        return response
    }

    /// Asks the control plane, and hands out the lines of the answer as they come.
    ///
    /// Returns when the daemon ends it.
    func stream(
        _ request: Request,
        onSent: (@Sendable (Int64) -> Void)? = nil,
        onLine: @escaping @Sendable (Data) -> Void
    ) throws {
        let lines = LineSplitter(onLine)
        let response = try send(request, isControl: true, onSent: onSent) { data, _ in
            lines.add(data)
        }
        guard (200..<300).contains(response.status) else {
            let problem = Problem(status: response.status, body: response.body)
            throw Failure(code: .refused, message: problem.line)
        }
        lines.end()
    }

    /// Asks the control plane, and hands out the octets of the answer as they come, with the number that is
    /// expected in all, or -1.
    func download(
        _ request: Request,
        onPiece: @escaping @Sendable (Data, Int64) -> Void
    ) throws {
        let response = try send(request, isControl: true, onBody: onPiece)
        guard (200..<300).contains(response.status) else {
            let problem = Problem(status: response.status, body: response.body)
            throw Failure(code: .refused, message: problem.line)
        }
    }

    /// Asks for something that takes long, and hands out how far it is: first how many bytes of the request have been
    /// sent.
    ///
    /// Returns the result's document.
    func control(
        _ request: Request,
        onSent: (@Sendable (Int64) -> Void)? = nil,
        progress: @escaping @Sendable (JSONValue) -> Void
    ) throws -> Data {
        var request = request
        request.headers.append((name: "Accept", value: "application/x-ndjson"))
        let result = Mutex<Result<Data, Failure>?>(nil)
        try stream(request, onSent: onSent) { line in
            guard let document = try? JSONDecoder().decode(JSONValue.self, from: line) else {
                return
            }
            if let value = document["progress"] { return progress(value) }
            if let problem = document["problem"] {
                let status = problem["status"].flatMap { Int($0.text) } ?? 500
                let body = (try? JSONEncoder().encode(problem)) ?? Data()
                let failure = Failure(
                    code: .refused,
                    message: Problem(status: status, body: body).line
                )
                return result.withLock { $0 = .failure(failure) }
            }
            let value = document["result"] ?? document
            result.withLock { $0 = (try? JSONEncoder().encode(value)).map { .success($0) } }
        }
        guard let result = result.withLock({ $0 }) else {
            throw Failure(code: .protocolError, message: "the daemon's answer ended early")
        }
        return try result.get()
    }

    /// Asks a function; whatever it answers is returned.
    ///
    /// The token stays out of it.
    func invoke(_ request: Request) throws -> Response {
        try send(request, isControl: false, onBody: nil)
    }

    /// Reads a JSON body.
    static func json(_ response: Response) throws -> JSONValue { try json(response.body) }

    /// Reads JSON that the daemon sent.
    static func json(_ body: Data) throws -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: body)
        } catch {
            throw Failure(code: .protocolError, message: "the daemon's answer is not JSON")
        }
    }

    /// Percent-encodes one segment of a path.
    static func segment(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.formIntersection(CharacterSet(charactersIn: "\u{0}"..."\u{7f}"))
        allowed.insert(charactersIn: "-._~@")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    private func send(
        _ request: Request,
        isControl: Bool,
        onSent: (@Sendable (Int64) -> Void)? = nil,
        onBody: (@Sendable (Data, Int64) -> Void)?
    ) throws -> Response {
        var text = base.absoluteString
        while text.hasSuffix("/") { text.removeLast() }
        text += request.path
        if !request.query.isEmpty {
            let items = request.query.map { "\(Self.segment($0.name))=\(Self.segment($0.value))" }
            text += (request.path.contains("?") ? "&" : "?") + items.joined(separator: "&")
        }
        guard let url = URL(string: text) else {
            throw Failure(code: .refused, message: "'\(printable(text))' is not a URL")
        }
        // A function may take as long as its own limit, and a followed log has no end.
        var message = URLRequest(url: url, timeoutInterval: 7 * 86_400)
        message.httpMethod = request.method
        message.httpBody = request.body
        message.setValue("roost", forHTTPHeaderField: "User-Agent")
        if isControl, let token {
            message.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        }
        var seen: Set<String> = []
        for header in request.headers {
            // The first of a name takes the place of a default; more of the name add to it.
            if seen.insert(header.name.lowercased()).inserted {
                message.setValue(header.value, forHTTPHeaderField: header.name)
            } else {
                message.addValue(header.value, forHTTPHeaderField: header.name)
            }
        }
        let exchange = Exchange(progress: request.progress, onSent: onSent, onBody: onBody)
        return try exchange.run(message, file: request.bodyFile)
    }
}

/// Hands out the lines of a body that comes in pieces.
private final class LineSplitter: @unchecked Sendable {
    // SAFETY: only the session's one-at-a-time delegate queue calls `add`, and `end` follows its last call.
    private var rest = Data()
    private let onLine: @Sendable (Data) -> Void

    init(_ onLine: @escaping @Sendable (Data) -> Void) { self.onLine = onLine }

    func add(_ data: Data) {
        rest.append(data)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if end > rest.startIndex { onLine(Data(rest[..<end])) }
            rest = Data(rest[rest.index(after: end)...])
        }
    }

    func end() {
        if !rest.isEmpty { onLine(rest) }
        rest = Data()
    }
}

/// One request and its answer, on a session of its own: redirects and cookies are left alone.
private final class Exchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    // SAFETY: written by the session's one-at-a-time delegate queue, and read after `done` was
    // signalled by its last call.
    private var response: HTTPURLResponse?
    private var body = Data()
    private var error: (any Error)?
    private let progress: ProgressBar?
    private let onSent: (@Sendable (Int64) -> Void)?
    private let onBody: (@Sendable (Data, Int64) -> Void)?
    private let done = DispatchSemaphore(value: 0)

    init(
        progress: ProgressBar?,
        onSent: (@Sendable (Int64) -> Void)?,
        onBody: (@Sendable (Data, Int64) -> Void)?
    ) {
        self.progress = progress
        self.onSent = onSent
        self.onBody = onBody
    }

    func run(_ request: URLRequest, file: URL?) throws -> DaemonClient.Response {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        let task =
            file.map { session.uploadTask(with: request, fromFile: $0) }
            ?? session.dataTask(with: request)
        task.resume()
        done.wait()
        progress?.clear()
        session.finishTasksAndInvalidate()
        if let error {
            let address = request.url.map { "\($0.host ?? ""):\($0.port ?? 80)" } ?? ""
            let reason = (error as NSError).localizedDescription
            throw Failure(
                code: .unreachable,
                message: "no answer from \(address): \(printable(reason))"
            )
        }
        guard let response else {
            throw Failure(code: .protocolError, message: "the daemon's answer is not HTTP")
        }
        let headers = response.allHeaderFields.compactMap { name, value in
            (name as? String).map { (name: $0, value: "\(value)") }
        }
        return DaemonClient.Response(
            status: response.statusCode,
            headers: headers.sorted { $0.name < $1.name },
            body: body
        )
    }

    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        self.response = response as? HTTPURLResponse
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        if let onBody, let response, (200..<300).contains(response.statusCode) {
            onBody(data, response.expectedContentLength)
        } else {
            body.append(data)
        }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didSendBodyData bytesSent: Int64,
        totalBytesSent: Int64,
        totalBytesExpectedToSend: Int64
    ) {
        onSent?(totalBytesSent)
        guard let progress else { return }
        let (done, count) = (Int(totalBytesSent), Int(totalBytesExpectedToSend))
        if done < count {
            progress.show("uploading", done: done, of: count, unit: .bytes)
        } else {
            progress.showBusy("deploying")
        }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didCompleteWithError error: (any Error)?
    ) {
        self.error = error
        done.signal()
    }
}
