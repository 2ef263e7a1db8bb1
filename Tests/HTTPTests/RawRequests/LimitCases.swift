/// The limits that a strict server must have, at each and one beyond (RFC 9112 §2.3, §3, §11).
///
/// `Limits()` has their values.
extension RawRequestCase {
    static let limit: [RawRequestCase] = [
        headLimits, fieldLimits, targetLimits, methodLimits, chunkLimits, bodyLimits,
    ].flatMap { $0 }

    private static func x(_ count: Int) -> String {
        String(repeating: "x", count: count)
    }

    /// A request whose head has that many octets, nearly all of them in one value.
    private static func head(_ byteCount: Int) -> String {
        get("X: \(x(byteCount - get("X: \r\n").utf8.count))\r\n")
    }

    private static func fields(_ count: Int) -> String {
        String(repeating: "X: y\r\n", count: count)
    }

    /// A target of that many octets.
    private static func path(_ byteCount: Int) -> String {
        "/\(x(byteCount - 1))"
    }

    /// A chunked body of one octet and that many octets of framing.
    private static func framing(_ byteCount: Int) -> String {
        chunked("1;\(x(byteCount - "1;\r\n\r\n0\r\n\r\n".utf8.count))\r\nx\r\n0\r\n\r\n")
    }

    // RFC 9110 §5.4: fields too large get a 4xx answer; RFC 6585 §5: 431.
    private static let headLimits: [RawRequestCase] = [
        .accepted("limit: head of 32768 octets", head(32768), .get()),
        .refused(431, "limit: head of 32769 octets", head(32769)),
        .refused(431, "limit: value that does not end", "GET / HTTP/1.1\r\nX: \(x(40000))"),
        .refused(431, "limit: name that does not end", "GET / HTTP/1.1\r\n\(x(40000))"),
        .refused(
            431,
            "limit: blanks that do not end",
            "GET / HTTP/1.1\r\nX:\(String(repeating: " ", count: 40000))"
        ),
        .accepted(
            "limit: two heads of 20000 octets",
            head(20000) + head(20000),
            .get(),
            .get()
        ),
        .refused(
            431,
            "limit: head too large behind a request",
            get("", head(32769)),
            after: .get()
        ),
        .accepted("limit: value of 30000 octets", get("X: \(x(30000))\r\n"), .get()),
    ]

    // RFC 9110 §5.4; RFC 6585 §5: 431 also when the fields are too large in all.
    private static let fieldLimits: [RawRequestCase] = [
        .accepted("limit: 100 fields", get(fields(99)), .get()),
        .refused(431, "limit: 101 fields", get(fields(100))),
        .refused(431, "limit: 5000 fields", get(fields(4999))),
        .refused(431, "limit: fields that do not end", "GET / HTTP/1.1\r\n\(fields(9000))"),
    ]

    // RFC 9112 §3: request lines of 8000 octets at least; a longer target gets 414.
    private static let targetLimits: [RawRequestCase] = [
        .accepted(
            "limit: request line of 8000 octets",
            request("GET \(path(8000 - "GET  HTTP/1.1".utf8.count)) HTTP/1.1"),
            .get(path(8000 - "GET  HTTP/1.1".utf8.count))
        ),
        .accepted(
            "limit: target of 8192 octets",
            request("GET \(path(8192)) HTTP/1.1"),
            .get(path(8192))
        ),
        .refused(414, "limit: target of 8193 octets", request("GET \(path(8193)) HTTP/1.1")),
        .refused(414, "limit: query of 8193 octets", request("GET /?\(x(8191)) HTTP/1.1")),
        .refused(
            414,
            "limit: absolute target of 8193 octets",
            request("GET http://a\(path(8185)) HTTP/1.1")
        ),
        .refused(414, "limit: target that does not end", "GET \(path(9000))"),
    ]

    // RFC 9112 §3: 501 for a method longer than any that is implemented.
    private static let methodLimits: [RawRequestCase] = [
        .refused(501, "limit: method of 9000 octets", request("\(x(9000)) / HTTP/1.1")),
        .refused(501, "limit: method that does not end", x(40000)),
        .refused(400, "limit: empty lines that do not end", String(repeating: "\r\n", count: 5000)),
    ]

    // RFC 9112 §7.1.1: extensions are limited in all; §7.1.2, §11: so is everything beside data.
    private static let chunkLimits: [RawRequestCase] = [
        .accepted("limit: chunk framing of 16384 octets", framing(16384), .post("x")),
        .refused(400, "limit: chunk framing of 16385 octets", framing(16385)),
        .accepted(
            "limit: chunk framing of 16384 octets in each of two requests",
            framing(16384) + framing(16384),
            .post("x"),
            .post("x")
        ),
        .accepted(
            "limit: 1000 chunks of an octet",
            chunked(String(repeating: "1\r\nx\r\n", count: 1000) + "0\r\n\r\n"),
            .post(x(1000))
        ),
        .refused(
            400,
            "limit: 4000 chunks of an octet",
            chunked(String(repeating: "1\r\nx\r\n", count: 4000) + "0\r\n\r\n")
        ),
        .refused(
            400,
            "limit: 100 chunks with extensions of 200 octets",
            chunked(String(repeating: "1;\(x(200))\r\nx\r\n", count: 100) + "0\r\n\r\n")
        ),
        .refused(400, "limit: extension that does not end", chunked("1;\(x(20000))")),
        .accepted(
            "limit: trailers of 16200 octets",
            chunked("0\r\n\(fields(2700))\r\n"),
            .post()
        ),
        .refused(400, "limit: trailers of 18000 octets", chunked("0\r\n\(fields(3000))\r\n")),
        .refused(400, "limit: trailer name that does not end", chunked("0\r\n\(x(20000))")),
        .refused(400, "limit: trailer value that does not end", chunked("0\r\nX: \(x(20000))")),
    ]

    // RFC 9110 §15.5.14: 413 for content larger than the server is willing to process.
    private static let bodyLimits: [RawRequestCase] = [
        .accepted(
            "limit: body of a mebibyte",
            bytes: octets(post("Content-Length: 1048576\r\n")) + mebibyte,
            mebibytePost
        ),
        .accepted(
            "limit: chunk of a mebibyte",
            bytes: octets(chunked("100000\r\n")) + mebibyte + octets("\r\n0\r\n\r\n"),
            mebibytePost
        ),
        .refused(
            413,
            "limit: chunk behind one of a mebibyte",
            bytes: octets(chunked("100000\r\n")) + mebibyte + octets("\r\n1\r\nx\r\n0\r\n\r\n")
        ),
        .refused(
            413,
            "limit: body of a mebibyte and one octet",
            post("Content-Length: 1048577\r\n", "x")
        ),
        .refused(413, "limit: chunk of a mebibyte and one octet", chunked("100001\r\nx")),
        .accepted(
            "limit: body of 3000 octets before a request",
            post("Content-Length: 3000\r\n", x(3000)) + get(""),
            .post(x(3000)),
            .get()
        ),
    ]

    private static let mebibyte = [UInt8](repeating: 0x78, count: bodyBytesMax)

    private static let mebibytePost = Expected(
        method: "POST",
        target: "/",
        body: mebibyte,
        keepsAlive: true
    )
}
