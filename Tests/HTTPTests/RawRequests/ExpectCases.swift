/// `Expect` (RFC 9110 §10.1.1).
extension RawRequestCase {
    static let expect: [RawRequestCase] = expectations + unknownExpectations

    // RFC 9110 §10.1.1: without regard to case; ignored in HTTP/1.0. The body may come at once.
    private static let expectations: [RawRequestCase] = [
        .accepted(
            "expect: 100-continue and a length",
            post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
            .post("hello")
        ),
        .accepted(
            "expect: 100-continue and chunks",
            post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n"),
            .post("x")
        ),
        .accepted(
            "expect: value in upper case",
            post("EXPECT: 100-CONTINUE\r\nContent-Length: 1\r\n", "x"),
            .post("x")
        ),
        .accepted(
            "expect: blanks around",
            post("Expect: \t100-continue\t \r\nContent-Length: 1\r\n", "x"),
            .post("x")
        ),
        .accepted("expect: no body", post("Expect: 100-continue\r\n"), .post()),
        .accepted(
            "expect: empty body",
            post("Expect: 100-continue\r\nContent-Length: 0\r\n", get("")),
            .post(),
            .get()
        ),
        .accepted("expect: with GET", get("Expect: 100-continue\r\n"), .get()),
        .accepted(
            "expect: with close",
            post("Expect: 100-continue\r\nConnection: close\r\nContent-Length: 1\r\n", "x"),
            .post("x", keepsAlive: false)
        ),
        .accepted(
            "expect: in 1.0",
            request("POST / HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n", "x"),
            .post("x", keepsAlive: false)
        ),
        .accepted(
            "expect: unknown in 1.0",
            request("POST / HTTP/1.0", "Expect: tea\r\nContent-Length: 1\r\n", "x"),
            .post("x", keepsAlive: false)
        ),
        .accepted(
            "expect: in 1.2",
            request(
                "POST / HTTP/1.2",
                "Host: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n",
                "x"
            ),
            .post("x")
        ),
        // RFC 9110 §5.6.1: a list may be empty, and an empty one expects nothing.
        .accepted("expect: empty", post("Expect:\r\nContent-Length: 1\r\n", "x"), .post("x")),
        .refused(
            400,
            "expect: body does not come",
            post("Expect: 100-continue\r\nContent-Length: 5\r\n")
        ),
        // RFC 9110 §15.5.14: the answer that spares the client its body.
        .refused(
            413,
            "expect: body too large",
            post("Expect: 100-continue\r\nContent-Length: 1048577\r\n")
        ),
        .refused(
            400,
            "expect: malformed length",
            post("Expect: 100-continue\r\nContent-Length: x\r\n")
        ),
    ]

    // RFC 9110 §10.1.1, §15.5.18: a member other than 100-continue gets 417.
    private static let unknownExpectations: [RawRequestCase] = [
        .refused(417, "expect: unknown", post("Expect: tea\r\n")),
        .refused(
            417,
            "expect: unknown with a body",
            post("Expect: tea\r\nContent-Length: 1\r\n", "x")
        ),
        .refused(417, "expect: unknown with value", post("Expect: a=b\r\n")),
        .refused(417, "expect: unknown with GET", get("Expect: 200-ok\r\n")),
        .refused(417, "expect: number alone", post("Expect: 100\r\n")),
        .refused(417, "expect: word alone", post("Expect: continue\r\n")),
        .refused(417, "expect: space for hyphen", post("Expect: 100 continue\r\n")),
        .refused(417, "expect: one letter more", post("Expect: 100-continued\r\n")),
        .refused(417, "expect: with value", post("Expect: 100-continue=x\r\n")),
        .refused(417, "expect: list with unknown last", post("Expect: 100-continue, tea\r\n")),
        .refused(417, "expect: list with unknown first", post("Expect: tea, 100-continue\r\n")),
        .refused(
            417,
            "expect: lines, unknown last",
            post("Expect: 100-continue\r\nExpect: tea\r\n")
        ),
        .refused(
            417,
            "expect: lines, unknown first",
            post("Expect: tea\r\nExpect: 100-continue\r\n")
        ),
        .refused(400, "expect: NUL behind", post("Expect: 100-continue\0\r\n")),
        .refused(400, "expect: space before colon", post("Expect : 100-continue\r\n")),
        .refused(
            417,
            "expect: unknown behind a request",
            get("", post("Expect: tea\r\n")),
            after: .get()
        ),
    ]
}
