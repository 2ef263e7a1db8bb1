/// `Content-Length` (RFC 9110 §8.6, RFC 9112 §6.2 and §6.3).
extension RawRequestCase {
    static let contentLength: [RawRequestCase] = [
        lengths, malformedLengths, largeLengths, repeatedLengths, lengthNames, lengthEnds,
    ].flatMap { $0 }

    /// A request with that length and a body of five octets that is refused.
    private static func bad(_ name: String, _ value: String) -> RawRequestCase {
        .refused(400, "length: \(name)", post("Content-Length: \(value)\r\n", "hello"))
    }

    // RFC 9112 §6.3: the length in octets, or none without a field; RFC 9110 §9.3: of any method.
    private static let lengths: [RawRequestCase] = [
        .accepted("length: five", post("Content-Length: 5\r\n", "hello"), .post("hello")),
        .accepted("length: zero", post("Content-Length: 0\r\n"), .post()),
        .accepted("length: many zeros", post("Content-Length: 0000\r\n"), .post()),
        .accepted(
            "length: leading zeros",
            post("Content-Length: 005\r\n", "hello"),
            .post("hello")
        ),
        .accepted(
            "length: decimal, not octal",
            post("Content-Length: 010\r\n", "helloworld"),
            .post("helloworld")
        ),
        .accepted(
            "length: blanks around",
            post("Content-Length:\t 5 \t\r\n", "hello"),
            .post("hello")
        ),
        .accepted(
            "length: name in upper case",
            post("CONTENT-LENGTH: 5\r\n", "hello"),
            .post("hello")
        ),
        .accepted("length: none with POST", post("", get("")), .post(), .get()),
        .accepted(
            "length: with GET",
            get("Content-Length: 5\r\n", "hello"),
            .init("GET", "/", "hello")
        ),
        .accepted(
            "length: with HEAD",
            request("HEAD / HTTP/1.1", "Host: a\r\nContent-Length: 2\r\n", "hi"),
            .init("HEAD", "/", "hi")
        ),
        .accepted(
            "length: with DELETE",
            request("DELETE /a HTTP/1.1", "Host: a\r\nContent-Length: 2\r\n", "hi"),
            .init("DELETE", "/a", "hi")
        ),
        .accepted(
            "length: with asterisk",
            request("OPTIONS * HTTP/1.1", "Host: a\r\nContent-Length: 2\r\n", "hi"),
            .init("OPTIONS", "*", "hi")
        ),
        .accepted(
            "length: in 1.0",
            request("POST / HTTP/1.0", "Content-Length: 2\r\n", "hi"),
            .post("hi", keepsAlive: false)
        ),
        .accepted(
            "length: none in 1.0",
            request("POST / HTTP/1.0", "", "hi"),
            .post(keepsAlive: false)
        ),
        .accepted(
            "length: body of every kind of octet",
            post("Content-Length: 12\r\n", "\0\u{1}\t\n\r \u{7f}\u{80}\u{c3}\u{28}\u{fe}\u{ff}"),
            .post("\0\u{1}\t\n\r \u{7f}\u{80}\u{c3}\u{28}\u{fe}\u{ff}")
        ),
        .accepted(
            "length: body that looks like a request",
            post("Content-Length: 28\r\n", "GET /b HTTP/1.1\r\nHost: b\r\n\r\n"),
            .post("GET /b HTTP/1.1\r\nHost: b\r\n\r\n")
        ),
    ]

    // RFC 9110 §8.6: 1*DIGIT; RFC 9112 §6.3: anything else is an error that ends the connection.
    private static let malformedLengths: [RawRequestCase] = [
        bad("empty", ""),
        bad("blanks only", " \t "),
        bad("plus sign", "+5"),
        bad("minus sign", "-5"),
        bad("minus zero", "-0"),
        bad("hexadecimal", "0x5"),
        bad("hexadecimal digit", "a"),
        bad("exponent", "5e0"),
        bad("fraction", "5.0"),
        bad("binary", "0b101"),
        bad("underscore", "0_5"),
        bad("space inside", "0 5"),
        bad("tab inside", "0\t5"),
        bad("two numbers", "5 5"),
        bad("quoted", "\"5\""),
        bad("parameter", "5;a=b"),
        bad("word", "five"),
        bad("letter behind", "5x"),
        bad("NUL behind", "5\0"),
        bad("NUL before", "\u{0}5"),
        bad("vertical tab before", "\u{b}5"),
        bad("form feed behind", "5\u{c}"),
        bad("CR behind", "5\r"),
        bad("superscript digit", "\u{b2}"),
        bad("Arabic digit", "\u{d9}\u{a5}"),
        bad("full-width digit", "\u{ef}\u{bc}\u{95}"),
        bad("no-break space before", "\u{a0}5"),
    ]

    // RFC 9110 §8.6: any number is valid and must not overflow; §15.5.14: one too large gets 413.
    private static let largeLengths: [RawRequestCase] = [
        .refused(413, "length: one over the limit", post("Content-Length: 1048577\r\n")),
        .refused(413, "length: 2^31", post("Content-Length: 2147483648\r\n", "hello")),
        .refused(413, "length: 2^32 + 5", post("Content-Length: 4294967301\r\n", "hello")),
        .refused(413, "length: 2^63 - 1", post("Content-Length: 9223372036854775807\r\n", "hello")),
        .refused(413, "length: 2^63", post("Content-Length: 9223372036854775808\r\n", "hello")),
        .refused(
            413,
            "length: 2^64 + 5",
            post("Content-Length: 18446744073709551621\r\n", "hello")
        ),
        .refused(413, "length: with GET over the limit", get("Content-Length: 1048577\r\n")),
        // Policy: no honest client pads a number to twenty digits.
        bad("twenty digits with zeros", "00000000000000000005"),
    ]

    // RFC 9112 §6.3: more than one number is an error, unless all are the same; policy: then too.
    private static let repeatedLengths: [RawRequestCase] = [
        bad("two lines alike", "5\r\nContent-Length: 5"),
        bad("two lines that differ", "5\r\nContent-Length: 4"),
        bad("two lines, zero last", "5\r\nContent-Length: 0"),
        bad("two lines, zero first", "0\r\nContent-Length: 5"),
        bad("two lines, one empty", "5\r\nContent-Length:"),
        bad("two lines apart", "5\r\nX: y\r\ncontent-length: 5"),
        bad("list alike", "5, 5"),
        bad("list that differs", "5, 4"),
        bad("list without spaces", "5,5"),
        bad("list with empty element last", "5,"),
        bad("list with empty element first", ",5"),
        .refused(
            400,
            "length: two lines that differ in 1.0",
            request("POST / HTTP/1.0", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello")
        ),
        .refused(
            400,
            "length: two lines with GET",
            get("Content-Length: 0\r\nContent-Length: 0\r\n")
        ),
    ]

    // RFC 9110 §5.1: a name that only looks like it is another field, or none.
    private static let lengthNames: [RawRequestCase] = [
        .refused(
            400,
            "length: name without hyphen",
            post("ContentLength: 5\r\n", "hello"),
            after: .post()
        ),
        .refused(
            400,
            "length: name with prefix",
            post("X-Content-Length: 5\r\n", "hello"),
            after: .post()
        ),
        .refused(
            400,
            "length: name with one letter less",
            post("Content-Lengt: 5\r\n", "hello"),
            after: .post()
        ),
        .refused(400, "length: name with underscore", post("Content_Length: 5\r\n", "hello")),
        .refused(400, "length: name with NUL", post("Content-Length\0: 5\r\n", "hello")),
        .refused(400, "length: name behind NUL", post("\u{0}Content-Length: 5\r\n", "hello")),
        .refused(
            400,
            "length: name with dotless letter",
            post("Content-Lengt\u{c4}\u{b1}: 5\r\n", "hello")
        ),
    ]

    // RFC 9112 §6.3, §8: the body has exactly that length; what follows is the next request.
    private static let lengthEnds: [RawRequestCase] = [
        .refused(400, "length: no body", post("Content-Length: 5\r\n")),
        .refused(400, "length: body one octet short", post("Content-Length: 5\r\n", "hell")),
        .refused(
            400,
            "length: body one octet long",
            post("Content-Length: 5\r\n", "hello!"),
            after: .post("hello")
        ),
        .refused(
            400,
            "length: zero and a body",
            post("Content-Length: 0\r\n", "hello"),
            after: .post()
        ),
        .refused(
            501,
            "length: body longer, and the rest looks like a method",
            post("Content-Length: 5\r\n", "helloworld / HTTP/1.1\r\n"),
            after: .post("hello")
        ),
        .accepted(
            "length: zero and a request behind it",
            post("Content-Length: 0\r\n", get("X: y\r\n")),
            .post(),
            .get()
        ),
        .accepted(
            "length: three requests with bodies",
            post("Content-Length: 1\r\n", "a") + post("Content-Length: 2\r\n", "bc")
                + post("Content-Length: 0\r\n"),
            .post("a"),
            .post("bc"),
            .post()
        ),
        .accepted(
            "length: body of empty lines before a request",
            post("Content-Length: 4\r\n", "\r\n\r\n") + get(""),
            .post("\r\n\r\n"),
            .get()
        ),
    ]
}
