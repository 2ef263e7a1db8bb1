/// What is no HTTP/1.1 at all: other protocols, old versions, noise.
extension RawRequestCase {
    static let foreign: [RawRequestCase] = [
        http, encrypted, tunnels, textProtocols, binaryProtocols, noise,
    ].flatMap { $0 }

    // RFC 9112 §2.3, §3; RFC 9113 §3.4: the preface of HTTP/2; RFC 1945 §4.1: simple requests.
    private static let http: [RawRequestCase] = [
        .refused(505, "foreign: HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .refused(
            505,
            "foreign: HTTP/2 preface and settings",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u{6}\u{4}\0\0\0\0\0\0\u{3}\0\0\0d"
        ),
        .refused(400, "foreign: HTTP/2 frame without preface", "\0\0\0\u{4}\0\0\0\0\0"),
        .refused(400, "foreign: HTTP/0.9", "GET /\r\n"),
        .refused(400, "foreign: HTTP/0.9 with LF", "GET /\n"),
        .refused(400, "foreign: HTTP/0.9 with fields", "GET /\r\nHost: a\r\n\r\n"),
        .refused(400, "foreign: HTTP response", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused(400, "foreign: URL alone", "http://a/\r\n\r\n"),
        .refused(400, "foreign: HTML", "<!DOCTYPE html>\r\n<title>a</title>\r\n"),
        .refused(400, "foreign: JSON", "{\"method\": \"GET\"}\r\n"),
        .refused(400, "foreign: request in UTF-16", "G\0E\0T\0 \0/\0 \0H\0T\0T\0P\0"),
        .refused(400, "foreign: request in UTF-16 with mark", "\u{ff}\u{fe}G\0E\0T\0"),
        .refused(400, "foreign: escaped line ends", "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"),
    ]

    // RFC 8446 §5.1, §4.1.2: a handshake record with a ClientHello. RFC 9112 §3: 400.
    private static let encrypted: [RawRequestCase] = [
        .refused(
            400,
            "foreign: TLS 1.2 ClientHello",
            bytes: [
                0x16, 0x03, 0x01, 0x00, 0x2f, 0x01, 0x00, 0x00, 0x2b, 0x03, 0x03, 0x5b, 0x0d, 0x0a,
                0x0d, 0x0a, 0x91, 0x22, 0x7e, 0x00, 0x13, 0x6d, 0xee, 0x40, 0x0a, 0x0a, 0x20, 0x2f,
                0x20, 0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e, 0x31, 0xc8, 0x77, 0x5f, 0xa1, 0x00,
                0x00, 0x02, 0xc0, 0x2f, 0x01, 0x00, 0x00, 0x00,
            ]
        ),
        .refused(400, "foreign: TLS record type alone", bytes: [0x16]),
        .refused(400, "foreign: TLS alert", bytes: [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28]),
        .refused(
            400,
            "foreign: TLS application data",
            bytes: [0x17, 0x03, 0x03, 0x00, 0x01, 0x41]
        ),
        .refused(
            400,
            "foreign: SSL 2.0 ClientHello",
            bytes: [0x80, 0x2e, 0x01, 0x03, 0x01, 0x00, 0x15, 0x00, 0x00, 0x00, 0x10]
        ),
        .refused(400, "foreign: SSH banner", "SSH-2.0-Go\r\n"),
        // RFC 9112 §3: longer than any method, which is known before its end is.
        .refused(501, "foreign: long SSH banner", "SSH-2.0-OpenSSH_9.6p1\r\n"),
    ]

    // RFC 1928 §3 and its predecessor; the PROXY protocol's two versions. RFC 9112 §3: 400, or 501
    // for what has the form of a method.
    private static let tunnels: [RawRequestCase] = [
        .refused(
            400,
            "foreign: SOCKS4",
            bytes: [0x04, 0x01, 0x00, 0x50, 0x7f, 0x00, 0x00, 0x01, 0x00]
        ),
        .refused(400, "foreign: SOCKS5 greeting", bytes: [0x05, 0x01, 0x00]),
        .refused(501, "foreign: PROXY 1", "PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n" + get("")),
        .refused(
            400,
            "foreign: PROXY 2",
            bytes: [
                0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0x00,
                0x00, 0x00,
            ]
        ),
        .refused(
            501,
            "foreign: CONNECT of a proxy",
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
        ),
    ]

    // RFC 9112 §3: 400 for a line without the form of a request line; RFC 9110 §15.6.2: 501 for a
    // method that is not known.
    private static let textProtocols: [RawRequestCase] = [
        .refused(501, "foreign: SMTP", "EHLO mail.example.com\r\nMAIL FROM:<a@example.com>\r\n"),
        .refused(
            501,
            "foreign: SIP",
            "INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n"
        ),
        .refused(400, "foreign: RTSP", "OPTIONS rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        .refused(501, "foreign: ICAP", "REQMOD icap://a/b ICAP/1.0\r\nHost: a\r\n\r\n"),
        .refused(400, "foreign: Redis", "*1\r\n$4\r\nPING\r\n"),
        .refused(400, "foreign: Redis in one line", "PING\r\n"),
        .refused(501, "foreign: memcached", "get key\r\n"),
        .refused(501, "foreign: IRC", "NICK a\r\nUSER a 0 * :a\r\n"),
        .refused(501, "foreign: FTP", "USER anonymous\r\n"),
        .refused(400, "foreign: FTP quits", "QUIT\r\n"),
        .refused(400, "foreign: NATS", "CONNECT{}\r\n"),
        .refused(400, "foreign: Gemini", "gemini://a/\r\n"),
    ]

    // RFC 9112 §3: 400 for what is no line at all.
    private static let binaryProtocols: [RawRequestCase] = [
        .refused(400, "foreign: FastCGI", bytes: [0x01, 0x01, 0x00, 0x01, 0x00, 0x08, 0x00, 0x00]),
        .refused(
            400,
            "foreign: DNS over TCP",
            bytes: [0x00, 0x1d, 0x12, 0x34, 0x01, 0x00, 0x00, 0x01]
        ),
        .refused(
            400,
            "foreign: SMB",
            bytes: [0x00, 0x00, 0x00, 0x45, 0xff, 0x53, 0x4d, 0x42, 0x72]
        ),
        .refused(
            400,
            "foreign: RDP",
            bytes: [0x03, 0x00, 0x00, 0x13, 0x0e, 0xe0, 0x00, 0x00, 0x00]
        ),
        .refused(
            400,
            "foreign: PostgreSQL",
            bytes: [0x00, 0x00, 0x00, 0x08, 0x04, 0xd2, 0x16, 0x2f]
        ),
        .refused(
            400,
            "foreign: MQTT",
            bytes: [0x10, 0x0c, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04]
        ),
        .refused(400, "foreign: AMQP", bytes: [0x41, 0x4d, 0x51, 0x50, 0x00, 0x00, 0x09, 0x01]),
        .refused(400, "foreign: BitTorrent", "\u{13}BitTorrent protocol\0\0\0\0\0\0\0\0"),
        .refused(400, "foreign: gzip", bytes: [0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00]),
        .refused(400, "foreign: WebAssembly", "\0asm\u{1}\0\0\0"),
    ]

    // RFC 9112 §3: none of it is a method, as the first octet is no token's.
    private static let noise: [RawRequestCase] = [
        .refused(400, "foreign: one NUL", bytes: [0x00]),
        .refused(400, "foreign: NULs", bytes: [UInt8](repeating: 0x00, count: 64)),
        .refused(400, "foreign: octets FF", bytes: [UInt8](repeating: 0xff, count: 64)),
        .refused(400, "foreign: line feeds", bytes: [UInt8](repeating: 0x0a, count: 64)),
        .refused(400, "foreign: carriage returns", bytes: [UInt8](repeating: 0x0d, count: 64)),
        .refused(400, "foreign: spaces", bytes: [UInt8](repeating: 0x20, count: 64)),
        .refused(400, "foreign: every octet downwards", bytes: (UInt8.min...UInt8.max).reversed()),
        .refused(400, "foreign: every octet upwards", bytes: Array(UInt8.min...UInt8.max)),
        .refused(400, "foreign: noise 1", bytes: random(1)),
        .refused(400, "foreign: noise 2", bytes: random(2)),
        .refused(400, "foreign: noise 3", bytes: random(3)),
        .refused(400, "foreign: noise 4", bytes: random(4)),
    ]

    /// The same 256 octets for the same seed; the first is above 7F.
    private static func random(_ seed: UInt64) -> [UInt8] {
        var state = seed
        var octets: [UInt8] = []
        for _ in 0..<256 {
            // Knuth's multiplier and increment for MMIX.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            octets.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        octets[0] |= 0x80
        return octets
    }
}
