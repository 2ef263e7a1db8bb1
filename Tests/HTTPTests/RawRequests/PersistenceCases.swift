/// Whether the connection goes on (RFC 9112 §9.3 and §9.6, RFC 9110 §7.6.1).
extension RawRequestCase {
    static let persistence: [RawRequestCase] = [
        closing, notClosing, oldVersion, pipelines, upgrades,
    ].flatMap { $0 }

    /// A request with that `Connection` field, behind which a second is not read.
    private static func closes(_ name: String, _ options: String) -> RawRequestCase {
        .accepted(
            "persistence: \(name)",
            get("Connection: \(options)\r\n", get("")),
            .get(keepsAlive: false)
        )
    }

    /// A request with that `Connection` field, behind which a second is read.
    private static func keeps(_ name: String, _ options: String) -> RawRequestCase {
        .accepted(
            "persistence: \(name)",
            get("Connection: \(options)\r\n", get("")),
            .get(),
            .get()
        )
    }

    // RFC 9112 §9.6: nothing is read behind a request with "close"; RFC 9110 §7.6.1: options are
    // a list without regard to case; §5.6.1: with empty elements.
    private static let closing: [RawRequestCase] = [
        closes("close", "close"),
        closes("close in upper case", "CLOSE"),
        closes("close in mixed case", "cLoSe"),
        closes("close in a list", "x, close, y"),
        closes("close in a list without spaces", "x,close,y"),
        closes("close in a list with tabs", "x\t,\tclose\t"),
        closes("close behind empty elements", ", ,close"),
        closes("close before empty elements", "close, ,"),
        closes("close in the second line", "x\r\nConnection: close"),
        closes("close in the first of two lines", "close\r\nConnection: x"),
        closes("close and keep-alive", "keep-alive, close"),
        closes("close before keep-alive", "close, keep-alive"),
        closes("close and upgrade", "close, upgrade\r\nUpgrade: x"),
        .accepted(
            "persistence: close and nothing behind",
            get("Connection: close\r\n"),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: close and junk behind",
            get("Connection: close\r\n", "\0\u{ff}\r\r\n"),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: close and an unfinished request behind",
            get("Connection: close\r\n", "GET /b HT"),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: close and a body",
            post("Connection: close\r\nContent-Length: 5\r\n", "hello" + get("")),
            .post("hello", keepsAlive: false)
        ),
        .accepted(
            "persistence: close and chunks",
            post(
                "Connection: close\r\nTransfer-Encoding: chunked\r\n",
                "5\r\nhello\r\n0\r\n\r\n" + get("")
            ),
            .post("hello", keepsAlive: false)
        ),
        .refused(
            400,
            "persistence: close and a body that is short",
            post("Connection: close\r\nContent-Length: 5\r\n", "hell")
        ),
        .accepted(
            "persistence: close in 1.2",
            request("GET / HTTP/1.2", "Host: a\r\nConnection: close\r\n", get("")),
            .get(keepsAlive: false)
        ),
    ]

    // RFC 9112 §9.3: HTTP/1.1 goes on without "close", and nothing else means it.
    private static let notClosing: [RawRequestCase] = [
        keeps("keep-alive", "keep-alive"),
        keeps("empty Connection", ""),
        keeps("other option", "x"),
        keeps("close with one letter more", "closed"),
        keeps("close with one letter less", "clos"),
        keeps("close with prefix", "x-close"),
        keeps("close in two words", "clo se"),
        keeps("close behind another word", "not close"),
        keeps("close in quotes", "\"close\""),
        keeps("semicolons for commas", "x;close"),
        // RFC 9110 §7.6.1 forbids a client to name these; an origin server removes nothing.
        keeps("field names as options", "host, content-length"),
        keeps("close as a field", "x\r\nClose: close"),
        keeps("close in another field", "x\r\nKeep-Alive: close"),
        keeps("close in Proxy-Connection", "x\r\nProxy-Connection: close"),
        .accepted(
            "persistence: Content-Length as option frames all the same",
            post("Connection: content-length\r\nContent-Length: 5\r\n", "hello" + get("")),
            .post("hello"),
            .get()
        ),
        .accepted("persistence: none in 1.1", get("", get("")), .get(), .get()),
        .accepted(
            "persistence: none in 1.2",
            request("GET / HTTP/1.2", "Host: a\r\n", get("")),
            .get(),
            .get()
        ),
        .refused(400, "persistence: space before colon", get("Connection : close\r\n")),
        .refused(400, "persistence: NUL behind close", get("Connection: close\0\r\n")),
    ]

    // RFC 9112 §9.3: HTTP/1.0 closes without "keep-alive".
    private static let oldVersion: [RawRequestCase] = [
        .accepted(
            "persistence: none in 1.0",
            request("GET / HTTP/1.0", "Host: a\r\n", get("")),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: keep-alive in 1.0",
            request("GET / HTTP/1.0", "Connection: keep-alive\r\n", get("")),
            .get(),
            .get()
        ),
        .accepted(
            "persistence: keep-alive in upper case in 1.0",
            request("GET / HTTP/1.0", "Connection: KEEP-ALIVE\r\n", get("")),
            .get(),
            .get()
        ),
        .accepted(
            "persistence: keep-alive in a list in 1.0",
            request("GET / HTTP/1.0", "Connection: x ,keep-alive\r\n", get("")),
            .get(),
            .get()
        ),
        .accepted(
            "persistence: keep-alive and a body in 1.0",
            request(
                "POST / HTTP/1.0",
                "Connection: keep-alive\r\nContent-Length: 5\r\n",
                "hello" + get("")
            ),
            .post("hello"),
            .get()
        ),
        .accepted(
            "persistence: keep-alive and close in 1.0",
            request("GET / HTTP/1.0", "Connection: keep-alive, close\r\n", get("")),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: other option in 1.0",
            request("GET / HTTP/1.0", "Connection: x\r\n", get("")),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: Keep-Alive without Connection in 1.0",
            request("GET / HTTP/1.0", "Keep-Alive: timeout=5\r\n", get("")),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: Proxy-Connection in 1.0",
            request("GET / HTTP/1.0", "Proxy-Connection: keep-alive\r\n", get("")),
            .get(keepsAlive: false)
        ),
        .accepted(
            "persistence: 1.0 behind 1.1",
            get("", request("GET /b HTTP/1.0", "", get(""))),
            .get(),
            .get("/b", keepsAlive: false)
        ),
    ]

    // RFC 9112 §9.3.2: requests one behind the other; nothing is read behind a bad one.
    private static let pipelines: [RawRequestCase] = [
        .accepted(
            "persistence: five requests",
            get("", get("", get("", get("", get(""))))),
            .get(),
            .get(),
            .get(),
            .get(),
            .get()
        ),
        .accepted(
            "persistence: requests with chunks, a length and neither",
            chunked("1\r\na\r\n0\r\n\r\n") + post("Content-Length: 1\r\n", "b") + get(""),
            .post("a"),
            .post("b"),
            .get()
        ),
        .accepted(
            "persistence: close in the second of three",
            get("", get("Connection: close\r\n", get(""))),
            .get(),
            .get(keepsAlive: false)
        ),
        .refused(
            400,
            "persistence: malformed second of three",
            get("", "GET /b HTTP/1.1\r\n\r\n" + get("")),
            after: .get()
        ),
        .refused(
            501,
            "persistence: unknown method in the second of three",
            get("", request("BREW / HTTP/1.1", "Host: a\r\n", get(""))),
            after: .get()
        ),
        .refused(
            400,
            "persistence: nothing behind a malformed chunk",
            chunked("z\r\n" + get(""))
        ),
        .refused(
            413,
            "persistence: nothing behind a body too large",
            post("Content-Length: 1048577\r\n", get(""))
        ),
    ]

    // RFC 9110 §7.8: a server may ignore Upgrade, and goes on in HTTP/1.1.
    private static let upgrades: [RawRequestCase] = [
        .accepted(
            "persistence: upgrade to WebSocket",
            get(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            ),
            .get()
        ),
        .accepted(
            "persistence: upgrade to h2c",
            get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
            .get()
        ),
        .accepted(
            "persistence: upgrade with a body",
            post("Connection: upgrade\r\nUpgrade: x/1\r\nContent-Length: 2\r\n", "hi"),
            .post("hi")
        ),
        .accepted("persistence: Upgrade without Connection", get("Upgrade: h2c\r\n"), .get()),
        .refused(
            505,
            "persistence: HTTP/2 by guess behind an upgrade",
            get("Connection: Upgrade\r\nUpgrade: h2c\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            after: .get()
        ),
    ]
}
