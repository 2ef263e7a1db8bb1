import HTTP
import Testing

/// All octets that one connection sends, and what a strict server must make of them.
///
/// The connection ends after the octets. Each group of cases names the section of the RFC that
/// decides it; "policy" marks where the RFC leaves the choice and this server refuses.
struct RawRequestCase: Sendable, CustomTestStringConvertible {
    /// What the case shows; no two cases have the same name.
    let name: String

    /// The octets of the connection.
    let bytes: [UInt8]

    /// What must come of them.
    let expectation: Expectation

    /// What must come of a connection's octets.
    enum Expectation: Sendable, Equatable, CustomStringConvertible {
        /// The requests are served and nothing is refused, whatever follows a request that closes.
        case accepted([Expected])
        /// The requests `after` are served; then comes one answer of that status, and nothing more.
        case refused(status: Int, after: [Expected] = [])

        var description: String {
            switch self {
            case .accepted(let requests): "accepted \(requests)"
            case .refused(let status, let requests): "refused with \(status) after \(requests)"
            }
        }
    }

    /// A request that must be served.
    struct Expected: Sendable, Equatable, CustomStringConvertible {
        let method: String
        /// The request target, exactly as it was sent.
        let target: String
        let body: [UInt8]
        /// Whether the connection goes on after the response.
        let keepsAlive: Bool

        var description: String {
            let text = String(decoding: body.prefix(100), as: UTF8.self).debugDescription
            let rest = body.count > 100 ? "… (\(body.count) octets)" : ""
            return "\(method) \(target) \(text)\(rest) \(keepsAlive ? "keep" : "close")"
        }
    }

    /// The largest body that the cases' server accepts.
    static let bodyBytesMax = 1 << 20

    /// Every case.
    static let all: [RawRequestCase] = [
        requestLine, emptyLinesAtEnd, target, host, field, contentLength, transferEncoding, chunk,
        expect, persistence, foreign, limit,
    ].flatMap { $0 }

    var testDescription: String { name.debugDescription }

    /// Whether all was accepted and the connection could go on after the last request.
    var leavesConnectionOpen: Bool {
        guard case .accepted(let requests) = expectation else { return false }
        return requests.last?.keepsAlive ?? false
    }
}

// MARK: - Writing cases

extension RawRequestCase {
    /// The octets of a text, one for each scalar: `\u{e9}` is the octet E9.
    static func octets(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8($0.value) }
    }

    /// Makes a case from a text with a scalar for each octet.
    init(_ name: String, _ text: String, _ expectation: Expectation) {
        self.init(name: name, bytes: Self.octets(text), expectation: expectation)
    }

    /// Makes a case of which all is accepted.
    static func accepted(_ name: String, _ text: String, _ requests: Expected...) -> Self {
        RawRequestCase(name, text, .accepted(requests))
    }

    /// Makes a case of which all is accepted.
    static func accepted(_ name: String, bytes: [UInt8], _ requests: Expected...) -> Self {
        RawRequestCase(name: name, bytes: bytes, expectation: .accepted(requests))
    }

    /// Makes a case that ends in a refusal.
    static func refused(
        _ status: Int,
        _ name: String,
        _ text: String,
        after requests: Expected...
    ) -> Self {
        RawRequestCase(name, text, .refused(status: status, after: requests))
    }

    /// Makes a case that ends in a refusal.
    static func refused(_ status: Int, _ name: String, bytes: [UInt8]) -> Self {
        RawRequestCase(name: name, bytes: bytes, expectation: .refused(status: status))
    }

    /// A request line, fields with their line ends, an empty line, and what follows.
    static func request(
        _ line: String,
        _ fields: String = "Host: a\r\n",
        _ rest: String = ""
    ) -> String {
        "\(line)\r\n\(fields)\r\n\(rest)"
    }

    /// A `GET` with `Host` and the given fields.
    static func get(_ fields: String, _ rest: String = "") -> String {
        "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(rest)"
    }

    /// A `POST` with `Host` and the given fields, and its body.
    static func post(_ fields: String, _ body: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
    }

    /// A `POST` with a chunked body, given as it is sent.
    static func chunked(_ body: String) -> String {
        post("Transfer-Encoding: chunked\r\n", body)
    }
}

extension RawRequestCase.Expected {
    /// Makes a request from a body with a scalar for each octet.
    init(
        _ method: String,
        _ target: String = "/",
        _ body: String = "",
        keepsAlive: Bool = true
    ) {
        self.init(
            method: method,
            target: target,
            body: RawRequestCase.octets(body),
            keepsAlive: keepsAlive
        )
    }

    /// A `GET` without a body.
    static func get(_ target: String = "/", keepsAlive: Bool = true) -> Self {
        Self("GET", target, keepsAlive: keepsAlive)
    }

    /// A `POST` to `/`.
    static func post(_ body: String = "", keepsAlive: Bool = true) -> Self {
        Self("POST", "/", body, keepsAlive: keepsAlive)
    }
}

// MARK: - Running cases

extension RawRequestCase {
    /// What the parser makes of a connection whose octets come in these pieces, driven as the
    /// server drives it.
    static func outcome(of pieces: [[UInt8]]) -> Expectation {
        var parser = RequestParser(limits: Limits())
        var requests: [Expected] = []
        var head: RequestHead?
        do throws(ParseError) {
            for piece in pieces {
                var position = 0
                feeding: while true {
                    switch try parser.consume(piece, from: &position, upTo: piece.count) {
                    case .needMore:
                        break feeding
                    case .head(let complete):
                        head = complete
                        try parser.acceptBody(bytesMax: bodyBytesMax)
                    case .complete(let body):
                        guard let finished = head else { break feeding }
                        head = nil
                        requests.append(
                            Expected(
                                method: finished.method.rawValue,
                                target: finished.target,
                                body: body,
                                keepsAlive: finished.keepsAlive
                            )
                        )
                        // Nothing is read after the last request of a connection.
                        guard finished.keepsAlive else { return .accepted(requests) }
                    }
                }
            }
            guard !parser.isInsideHead, !parser.isInsideBody else {
                throw ParseError(.inputEnded, offset: parser.messageBytes)
            }
        } catch {
            return .refused(status: error.status.code, after: requests)
        }
        return .accepted(requests)
    }
}
