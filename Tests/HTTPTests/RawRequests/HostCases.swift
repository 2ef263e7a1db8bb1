/// The `Host` field (RFC 9112 §3.2, RFC 9110 §7.2, RFC 3986 §3.2.2 and §3.2.3).
extension RawRequestCase {
    static let host: [RawRequestCase] = [
        hostCount, names, addresses, ports,
    ].flatMap { $0 }

    /// A request with a `Host` field that is valid.
    private static func good(_ name: String, _ value: String) -> RawRequestCase {
        .accepted("host: \(name)", request("GET / HTTP/1.1", "Host: \(value)\r\n"), .get())
    }

    /// A request with a `Host` field that is not.
    private static func bad(_ name: String, _ value: String) -> RawRequestCase {
        .refused(400, "host: \(name)", request("GET / HTTP/1.1", "Host: \(value)\r\n"))
    }

    // RFC 9112 §3.2: none in HTTP/1.1, or more than one in any version, gets 400.
    private static let hostCount: [RawRequestCase] = [
        .refused(400, "host: none", request("GET / HTTP/1.1", "")),
        .refused(400, "host: none in 1.2", request("GET / HTTP/1.2", "")),
        .refused(400, "host: none but other fields", request("GET / HTTP/1.1", "X-Host: a\r\n")),
        .refused(400, "host: none with asterisk", request("OPTIONS * HTTP/1.1", "")),
        .refused(400, "host: two alike", get("Host: a\r\n")),
        .refused(400, "host: two that differ", get("Host: b\r\n")),
        .refused(400, "host: two, one in lower case", get("host: a\r\n")),
        .refused(400, "host: two, one empty", get("Host:\r\n")),
        .refused(400, "host: two apart", get("X: y\r\nHOST: a\r\n")),
        .refused(400, "host: two in 1.0", request("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n")),
        .accepted("host: none in 1.0", request("GET / HTTP/1.0", ""), .get(keepsAlive: false)),
        .refused(400, "host: malformed in 1.0", request("GET / HTTP/1.0", "Host: a/b\r\n")),
        .accepted("host: name in mixed case", request("GET / HTTP/1.1", "hOsT: a\r\n"), .get()),
        .accepted("host: last field", request("GET / HTTP/1.1", "X: y\r\nHost: a\r\n"), .get()),
    ]

    // RFC 3986 §3.2.2: reg-name. RFC 9112 §3.2: the value may be empty.
    private static let names: [RawRequestCase] = [
        good("domain", "www.example.com"),
        good("upper case", "WWW.EXAMPLE.COM"),
        good("final dot", "example.com."),
        good("underscore and hyphens", "a_b.-c-"),
        good("sub-delims", "!$&'()*+;=~"),
        good("blanks around", "\t a \t"),
        good("empty", ""),
        good("blanks only", "  "),
        bad("space inside", "a b"),
        bad("tab inside", "a\tb"),
        bad("path", "a/"),
        bad("query", "a?b"),
        bad("fragment", "a#b"),
        bad("user", "u@a"),
        bad("scheme", "http://a"),
        bad("backslash", "a\\b"),
        bad("quote", "\"a\""),
        bad("angle brackets", "<a>"),
        bad("braces", "{a}"),
        bad("UTF-8", "\u{c3}\u{a9}"),
        bad("NUL", "a\0"),
        bad("CR", "a\rb"),
        // Policy: intermediaries disagree about these two.
        bad("list", "a, b"),
        bad("comma", "a,b"),
        bad("escape", "%61"),
        bad("broken escape", "%6"),
    ]

    // RFC 3986 §3.2.2: IP-literal and IPv4address; whatever is no IPv4address is a reg-name.
    private static let addresses: [RawRequestCase] = [
        good("IPv4 address", "127.0.0.1:80"),
        good("no IPv4 address but a name", "999.1.1.1"),
        good("IPv6 unspecified", "[::]"),
        good("IPv6 loopback with port", "[::1]:8080"),
        good("IPv6 in full", "[2001:db8:0:1:a:B:c:d]"),
        good("IPv6 shortened at the end", "[2001:db8::]"),
        good("IPv6 with IPv4 address", "[::ffff:192.0.2.1]"),
        good("IPv6 with empty port", "[::1]:"),
        bad("IPv6 without brackets", "::1"),
        bad("IPv6 not closed", "[::1"),
        bad("IPv6 not opened", "::1]"),
        bad("IPv6 empty", "[]"),
        bad("IPv6 with name behind", "[::1]a"),
        bad("IPv6 in two brackets", "[[::1]]"),
        bad("IPv6 with letters", "[::g]"),
        bad("IPv6 of one group", "[1]"),
        bad("IPv6 of seven groups", "[1:2:3:4:5:6:7]"),
        bad("IPv6 of nine groups", "[1:2:3:4:5:6:7:8:9]"),
        bad("IPv6 of three colons", "[:::]"),
        bad("IPv6 shortened twice", "[1::2::3]"),
        bad("IPv6 with five digits", "[12345::]"),
        bad("IPv6 with one colon first", "[:1::2]"),
        bad("IPv6 with IPv4 address first", "[1.2.3.4::]"),
        bad("IPv6 with IPv4 address of two parts", "[::1.2]"),
        bad("IPv6 with IPv4 address out of range", "[::256.0.0.1]"),
        bad("IPv6 with zone", "[fe80::1%25eth0]"),
        // No such version exists: "address mechanism not supported" is the answer to give.
        bad("IP address of the future", "[v1.a]"),
    ]

    // RFC 3986 §3.2.3: *DIGIT, leading zeros included; RFC 9110 §4.2.1: it is a TCP port.
    private static let ports: [RawRequestCase] = [
        good("port", "a:1"),
        good("largest port", "a:65535"),
        good("empty port", "a:"),
        good("port with leading zeros", "a:00080"),
        good("port with more leading zeros", "a:0000080"),
        bad("port out of range", "a:65536"),
        bad("port that wraps to 80", "a:4294967376"),
        bad("port of letters", "a:b"),
        bad("port with letter", "a:80b"),
        bad("port with sign", "a:+80"),
        bad("negative port", "a:-80"),
        bad("space before port", "a: 80"),
        bad("two ports", "a:80:80"),
        bad("path behind port", "a:80/"),
        bad("user before port", "u:p@a"),
    ]
}
