/// Request lines and what may stand before them (RFC 9112 §2.2, §2.3, §3).
extension RawRequestCase {
    static let requestLine: [RawRequestCase] = [
        knownMethods, unknownMethods, malformedMethods, spacing, versions, malformedVersions,
        lineEnds, emptyLines, unfinished,
    ].flatMap { $0 }

    // RFC 9110 §9.1, §16.1.1: every registered method that an origin server can implement.
    private static let knownMethods: [RawRequestCase] = [
        .accepted("line: GET", request("GET / HTTP/1.1"), .get()),
        .accepted("line: HEAD", request("HEAD / HTTP/1.1"), .init("HEAD")),
        .accepted("line: POST without a body", request("POST / HTTP/1.1"), .post()),
        .accepted("line: PUT", request("PUT / HTTP/1.1"), .init("PUT")),
        .accepted("line: DELETE", request("DELETE / HTTP/1.1"), .init("DELETE")),
        .accepted("line: OPTIONS", request("OPTIONS / HTTP/1.1"), .init("OPTIONS")),
        .accepted("line: PATCH", request("PATCH / HTTP/1.1"), .init("PATCH")),
        .accepted("line: PROPFIND", request("PROPFIND / HTTP/1.1"), .init("PROPFIND")),
        .accepted(
            "line: hyphen in method",
            request("VERSION-CONTROL / HTTP/1.1"),
            .init("VERSION-CONTROL")
        ),
        .accepted(
            "line: longest method",
            request("UPDATEREDIRECTREF / HTTP/1.1"),
            .init("UPDATEREDIRECTREF")
        ),
    ]

    // RFC 9110 §9.1: methods are case-sensitive; one that is not recognized or not implemented
    // gets 501. RFC 9112 §3: so does one longer than any that is.
    private static let unknownMethods: [RawRequestCase] = [
        .refused(501, "line: method in lower case", request("get / HTTP/1.1")),
        .refused(501, "line: method in mixed case", request("Get / HTTP/1.1")),
        .refused(501, "line: unknown method", request("BREW / HTTP/1.1")),
        .refused(501, "line: method with one letter more", request("GETS / HTTP/1.1")),
        .refused(501, "line: method with one letter less", request("GE / HTTP/1.1")),
        .refused(501, "line: method longer than any", request("UPDATEREDIRECTREFS / HTTP/1.1")),
        .refused(501, "line: method of punctuation", request("!#$%&'*+-.^_`|~ / HTTP/1.1")),
        .refused(501, "line: method of digits", request("200 / HTTP/1.1")),
        .refused(501, "line: CONNECT", request("CONNECT a:443 HTTP/1.1", "Host: a:443\r\n")),
        .refused(501, "line: CONNECT in origin form", request("CONNECT / HTTP/1.1")),
        .refused(501, "line: TRACE", request("TRACE / HTTP/1.1")),
    ]

    // RFC 9110 §9.1, §5.6.2: a method is a token.
    private static let malformedMethods: [RawRequestCase] = [
        .refused(400, "line: no method", request("/ HTTP/1.1")),
        .refused(400, "line: empty method", request(" / HTTP/1.1")),
        .refused(400, "line: parenthesis in method", request("G(T / HTTP/1.1")),
        .refused(400, "line: colon behind method", request("GET: / HTTP/1.1")),
        .refused(400, "line: quoted method", request("\"GET\" / HTTP/1.1")),
        .refused(400, "line: obs-text in method", request("G\u{c9}T / HTTP/1.1")),
        .refused(400, "line: NUL in method", request("GET\0 / HTTP/1.1")),
        .refused(400, "line: DEL in method", request("GET\u{7f} / HTTP/1.1")),
        .refused(400, "line: byte order mark", request("\u{ef}\u{bb}\u{bf}GET / HTTP/1.1")),
        .refused(400, "line: method alone", "GET\r\nHost: a\r\n\r\n"),
    ]

    // RFC 9112 §3: single spaces; the lenient reading of other white space is refused (§3, §11.2).
    private static let spacing: [RawRequestCase] = [
        .refused(400, "line: no space behind method", request("GET/ HTTP/1.1")),
        .refused(400, "line: two spaces behind method", request("GET  / HTTP/1.1")),
        .refused(400, "line: two spaces behind target", request("GET /  HTTP/1.1")),
        .refused(400, "line: tab behind method", request("GET\t/ HTTP/1.1")),
        .refused(400, "line: tab behind target", request("GET /\tHTTP/1.1")),
        .refused(400, "line: vertical tab for space", request("GET\u{b}/\u{b}HTTP/1.1")),
        .refused(400, "line: form feed for space", request("GET /\u{c}HTTP/1.1")),
        .refused(400, "line: no-break space behind target", request("GET /\u{a0}HTTP/1.1")),
        .refused(400, "line: CR for space", request("GET\r/ HTTP/1.1")),
        .refused(400, "line: tab before method", request("\tGET / HTTP/1.1")),
        .refused(400, "line: space behind version", request("GET / HTTP/1.1 ")),
        .refused(400, "line: word behind version", request("GET / HTTP/1.1 x")),
        .refused(400, "line: no target", request("GET HTTP/1.1")),
        .refused(400, "line: empty target", request("GET  HTTP/1.1")),
        .refused(400, "line: space in target", request("GET /a b HTTP/1.1")),
        .refused(400, "line: version in target", request("GET / HTTP/1.1 HTTP/1.1")),
    ]

    // RFC 9110 §2.5: a higher minor version is served as 1.1; §15.6.6: another major one gets 505.
    private static let versions: [RawRequestCase] = [
        .accepted("line: version 1.0", request("GET / HTTP/1.0"), .get(keepsAlive: false)),
        .accepted("line: version 1.2", request("GET / HTTP/1.2"), .get()),
        .accepted("line: version 1.9", request("GET / HTTP/1.9"), .get()),
        .refused(505, "line: version 0.9", request("GET / HTTP/0.9")),
        .refused(505, "line: version 2.0", request("GET / HTTP/2.0")),
        .refused(505, "line: version 3.0", request("GET / HTTP/3.0")),
        .refused(505, "line: version 9.9", request("GET / HTTP/9.9")),
    ]

    // RFC 9112 §2.3: "HTTP" in upper case, a slash, a digit, a dot, a digit.
    private static let malformedVersions: [RawRequestCase] = [
        .refused(400, "line: empty version", request("GET / ")),
        .refused(400, "line: version without minor digit", request("GET / HTTP/1.")),
        .refused(400, "line: version without dot", request("GET / HTTP/1")),
        .refused(400, "line: version without major digit", request("GET / HTTP/.1")),
        .refused(400, "line: version with two minor digits", request("GET / HTTP/1.10")),
        .refused(505, "line: version with zero before major digit", request("GET / HTTP/01.1")),
        .refused(400, "line: version with two major digits", request("GET / HTTP/11.1")),
        .refused(400, "line: version of three parts", request("GET / HTTP/1.1.1")),
        .refused(400, "line: version in lower case", request("GET / http/1.1")),
        .refused(400, "line: version in mixed case", request("GET / Http/1.1")),
        .refused(400, "line: version without slash", request("GET / HTTP1.1")),
        .refused(400, "line: version with comma", request("GET / HTTP/1,1")),
        .refused(400, "line: version with sign", request("GET / HTTP/+1.1")),
        .refused(400, "line: version with letter", request("GET / HTTP/1.a")),
        .refused(400, "line: version with space", request("GET / HTTP/ 1.1")),
        .refused(400, "line: other protocol", request("GET / HTTPS/1.1")),
        .refused(400, "line: NUL in version", request("GET / HTTP/1.1\0")),
    ]

    // RFC 9112 §2.2: a line ends with CR LF; a bare CR is invalid, and a bare LF need not be taken.
    private static let lineEnds: [RawRequestCase] = [
        .refused(400, "line: LF ends line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        .refused(400, "line: LF ends every line", "GET / HTTP/1.1\nHost: a\n\n"),
        .refused(400, "line: CR ends line", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        .refused(400, "line: CR CR LF ends line", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
        .refused(400, "line: LF CR ends line", "GET / HTTP/1.1\n\rHost: a\r\n\r\n"),
        .refused(400, "line: CR in target", "GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n"),
        .refused(400, "line: LF in target", "GET /\na HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    // RFC 9112 §2.2: at least one empty line before a request line is ignored, here up to four.
    private static let emptyLines: [RawRequestCase] = [
        .accepted("line: empty line first", "\r\n" + get(""), .get()),
        .accepted("line: four empty lines first", "\r\n\r\n\r\n\r\n" + get(""), .get()),
        .refused(400, "line: five empty lines first", "\r\n\r\n\r\n\r\n\r\n" + get("")),
        .refused(400, "line: LF first", "\n" + get("")),
        .refused(400, "line: CR first", "\r" + get("")),
        .refused(400, "line: CR CR LF first", "\r\r\n" + get("")),
        .refused(400, "line: blank line first", " \r\n" + get("")),
        .accepted(
            "line: empty lines between requests",
            get("", "\r\n\r\n") + get(""),
            .get(),
            .get()
        ),
        .accepted(
            "line: empty line behind the body and before a request",
            post("Content-Length: 5\r\n", "hello\r\n") + get(""),
            .post("hello"),
            .get()
        ),
    ]

    // RFC 9112 §2.2: old clients send an empty line behind a body; no request begins with it, so
    // that nothing is unfinished when the connection ends there.
    static let emptyLinesAtEnd: [RawRequestCase] = [
        .accepted(
            "line: empty line behind a body and nothing more",
            post("Content-Length: 5\r\n", "hello\r\n"),
            .post("hello")
        ),
        .accepted("line: empty line behind a head and nothing more", get("", "\r\n"), .get()),
        .accepted("line: empty line and nothing more", "\r\n"),
    ]

    // RFC 9112 §8: a request that the connection's end cuts short is not complete.
    private static let unfinished: [RawRequestCase] = [
        .accepted("line: nothing", ""),
        .refused(400, "line: unfinished method", "GE"),
        .refused(400, "line: unfinished target", "GET /a"),
        .refused(400, "line: unfinished version", "GET / HTTP/1."),
        .refused(400, "line: unfinished line end", "GET / HTTP/1.1\r"),
        .refused(400, "line: unfinished field name", "GET / HTTP/1.1\r\nHo"),
        .refused(400, "line: unfinished field value", "GET / HTTP/1.1\r\nHost: a"),
        .refused(400, "line: no empty line", "GET / HTTP/1.1\r\nHost: a\r\n"),
        .refused(400, "line: unfinished empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r"),
        .refused(
            400,
            "line: unfinished second request",
            get("", "GET /b HTTP/1.1\r\n"),
            after: .get()
        ),
    ]
}
