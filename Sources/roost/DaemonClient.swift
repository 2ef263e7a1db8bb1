import Daemon
import Foundation
import FoundationNetworking

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

    /// Asks the control plane, and hands out the body as it comes.
    ///
    /// Returns when the daemon ends it.
    func stream(_ request: Request, onBody: @escaping @Sendable (Data) -> Void) throws {
        let response = try send(request, isControl: true, onBody: onBody)
        guard (200..<300).contains(response.status) else {
            let problem = Problem(status: response.status, body: response.body)
            throw Failure(code: .refused, message: problem.line)
        }
    }

    /// Asks a function; whatever it answers is returned.
    ///
    /// The token stays out of it.
    func invoke(_ request: Request) throws -> Response {
        try send(request, isControl: false, onBody: nil)
    }

    /// Reads a JSON body.
    static func json(_ response: Response) throws -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: response.body)
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
        onBody: (@Sendable (Data) -> Void)?
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
        return try Exchange(onBody: onBody).run(message)
    }
}

/// One request and its answer, on a session of its own: redirects and cookies are left alone.
private final class Exchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    // SAFETY: written by the session's one-at-a-time delegate queue, and read after `done` was
    // signalled by its last call.
    private var response: HTTPURLResponse?
    private var body = Data()
    private var error: (any Error)?
    private let onBody: (@Sendable (Data) -> Void)?
    private let done = DispatchSemaphore(value: 0)

    init(onBody: (@Sendable (Data) -> Void)?) {
        self.onBody = onBody
    }

    func run(_ request: URLRequest) throws -> DaemonClient.Response {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        session.dataTask(with: request).resume()
        done.wait()
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
            onBody(data)
        } else {
            body.append(data)
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
