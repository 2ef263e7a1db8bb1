/// Request targets in their four forms (RFC 9112 §3.2, RFC 3986).
extension RawRequestCase {
    static let target: [RawRequestCase] = [
        originForm, escapes, forbiddenInTarget, absoluteForm, otherForms,
    ].flatMap { $0 }

    /// A request for a target that comes back as it was sent.
    private static func kept(_ name: String, _ target: String) -> RawRequestCase {
        .accepted("target: \(name)", request("GET \(target) HTTP/1.1"), .get(target))
    }

    /// A request for a target that is refused.
    private static func bad(_ name: String, _ target: String) -> RawRequestCase {
        .refused(400, "target: \(name)", request("GET \(target) HTTP/1.1"))
    }

    // RFC 9112 §3.2.1: absolute-path [ "?" query ], RFC 3986 §3.3 and §3.4.
    private static let originForm: [RawRequestCase] = [
        kept("path of segments", "/a/b/c"),
        kept("empty segments", "//a///b/"),
        kept("dot segments", "/a/../../b/./"),
        kept("sub-delims in path", "/!$&'()*+,;=:@-._~"),
        kept("query", "/a?b=c&d=e"),
        kept("empty query", "/?"),
        kept("slashes and question marks in query", "/?a/b?c//d"),
        kept("URI in query", "/?u=http://b/c:d@e"),
        kept("URI in path", "/http://b/"),
        // Policy: what browsers send unescaped is taken.
        kept("bar in path", "/a|b"),
        kept("braces in query", "/?{a}"),
        bad("query without path", "?a"),
        bad("no slash", "a"),
        bad("no slash before file", "index.html"),
        bad("dots without slash", "../a"),
        // No browser sends it, and some servers take it for a slash.
        bad("backslash in path", "/..\\..\\a"),
        bad("backslash first", "\\a"),
    ]

    // RFC 3986 §2.1: "%" and two hexadecimal digits.
    private static let escapes: [RawRequestCase] = [
        kept("escapes in path", "/%20%7E%c3%A9"),
        kept("escaped slash and dots", "/%2e%2E%2f"),
        kept("escaped percent", "/%2500"),
        kept("escaped CR LF", "/%0d%0a"),
        kept("escapes in query", "/?%20=%00"),
        bad("lone percent", "/%"),
        bad("escape of one digit", "/%2"),
        bad("escape of one digit before slash", "/%2/a"),
        bad("escape of letters", "/%zz"),
        bad("escape with sign", "/%+2"),
        bad("escape of an escape", "/%%32"),
        bad("unfinished escape before query", "/%2?a"),
        // Policy: some languages end a string there.
        bad("escaped NUL in path", "/a%00b"),
        // Policy: the query is handed on as it is, and browsers send this.
        kept("lone percent in query", "/?100%"),
    ]

    // RFC 9112 §3.2, RFC 3986 §2: no white space, controls, non-ASCII, fragment, or any of "<>.
    private static let forbiddenInTarget: [RawRequestCase] = [
        bad("fragment", "/a#b"),
        bad("fragment in query", "/?a#b"),
        bad("empty fragment", "/#"),
        bad("quote", "/\"a\""),
        bad("angle brackets", "/<a>"),
        bad("angle bracket in query", "/?<script>"),
        bad("NUL", "/\0"),
        bad("NUL in query", "/?\0"),
        bad("control", "/\u{1b}[0m"),
        bad("DEL", "/\u{7f}"),
        bad("tab in path", "/a\tb"),
        bad("tab in query", "/?a\tb"),
        bad("UTF-8", "/\u{c3}\u{a9}"),
        bad("UTF-8 in query", "/?\u{c3}\u{a9}"),
        bad("overlong UTF-8 for a dot", "/\u{c0}\u{ae}"),
        bad("Latin-1 slash", "/a\u{af}b"),
    ]

    // RFC 9112 §3.2.2: a server accepts it, whatever Host says. RFC 9110 §4.2.1: an empty host is
    // rejected as invalid; §4.2.4: so is userinfo.
    private static let absoluteForm: [RawRequestCase] = [
        kept("absolute", "http://a/b?c"),
        kept("absolute for another host than Host", "http://b.example/"),
        kept("absolute with port", "http://a:8080/"),
        kept("absolute with empty port", "http://a:/"),
        kept("absolute without path", "http://a"),
        kept("absolute without path but query", "http://a?b"),
        kept("absolute with scheme in upper case", "HTTP://A/"),
        kept("absolute with https", "https://a/"),
        kept("absolute with IPv6 address", "http://[2001:db8::1]:80/"),
        .accepted(
            "target: absolute in 1.0 without Host",
            request("GET http://a/ HTTP/1.0", ""),
            .get("http://a/", keepsAlive: false)
        ),
        .accepted(
            "target: absolute with OPTIONS",
            request("OPTIONS http://a HTTP/1.1"),
            .init("OPTIONS", "http://a")
        ),
        .refused(400, "target: absolute without Host", request("GET http://a/ HTTP/1.1", "")),
        .refused(
            400,
            "target: absolute with malformed Host",
            request("GET http://a/ HTTP/1.1", "Host: a b\r\n")
        ),
        bad("absolute with empty host", "http:///a"),
        bad("absolute with nothing more", "http://"),
        bad("absolute with empty host and query", "http://?a"),
        bad("absolute with empty host and port", "http://:80/"),
        bad("absolute with user", "http://u@a/"),
        bad("absolute with user and password", "http://u:p@a/"),
        bad("absolute with letters for port", "http://a:b/"),
        bad("absolute with negative port", "http://a:-1/"),
        bad("absolute with open bracket", "http://[::1/"),
        bad("absolute with three colons in address", "http://[:::1]/"),
        bad("absolute with host in backslashes", "http:\\\\a\\b"),
        bad("absolute with one slash", "http:/a"),
        bad("absolute without slashes", "http:a"),
        bad("absolute with fragment", "http://a/#b"),
        bad("absolute with other scheme", "ftp://a/"),
        bad("absolute with file", "file:///etc/passwd"),
        bad("absolute without scheme", "://a/"),
    ]

    // RFC 9112 §3.2.3: authority-form is for CONNECT only; §3.2.4: asterisk-form for OPTIONS only.
    private static let otherForms: [RawRequestCase] = [
        .accepted("target: asterisk", request("OPTIONS * HTTP/1.1"), .init("OPTIONS", "*")),
        .accepted(
            "target: asterisk in 1.0",
            request("OPTIONS * HTTP/1.0", ""),
            .init("OPTIONS", "*", keepsAlive: false)
        ),
        bad("asterisk with GET", "*"),
        .refused(400, "target: asterisk with POST", request("POST * HTTP/1.1")),
        .refused(400, "target: two asterisks", request("OPTIONS ** HTTP/1.1")),
        .refused(400, "target: asterisk with path", request("OPTIONS */a HTTP/1.1")),
        .refused(400, "target: asterisk with query", request("OPTIONS *?a HTTP/1.1")),
        bad("authority with GET", "a:443"),
        bad("address with GET", "127.0.0.1:80"),
        .refused(400, "target: authority with OPTIONS", request("OPTIONS a:443 HTTP/1.1")),
    ]
}
