/// Field lines (RFC 9112 §2.2 and §5, RFC 9110 §5).
extension RawRequestCase {
    static let field: [RawRequestCase] = [
        fieldValues, forbiddenInValue, fieldNames, forbiddenInName, colons, folding, fieldLineEnds,
        fieldOrder,
    ].flatMap { $0 }

    /// A request with a field line that is valid.
    private static func good(_ name: String, _ line: String) -> RawRequestCase {
        .accepted("field: \(name)", get("\(line)\r\n"), .get())
    }

    /// A request with a field line that is not.
    private static func bad(_ name: String, _ line: String) -> RawRequestCase {
        .refused(400, "field: \(name)", get("\(line)\r\n"))
    }

    // RFC 9110 §5.5: visible characters and obs-text, blanks between; RFC 9112 §5: blanks around.
    private static let fieldValues: [RawRequestCase] = [
        good("value", "X: y"),
        good("value without space", "X:y"),
        good("blanks around value", "X: \t y \t "),
        good("blanks in value", "X: a \t b"),
        good("empty value", "X:"),
        good("value of blanks", "X: \t "),
        good("value of colons", "X: :::"),
        good("value of delimiters", "X: \"(),/:;<=>?@[\\]{}"),
        good("open quote and comment in value", "X: \"a (b"),
        good("value of separators only", "X: , ,, ;"),
        good("value that looks like a field", "X: Content-Length: 5"),
        good("UTF-8 in value", "X: caf\u{c3}\u{a9}"),
        good("Latin-1 in value", "X: caf\u{e9}"),
        good("obs-text only", "X: \u{80}\u{a0}\u{ff}"),
        good("C1 control as obs-text", "X: a\u{85}b"),
        good("value of 500 octets", "X: \(String(repeating: "y", count: 500))"),
    ]

    // RFC 9110 §5.5: CR, LF and NUL are rejected or replaced, other controls are invalid.
    private static let forbiddenInValue: [RawRequestCase] = [
        bad("NUL in value", "X: a\0b"),
        bad("NUL first in value", "X: \0a"),
        bad("NUL behind value", "X: a\0"),
        bad("NUL only", "X:\0"),
        bad("NUL before a comma in value", "X: a\0, b"),
        bad("bell in value", "X: a\u{7}b"),
        bad("backspace in value", "X: a\u{8}b"),
        bad("vertical tab in value", "X: a\u{b}b"),
        bad("vertical tab around value", "X:\u{b}a"),
        bad("form feed in value", "X: a\u{c}b"),
        bad("escape in value", "X: \u{1b}[31m"),
        bad("unit separator in value", "X: a\u{1f}b"),
        bad("DEL in value", "X: a\u{7f}b"),
    ]

    // RFC 9110 §5.1, §5.6.2: a name is a token.
    private static let fieldNames: [RawRequestCase] = [
        good("name of one digit", "1: x"),
        good("name of punctuation", "!#$%&'*+-.^`|~: x"),
        good("name of letters and digits", "aZ09-bY18: x"),
        good("name beginning with a hyphen", "-a: x"),
        good("same name twice", "X: a\r\nX: b"),
        good("name of 200 octets", "\(String(repeating: "n", count: 200)): x"),
        // Policy: gateways fold the underscore into the hyphen.
        bad("underscore in name", "X_Y: z"),
    ]

    private static let forbiddenInName: [RawRequestCase] = [
        bad("empty name", ": x"),
        bad("nothing but a colon", ":"),
        bad("space in name", "X Y: z"),
        bad("NUL in name", "X\0: y"),
        bad("control in name", "X\u{1}: y"),
        bad("vertical tab before name", "\u{b}X: y"),
        bad("DEL in name", "X\u{7f}: y"),
        bad("UTF-8 in name", "caf\u{c3}\u{a9}: y"),
        bad("Latin-1 in name", "caf\u{e9}: y"),
        bad("no-break space before name", "\u{a0}X: y"),
        bad("parenthesis in name", "X(1): y"),
        bad("comma in name", "X,Y: z"),
        bad("slash in name", "X/Y: z"),
        bad("semicolon in name", "X;Y: z"),
        bad("equals sign in name", "X=Y: z"),
        bad("at sign in name", "X@Y: z"),
        bad("brackets in name", "X[0]: z"),
        bad("braces in name", "{X}: z"),
        bad("backslash in name", "X\\Y: z"),
        bad("quoted name", "\"X\": y"),
        bad("bracketed name", "<X>: y"),
        bad("question mark in name", "X?: y"),
    ]

    // RFC 9112 §5.1: no white space between a name and its colon; a server must refuse it.
    private static let colons: [RawRequestCase] = [
        bad("space before colon", "X : y"),
        bad("tab before colon", "X\t: y"),
        bad("vertical tab before colon", "X\u{b}: y"),
        bad("CR before colon", "X\r: y"),
        .refused(
            400,
            "field: space before colon of Host",
            request("GET / HTTP/1.1", "Host : a\r\n")
        ),
        bad("space before colon of Content-Length", "Content-Length : 5"),
        bad("tab before colon of Transfer-Encoding", "Transfer-Encoding\t: chunked"),
        bad("no colon", "X"),
        bad("no colon but a value", "X y"),
        bad("equals sign for colon", "X=y"),
        bad("semicolon for colon", "X; y"),
        bad("request line as field", "GET / HTTP/1.1"),
    ]

    // RFC 9112 §5.2: a folded line is refused; §2.2: so is white space before the first field.
    private static let folding: [RawRequestCase] = [
        bad("folded by space", "X: a\r\n b"),
        bad("folded by tab", "X: a\r\n\tb"),
        bad("folded by blanks only", "X: a\r\n \t "),
        bad("folded empty value", "X:\r\n a"),
        bad("folded field that looks like another", "X: a\r\n Content-Length: 5"),
        bad("folded before the colon", "X\r\n : a"),
        bad("folded Content-Length", "Content-Length:\r\n 5"),
        bad("folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked"),
        .refused(400, "field: folded Host", request("GET / HTTP/1.1", "Host: a\r\n b\r\n")),
        .refused(
            400,
            "field: space before first field",
            request("GET / HTTP/1.1", " Host: a\r\n")
        ),
        .refused(
            400,
            "field: tab before first field",
            request("GET / HTTP/1.1", "\tX: y\r\nHost: a\r\n")
        ),
        .refused(
            400,
            "field: line of a space first",
            request("GET / HTTP/1.1", " \r\nHost: a\r\n")
        ),
        .refused(400, "field: line of a space at the end", get(" \r\n")),
    ]

    // RFC 9112 §2.2: lines end with CR LF; a bare CR is invalid; a bare LF need not be taken.
    private static let fieldLineEnds: [RawRequestCase] = [
        bad("LF ends line", "X: y\nZ: a"),
        bad("LF ends name", "X\n: y"),
        bad("LF between lines", "X: y\r\n\nZ: a"),
        bad("LF LF ends head", "X: y\n\nGET /b HTTP/1.1"),
        bad("CR in value", "X: a\rb"),
        bad("CR in value hides a field", "X: a\rContent-Length: 5"),
        bad("CR CR LF ends line", "X: y\r"),
        bad("LF CR ends line", "X: y\n\rZ: a"),
        bad("CR CR ends head", "X: y\r\rGET /b HTTP/1.1"),
        bad("CR in name", "X\rY: z"),
        bad("CR first in line", "\rX: y"),
        bad("CR behind the colon", "X:\ry"),
        .refused(400, "field: LF for empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        .refused(400, "field: CR for empty line", "GET / HTTP/1.1\r\nHost: a\r\n\rGET"),
        .refused(400, "field: CR CR LF for empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
    ]

    // RFC 9112 §2.1: the first empty line ends the head.
    private static let fieldOrder: [RawRequestCase] = [
        .refused(400, "field: behind the empty line", get("", "X: y\r\n\r\n"), after: .get()),
        .refused(
            400,
            "field: Host behind the empty line",
            request("GET / HTTP/1.0", "Connection: keep-alive\r\n", "Host: a\r\n\r\n"),
            after: .get()
        ),
        .accepted(
            "field: many of every kind",
            get("Accept: */*\r\nAccept-Encoding: gzip, br;q=0.5\r\nCookie: a=b; c=\"d\"\r\nX:\r\n"),
            .get()
        ),
    ]
}
