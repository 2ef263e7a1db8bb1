public import Linux

/// A blocking HTTP/1.1 client for tests: it sends the octets it is given and reads responses.
///
/// It checks what it reads and forgives nothing, so that a malformed response fails the test.
public final class RawHTTPClient {
    private var socket: ConnectedSocket?
    private let timeoutMilliseconds: Int
    private var buffered: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 64 * 1024)

    /// Why a response could not be read.
    public enum Failure: Error, Equatable {
        /// The server closed the connection, after so many octets of the response.
        case closed(afterBytes: Int)
        /// Nothing arrived for the time allowed, after so many octets of the response.
        case timedOut(afterBytes: Int)
        /// The octets are not a response.
        case malformed(String)
    }

    /// A response as it was read.
    public struct Response: Equatable, Sendable {
        /// The status code.
        public var status: Int
        /// The field lines in order, names in lower case.
        public var fields: [(name: String, value: String)]
        /// The body with the chunked coding undone.
        public var body: [UInt8]

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }

        /// The value of the only field line of that name in lower case; nil when there is none or
        /// more than one.
        public subscript(name: String) -> String? {
            let values = fields.filter { $0.name == name }
            return values.count == 1 ? values[0].value : nil
        }

        /// Compares status, fields and body.
        public static func == (left: Response, right: Response) -> Bool {
            left.status == right.status && left.body == right.body
                && left.fields.elementsEqual(right.fields) { $0 == $1 }
        }
    }

    /// Connects to `address`; a read then waits for `timeoutMilliseconds` at most.
    public init(_ address: SocketAddress, timeoutMilliseconds: Int = 10_000) throws {
        let socket = try ConnectedSocket(connectingTo: address)
        socket.setReadTimeout(milliseconds: timeoutMilliseconds)
        self.socket = consume socket
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Sends all of `bytes`.
    public func send(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let transfer = try socket?.write(bytes, from: offset)
            guard case .bytes(let count) = transfer else {
                throw Failure.closed(afterBytes: 0)
            }
            offset += count
        }
    }

    /// Sends a text as it is.
    public func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Sends a request with the fields that it needs, and reads the response.
    public func request(
        _ method: String,
        _ target: String,
        fields: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> Response {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        try send(Array((text + "\r\n").utf8) + (body ?? []))
        return try readResponse(toHead: method == "HEAD")
    }

    /// Ends the client's side of the connection; reading goes on.
    public func endOutput() {
        socket?.endOutput()
    }

    /// Makes closing the connection reset it.
    public func resetOnClose() {
        socket?.resetOnClose()
    }

    /// Closes the connection.
    public func close() {
        socket = nil
    }

    /// Reads one response, interim ones included.
    ///
    /// `toHead` says that it answers a HEAD request and has no body.
    public func readResponse(toHead: Bool = false) throws -> Response {
        var response = try readHead()
        if toHead || response.status < 200 || response.status == 204 || response.status == 304 {
            return response
        }
        if let coding = response["transfer-encoding"] {
            guard coding == "chunked", response["content-length"] == nil else {
                throw Failure.malformed("framing")
            }
            response.body = try readChunks()
        } else if let text = response["content-length"] {
            guard let length = Int(text) else { throw Failure.malformed("length \(text)") }
            response.body = try take(length)
        } else {
            response.body = try readToEnd()
        }
        return response
    }

    /// Reads until the server ends its side, and returns what came.
    public func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { buffered = [] }
        return buffered
    }

    /// Reads what is there already or comes within a short time, and whether the server ended.
    ///
    /// With `text`, reading goes on until the octets end with it.
    public func readAvailable(
        milliseconds: Int,
        until text: String = ""
    ) throws -> (bytes: [UInt8], isEnd: Bool) {
        socket?.setReadTimeout(milliseconds: milliseconds)
        defer { socket?.setReadTimeout(milliseconds: timeoutMilliseconds) }
        var isEnd = false
        repeat {
            do {
                isEnd = try !fill()
            } catch Failure.timedOut {
                break
            } catch is SystemError {
                isEnd = true
            }
        } while !isEnd && !text.isEmpty && !buffered.reversed().starts(with: text.utf8.reversed())
        defer { buffered = [] }
        return (buffered, isEnd)
    }

    /// Waits for the server to end its side without sending anything more.
    public func expectEnd() throws {
        let rest = try readToEnd()
        guard rest.isEmpty else {
            throw Failure.malformed("unexpected \(String(decoding: rest, as: UTF8.self))")
        }
    }

    // MARK: - Private

    private func readHead() throws -> Response {
        let line = try readLine()
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
            throw Failure.malformed(line)
        }
        var response = Response(status: status, fields: [], body: [])
        while true {
            let line = try readLine()
            if line.isEmpty { return response }
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.fields.append((line[..<colon].lowercased(), String(value)))
        }
    }

    private func readChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try readLine()
            guard let size = Int(line, radix: 16) else { throw Failure.malformed(line) }
            body += try take(size)
            let end = try readLine()
            guard end.isEmpty else { throw Failure.malformed(end) }
            if size == 0 { return body }
        }
    }

    private func readLine() throws -> String {
        var start = 0
        while true {
            if let index = buffered[start...].firstIndex(of: 0x0a) {
                guard index > 0, buffered[index - 1] == 0x0d else {
                    throw Failure.malformed("bare line feed")
                }
                let line = String(decoding: buffered[..<(index - 1)], as: UTF8.self)
                buffered.removeFirst(index + 1)
                return line
            }
            start = buffered.count
            guard try fill() else { throw Failure.closed(afterBytes: buffered.count) }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffered.count < count {
            guard try fill() else { throw Failure.closed(afterBytes: buffered.count) }
        }
        defer { buffered.removeFirst(count) }
        return Array(buffered[..<count])
    }

    /// Reads more; returns `false` at the end.
    private func fill() throws -> Bool {
        switch try socket?.read(into: &chunk) {
        case .bytes(let count):
            buffered += chunk[..<count]
            return true
        case .ended, nil: return false
        case .wouldBlock: throw Failure.timedOut(afterBytes: buffered.count)
        }
    }
}
