import HTTP
import Testing

struct ResponseEncoderTests {
    private func encode(
        _ response: Response,
        isHead: Bool = false,
        version: RequestHead.Version = .http11,
        keepsAlive: Bool = true,
        streamed: Bool = false
    ) throws -> String {
        var encoder = ResponseEncoder()
        encoder.setDate(secondsSince1970: 784_111_777)
        let context = ResponseEncoder.Context(
            isHead: isHead,
            version: version,
            keepsAlive: keepsAlive
        )
        var output: [UInt8] = []
        if streamed {
            let form = try encoder.encodeStreamHead(response, context, into: &output)
            output += Array("<\(form)>".utf8)
        } else if try encoder.encodeHead(response, context, into: &output) {
            output += response.body
        }
        return String(decoding: output, as: UTF8.self)
    }

    private let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

    @Test func `a response has its date its length and its fields in order`() throws {
        let response = Response(status: .ok, fields: ["B": "1", "A": "2"], body: [0x68, 0x69])
        let expected = "HTTP/1.1 200 OK\r\n\(date)Content-Length: 2\r\nB: 1\r\nA: 2\r\n\r\nhi"
        #expect(try encode(response) == expected)
    }

    @Test func `a response to HEAD tells the length and has no body`() throws {
        let response = Response(status: .ok, body: Array("hello".utf8))
        let expected = "HTTP/1.1 200 OK\r\n\(date)Content-Length: 5\r\n\r\n"
        #expect(try encode(response, isHead: true) == expected)
    }

    @Test(arguments: [Status.noContent, .notModified])
    func `a status without a body has neither length nor coding`(status: Status) throws {
        let response = Response(status: status, body: [1, 2, 3])
        let expected = "HTTP/1.1 \(status)\r\n\(date)\r\n"
        #expect(try encode(response) == expected)
        #expect(try encode(response, streamed: true) == expected + "<omitted>")
    }

    @Test func `the connection's end and its going on in 1-0 are told`() throws {
        let response = Response(status: .notFound)
        let start = "HTTP/1.1 404 Not Found\r\n\(date)Content-Length: 0\r\n"
        let closed = try encode(response, keepsAlive: false)
        #expect(closed == start + "Connection: close\r\n\r\n")
        let kept = try encode(response, version: .http10)
        #expect(kept == start + "Connection: keep-alive\r\n\r\n")
    }

    @Test func `a stream is chunked in 1-1 and ended by closing in 1-0`() throws {
        let response = Response(status: .ok)
        let start = "HTTP/1.1 200 OK\r\n\(date)"
        let chunked = try encode(response, streamed: true)
        #expect(chunked == start + "Transfer-Encoding: chunked\r\n\r\n<chunked>")
        let plain = try encode(response, version: .http10, keepsAlive: false, streamed: true)
        #expect(plain == start + "Connection: close\r\n\r\n<plain>")
    }

    @Test(arguments: [
        "Content-Length", "transfer-encoding", "CONNECTION", "Keep-Alive", "Proxy-Connection",
        "Upgrade", "Trailer", "TE", "Date",
    ])
    func `a field that frames the message or concerns the connection is dropped`(
        name: String
    ) throws {
        let response = Response(status: .ok, fields: [name: "9", "X-\(name)": "kept"])
        let expected = "HTTP/1.1 200 OK\r\n\(date)Content-Length: 0\r\nX-\(name): kept\r\n\r\n"
        #expect(try encode(response) == expected)
    }

    @Test(arguments: [
        ("X", "a\r\nY: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\0"), ("X", "\u{7f}"),
        ("X\r\nY", "a"), ("X ", "a"), ("X:", "a"), ("", "a"), ("é", "a"),
    ])
    func `a field that could start another message is never sent`(
        field: (String, String)
    ) {
        var response = Response(status: .ok)
        response.fields.append(field.0, field.1)
        #expect(!response.fields.isValid)
        #expect(throws: ResponseEncoder.EncodingError.invalidField) { try encode(response) }
        #expect(throws: ResponseEncoder.EncodingError.invalidField) {
            try encode(response, streamed: true)
        }
    }

    @Test func `an interim status is not a response`() throws {
        let response = Response(status: try #require(Status(103)))
        #expect(throws: ResponseEncoder.EncodingError.informationalStatus) {
            try encode(response)
        }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `dates are Gregorian`(seconds: UInt64, text: String) throws {
        var encoder = ResponseEncoder()
        encoder.setDate(secondsSince1970: seconds)
        var output: [UInt8] = []
        let context = ResponseEncoder.Context(isHead: false, version: .http11, keepsAlive: true)
        _ = try encoder.encodeHead(Response(status: .ok), context, into: &output)
        #expect(String(decoding: output, as: UTF8.self).contains("\r\nDate: \(text)\r\n"))
    }

    @Test func `a problem document escapes what JSON does not allow`() throws {
        let response = Response.problem(
            .badRequest,
            detail: "a \"b\" \\ \n",
            members: ["requestId": "é"]
        )
        let json = #"{"type":"about:blank","title":"Bad Request","status":400,"#
        let rest = #""detail":"a \"b\" \\ \u000a","requestId":"é"}"#
        #expect(String(decoding: response.body, as: UTF8.self) == json + rest + "\n")
        #expect(response.fields["content-type"] == "application/problem+json")
    }
}
