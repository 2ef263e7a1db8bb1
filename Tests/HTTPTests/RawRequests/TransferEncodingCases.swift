/// `Transfer-Encoding` (RFC 9112 §6.1, §6.3 and §7).
extension RawRequestCase {
    static let transferEncoding: [RawRequestCase] = [
        codings, unknownCodings, malformedCodings, codingAndLength, codingVersions, codingNames,
        hiddenRequests,
    ].flatMap { $0 }

    /// A chunked body of five octets.
    private static let hello = "5\r\nhello\r\n0\r\n\r\n"

    /// A request with these codings and a chunked body that is refused with 400.
    private static func bad(_ name: String, _ codings: String) -> RawRequestCase {
        .refused(400, "coding: \(name)", post("Transfer-Encoding: \(codings)\r\n", hello))
    }

    // RFC 9112 §7: coding names are case-insensitive; §6.1: every 1.1 server takes chunked.
    private static let codings: [RawRequestCase] = [
        .accepted("coding: chunked", post("Transfer-Encoding: chunked\r\n", hello), .post("hello")),
        .accepted(
            "coding: value in upper case",
            post("Transfer-Encoding: CHUNKED\r\n", hello),
            .post("hello")
        ),
        .accepted(
            "coding: value in mixed case",
            post("Transfer-Encoding: cHuNkEd\r\n", hello),
            .post("hello")
        ),
        .accepted(
            "coding: name in upper case",
            post("TRANSFER-ENCODING: chunked\r\n", hello),
            .post("hello")
        ),
        .accepted(
            "coding: blanks around",
            post("Transfer-Encoding:\t chunked \t\r\n", hello),
            .post("hello")
        ),
        .accepted("coding: no blank", post("Transfer-Encoding:chunked\r\n", hello), .post("hello")),
        .accepted(
            "coding: with GET",
            get("Transfer-Encoding: chunked\r\n", hello),
            .init("GET", "/", "hello")
        ),
        .accepted(
            "coding: TE beside it",
            post("TE: trailers, gzip\r\nTransfer-Encoding: chunked\r\n", hello),
            .post("hello")
        ),
        .accepted("coding: TE alone frames nothing", post("TE: chunked\r\n"), .post()),
        .accepted(
            "coding: Content-Encoding frames nothing",
            post("Content-Encoding: chunked\r\n"),
            .post()
        ),
        .accepted(
            "coding: other field with its value",
            post("X: Transfer-Encoding: chunked\r\n"),
            .post()
        ),
    ]

    // RFC 9112 §6.3: 400 when chunked is not the last one, as the length is then unknown; §6.1:
    // 501 when it is, but one before it is not understood.
    private static let unknownCodings: [RawRequestCase] = [
        bad("gzip", "gzip"),
        bad("identity", "identity"),
        bad("unknown", "xchunked"),
        bad("chunked with one letter more", "chunkedd"),
        bad("chunked with one letter less", "chunke"),
        bad("gzip last", "chunked, gzip"),
        bad("identity last", "chunked, identity"),
        bad("unknown last", "chunked, x"),
        bad("gzip last in two lines", "chunked\r\nTransfer-Encoding: gzip"),
        bad("identity last in two lines", "chunked\r\nTransfer-Encoding: identity"),
        .refused(
            501,
            "coding: gzip, then chunked",
            post("Transfer-Encoding: gzip, chunked\r\n", hello)
        ),
        .refused(
            501,
            "coding: identity, then chunked",
            post("Transfer-Encoding: identity, chunked\r\n", hello)
        ),
        .refused(
            501,
            "coding: unknown, then chunked",
            post("Transfer-Encoding: x,chunked\r\n", hello)
        ),
        .refused(
            501,
            "coding: three, chunked last",
            post("Transfer-Encoding: deflate, gzip, chunked\r\n", hello)
        ),
        // Policy: the field stands once.
        .refused(
            400,
            "coding: gzip, then chunked in two lines",
            post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", hello)
        ),
    ]

    // RFC 9112 §6.1: chunked not more than once; §7: without parameters; RFC 9110 §5.6.1: a list
    // of tokens. Policy: empty elements are refused, as servers disagree about them.
    private static let malformedCodings: [RawRequestCase] = [
        bad("empty", ""),
        bad("blanks only", " \t"),
        bad("chunked twice", "chunked, chunked"),
        bad("chunked twice in two lines", "chunked\r\nTransfer-Encoding: chunked"),
        bad("chunked twice apart", "chunked\r\nX: y\r\ntransfer-encoding: chunked"),
        bad("an empty line of it behind", "chunked\r\nTransfer-Encoding:"),
        bad("an empty line of it before", "\r\nTransfer-Encoding: chunked"),
        bad("empty element before", ", chunked"),
        bad("empty element behind", "chunked,"),
        bad("comma alone", ","),
        bad("parameter", "chunked;a=b"),
        bad("empty parameter", "chunked;"),
        bad("quality", "chunked;q=0.5"),
        bad("quoted", "\"chunked\""),
        bad("single quotes", "'chunked'"),
        bad("space inside", "chun ked"),
        bad("two words", "chunked chunked"),
        bad("word behind", "chunked x"),
        bad("word before", "x chunked"),
        bad("NUL behind", "chunked\0"),
        bad("NUL before", "\0chunked"),
        bad("vertical tab before", "\u{b}chunked"),
        bad("vertical tab behind", "chunked\u{b}"),
        bad("form feed before", "\u{c}chunked"),
        bad("CR behind", "chunked\r"),
        bad("CR before", "\rchunked"),
        bad("LF before", "\nchunked"),
        bad("folded", "\r\n chunked"),
        bad("obs-text behind", "chunked\u{ff}"),
        bad("no-break space before", "\u{a0}chunked"),
        bad("letter that folds to k", "chun\u{e2}\u{84}\u{aa}ed"),
        bad("colon before", ": chunked"),
        bad("name twice", "Transfer-Encoding: chunked"),
        bad("slash behind", "chunked/1.0"),
    ]

    // RFC 9112 §6.1: both may be refused, which is what a server does that trusts neither.
    private static let codingAndLength: [RawRequestCase] = [
        bad("length behind that is right", "chunked\r\nContent-Length: 15"),
        bad("length of zero behind", "chunked\r\nContent-Length: 0"),
        bad("length behind that is malformed", "chunked\r\nContent-Length: x"),
        bad("empty length behind", "chunked\r\nContent-Length:"),
        bad("identity and a length", "identity\r\nContent-Length: 5"),
        bad("nothing and a length", "\r\nContent-Length: 15"),
        bad("gzip, then chunked and a length", "gzip, chunked\r\nContent-Length: 15"),
        .refused(
            400,
            "coding: length before",
            post("Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: length before, apart and in lower case",
            post("content-length: 15\r\nX: y\r\ntransfer-encoding: chunked\r\n", hello)
        ),
    ]

    // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty; RFC 9110 §2.5: 1.2 is like 1.1.
    private static let codingVersions: [RawRequestCase] = [
        .refused(
            400,
            "coding: in 1.0",
            request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: in 1.0 with keep-alive",
            request(
                "POST / HTTP/1.0",
                "Host: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
                hello
            )
        ),
        .refused(
            400,
            "coding: identity in 1.0",
            request("POST / HTTP/1.0", "Transfer-Encoding: identity\r\n")
        ),
        .refused(
            400,
            "coding: in 1.0 with a length",
            request("POST / HTTP/1.0", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", hello)
        ),
        .accepted(
            "coding: in 1.2",
            request("POST / HTTP/1.2", "Host: a\r\nTransfer-Encoding: chunked\r\n", hello),
            .post("hello")
        ),
    ]

    // RFC 9112 §5.1, RFC 9110 §5.1: a name that only looks like it is another field, or none.
    private static let codingNames: [RawRequestCase] = [
        .refused(400, "coding: space before colon", post("Transfer-Encoding : chunked\r\n", hello)),
        .refused(
            400,
            "coding: vertical tab before colon",
            post("Transfer-Encoding\u{b}: chunked\r\n", hello)
        ),
        .refused(400, "coding: NUL before colon", post("Transfer-Encoding\0: chunked\r\n", hello)),
        .refused(
            400,
            "coding: space before name",
            post("X: y\r\n Transfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: LF before name",
            post("X: y\nTransfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: CR before name",
            post("X: y\rTransfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: no-break space before name",
            post("\u{a0}Transfer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: name with underscore",
            post("Transfer_Encoding: chunked\r\n", hello)
        ),
        .refused(400, "coding: name with space", post("Transfer Encoding: chunked\r\n", hello)),
        .refused(
            400,
            "coding: name with long s",
            post("Tran\u{c5}\u{bf}fer-Encoding: chunked\r\n", hello)
        ),
        .refused(
            400,
            "coding: name without hyphen",
            post("TransferEncoding: chunked\r\n", hello),
            after: .post()
        ),
        .refused(
            400,
            "coding: name with prefix",
            post("X-Transfer-Encoding: chunked\r\n", hello),
            after: .post()
        ),
    ]

    // RFC 9112 §11.2: requests that are one to one reader and two to another.
    private static let hiddenRequests: [RawRequestCase] = [
        .refused(
            400,
            "coding: hidden request behind the shorter length",
            post(
                "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
            )
        ),
        .refused(
            400,
            "coding: hidden request in a chunk",
            post(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                "27\r\nGET /hidden HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n\r\n0\r\n\r\n"
            )
        ),
        .refused(
            400,
            "coding: hidden request behind two codings",
            post(
                "Transfer-Encoding: chunked\r\nTransfer-encoding: identity\r\n",
                "27\r\nGET /hidden HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n\r\n0\r\n\r\n"
            )
        ),
        .accepted(
            "coding: a request in a chunk is data",
            chunked("1f\r\nGET /b HTTP/1.1\r\nHost: b:80\r\n\r\n\r\n0\r\n\r\n") + get(""),
            .post("GET /b HTTP/1.1\r\nHost: b:80\r\n\r\n"),
            .get()
        ),
        .accepted(
            "coding: a request behind the last chunk is the next one",
            chunked("0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"),
            .post(),
            .get("/b")
        ),
    ]
}
