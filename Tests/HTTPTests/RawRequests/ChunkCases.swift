/// The chunked transfer coding (RFC 9112 §7.1).
extension RawRequestCase {
    static let chunk: [RawRequestCase] = [
        chunks, malformedSizes, largeSizes, chunkEnds, extensions, malformedExtensions, trailers,
        malformedTrailers, unfinishedChunks,
    ].flatMap { $0 }

    /// A chunked body that comes to those octets.
    private static func good(_ name: String, _ body: String, _ data: String) -> RawRequestCase {
        .accepted("chunk: \(name)", chunked(body), .post(data))
    }

    /// A chunked body that is malformed.
    private static func bad(_ name: String, _ body: String) -> RawRequestCase {
        .refused(400, "chunk: \(name)", chunked(body))
    }

    // RFC 9112 §7.1: the size is 1*HEXDIG of either case; a chunk of size zero is the last.
    private static let chunks: [RawRequestCase] = [
        good("one", "5\r\nhello\r\n0\r\n\r\n", "hello"),
        good("none", "0\r\n\r\n", ""),
        good("three", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"),
        good("size in upper case", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        good("size in lower case", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        good("size of two digits", "0b\r\nhello world\r\n0\r\n\r\n", "hello world"),
        good("size with zeros", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        good("last size with zeros", "5\r\nhello\r\n0000\r\n\r\n", "hello"),
        good("data of line ends", "6\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n"),
        good("data that looks like the end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
        good("data that looks like a chunk", "6\r\n1\r\na\r\n\r\n0\r\n\r\n", "1\r\na\r\n"),
        good("data of NUL and obs-text", "4\r\n\0\u{80}\u{ff}\0\r\n0\r\n\r\n", "\0\u{80}\u{ff}\0"),
        .accepted(
            "chunk: next request behind the end",
            chunked("1\r\na\r\n0\r\n\r\n") + chunked("0\r\n\r\n") + get(""),
            .post("a"),
            .post(),
            .get()
        ),
    ]

    // RFC 9112 §7.1: nothing else stands for a size, and nothing before or behind it.
    private static let malformedSizes: [RawRequestCase] = [
        bad("no size", "\r\nhello\r\n0\r\n\r\n"),
        bad("no chunks at all", "hello"),
        bad("hexadecimal prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
        bad("hexadecimal prefix in upper case", "0X5\r\nhello\r\n0\r\n\r\n"),
        bad("hexadecimal suffix", "5h\r\nhello\r\n0\r\n\r\n"),
        bad("plus sign", "+5\r\nhello\r\n0\r\n\r\n"),
        bad("minus sign", "-5\r\nhello\r\n0\r\n\r\n"),
        bad("minus zero", "-0\r\n\r\n"),
        bad("no hexadecimal digit", "g\r\nhello\r\n0\r\n\r\n"),
        bad("space before size", " 5\r\nhello\r\n0\r\n\r\n"),
        bad("tab before size", "\t5\r\nhello\r\n0\r\n\r\n"),
        bad("space behind size", "5 \r\nhello\r\n0\r\n\r\n"),
        bad("tab behind size", "5\t\r\nhello\r\n0\r\n\r\n"),
        bad("space in size", "0 5\r\nhello\r\n0\r\n\r\n"),
        bad("vertical tab behind size", "5\u{b}\r\nhello\r\n0\r\n\r\n"),
        bad("underscore in size", "0_5\r\nhello\r\n0\r\n\r\n"),
        bad("fraction", "5.0\r\nhello\r\n0\r\n\r\n"),
        bad("comma behind size", "5,\r\nhello\r\n0\r\n\r\n"),
        bad("quoted size", "\"5\"\r\nhello\r\n0\r\n\r\n"),
        bad("NUL behind size", "5\0\r\nhello\r\n0\r\n\r\n"),
        bad("obs-text behind size", "5\u{a0}\r\nhello\r\n0\r\n\r\n"),
        bad("Arabic digit for size", "\u{d9}\u{a5}\r\nhello\r\n0\r\n\r\n"),
        bad("space before last size", "5\r\nhello\r\n 0\r\n\r\n"),
        bad("sign before last size", "5\r\nhello\r\n+0\r\n\r\n"),
        // Policy: no honest client pads a size to more than sixteen digits.
        bad("seventeen digits with zeros", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ]

    // RFC 9112 §7.1: large numbers must not overflow; RFC 9110 §15.5.14: content too large.
    private static let largeSizes: [RawRequestCase] = [
        .refused(413, "chunk: one over the limit", chunked("100001\r\n")),
        .refused(413, "chunk: two that exceed the limit", chunked("1\r\na\r\n100000\r\n")),
        .refused(413, "chunk: 2^31", chunked("80000000\r\nhello")),
        .refused(413, "chunk: 2^32 + 5", chunked("100000005\r\nhello\r\n0\r\n\r\n")),
        .refused(413, "chunk: 2^63 - 1", chunked("7fffffffffffffff\r\nhello")),
        .refused(413, "chunk: 2^63 - 1 behind another", chunked("1\r\na\r\n7fffffffffffffff\r\n")),
        .refused(413, "chunk: 2^63", chunked("8000000000000000\r\nhello")),
        .refused(413, "chunk: 2^64 - 1", chunked("ffffffffffffffff\r\nhello")),
        .refused(413, "chunk: 2^64 - 1 behind another", chunked("2\r\nab\r\nFFFFFFFFFFFFFFFF\r\n")),
        .refused(413, "chunk: 2^64 + 5", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
    ]

    // RFC 9112 §7.1, §2.2: CR LF behind a size and behind data, and nothing else. A bare LF there
    // is not allowed even where a head's lines may end with one.
    private static let chunkEnds: [RawRequestCase] = [
        bad("LF behind size", "5\nhello\r\n0\r\n\r\n"),
        bad("CR behind size", "5\rhello\r\n0\r\n\r\n"),
        bad("CR CR LF behind size", "5\r\r\nhello\r\n0\r\n\r\n"),
        bad("LF CR behind size", "5\n\rhello\r\n0\r\n\r\n"),
        bad("CR and any octet behind size", "5\rXhello\r\n0\r\n\r\n"),
        bad("nothing behind data", "5\r\nhello0\r\n\r\n"),
        bad("LF behind data", "5\r\nhello\n0\r\n\r\n"),
        bad("CR behind data", "5\r\nhello\r0\r\n\r\n"),
        bad("CR CR LF behind data", "5\r\nhello\r\r\n0\r\n\r\n"),
        bad("two other octets behind data", "5\r\nhelloab0\r\n\r\n"),
        bad("empty line behind data", "5\r\nhello\r\n\r\n0\r\n\r\n"),
        bad("data one octet long", "5\r\nhello!\r\n0\r\n\r\n"),
        bad("data one octet short", "6\r\nhello\r\n0\r\n\r\n"),
        bad("LF behind last size", "5\r\nhello\r\n0\n\r\n"),
        bad("LF for the last empty line", "5\r\nhello\r\n0\r\n\n"),
        bad("LF LF at the end", "5\r\nhello\r\n0\n\n"),
        bad("CR and any octet for the last empty line", "5\r\nhello\r\n0\r\n\rX"),
        bad("line ends of LF only", "5\nhello\n0\n\n"),
    ]

    // RFC 9112 §7.1.1: extensions that are not recognized are ignored; blanks around ";" and "="
    // are to be taken.
    private static let extensions: [RawRequestCase] = [
        good("extension without value", "1;a\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with value", "1;a=b\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with quoted value", "1;a=\"b c\"\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with semicolon in quotes", "1;a=\";b\"\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with escaped quote", "1;a=\"\\\"\"\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with obs-text in quotes", "1;a=\"\u{c3}\u{a9}\"\r\nx\r\n0\r\n\r\n", "x"),
        good("extension with blanks", "1 \t; a\t= b\r\nx\r\n0\r\n\r\n", "x"),
        good("extension that looks like a size", "1;9=9\r\nx\r\n0\r\n\r\n", "x"),
        good("many extensions", "1;a;b=c;d=\"e\"\r\nx\r\n0\r\n\r\n", "x"),
        good("extension of last chunk", "1\r\nx\r\n0;a=b\r\n\r\n", "x"),
        good("extension of the same name twice", "1;a=1;a=2\r\nx\r\n0\r\n\r\n", "x"),
    ]

    // RFC 9112 §7.1.1, §2.2: no control may stand in an extension, least of all half a line end.
    private static let malformedExtensions: [RawRequestCase] = [
        bad("extension without size", ";a\r\nx\r\n0\r\n\r\n"),
        bad("LF behind extension", "1;a\nx\r\n0\r\n\r\n"),
        bad("LF in extension", "1;a\nb\r\nx\r\n0\r\n\r\n"),
        bad("LF in quotes in extension", "1;a=\"\n\"\r\nx\r\n0\r\n\r\n"),
        bad("CR in extension", "1;a\rb\r\nx\r\n0\r\n\r\n"),
        bad("CR in quotes in extension", "1;a=\"\r\"\r\nx\r\n0\r\n\r\n"),
        bad("CR CR LF behind extension", "1;a\r\r\nx\r\n0\r\n\r\n"),
        bad("CR LF in quotes in extension", "1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n"),
        bad("NUL in extension", "1;a\0\r\nx\r\n0\r\n\r\n"),
        bad("control in extension", "1;a\u{1}\r\nx\r\n0\r\n\r\n"),
        bad("DEL in extension", "1;a\u{7f}\r\nx\r\n0\r\n\r\n"),
        bad("LF behind extension of last chunk", "1\r\nx\r\n0;a\n\r\n"),
        bad(
            "hidden request behind LF in extension",
            "2;\nxx\r\n2c\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n"
        ),
    ]

    // RFC 9112 §7.1.2, RFC 9110 §6.5.1: trailer fields are dropped, those that frame or route too.
    private static let trailers: [RawRequestCase] = [
        good("trailer field", "1\r\nx\r\n0\r\nX: y\r\n\r\n", "x"),
        good("two trailer fields", "1\r\nx\r\n0\r\nX: y\r\nZ:\r\n\r\n", "x"),
        good("trailer field and no data", "0\r\nX: y\r\n\r\n", ""),
        good("trailer field with obs-text", "0\r\nX: \u{e9}\r\n\r\n", ""),
        good("Content-Length as trailer", "1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n", "x"),
        good("Host as trailer", "1\r\nx\r\n0\r\nHost: b\r\n\r\n", "x"),
        good("Connection as trailer", "1\r\nx\r\n0\r\nConnection: close\r\n\r\n", "x"),
        .accepted(
            "chunk: Transfer-Encoding as trailer, and a request behind it",
            chunked("1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n") + get(""),
            .post("x"),
            .get()
        ),
    ]

    // RFC 9112 §7.1.2, §5: trailer fields are field lines, with the same rules.
    private static let malformedTrailers: [RawRequestCase] = [
        bad("trailer without colon", "0\r\nX\r\n\r\n"),
        bad("trailer with empty name", "0\r\n: y\r\n\r\n"),
        bad("trailer with space before colon", "0\r\nX : y\r\n\r\n"),
        bad("trailer with space in name", "0\r\nX Y: z\r\n\r\n"),
        bad("trailer with obs-text in name", "0\r\n\u{e9}: y\r\n\r\n"),
        bad("trailer that begins with a space", "0\r\n X: y\r\n\r\n"),
        bad("folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
        bad("trailer that ends with LF", "0\r\nX: y\n\r\n"),
        bad("trailer that ends with CR", "0\r\nX: y\rZ: a\r\n\r\n"),
        bad("trailer with NUL", "0\r\nX: \0\r\n\r\n"),
        bad("trailer with control", "0\r\nX: \u{1}\r\n\r\n"),
        bad("trailers that end with LF", "0\r\nX: y\r\n\n"),
        bad("request behind the last size", "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    // RFC 9112 §8: without its last chunk and empty line, a body is not complete.
    private static let unfinishedChunks: [RawRequestCase] = [
        bad("nothing", ""),
        bad("unfinished size", "5"),
        bad("unfinished extension", "5;a"),
        bad("size without LF", "5\r"),
        bad("size without data", "5\r\n"),
        bad("unfinished data", "5\r\nhell"),
        bad("data without line end", "5\r\nhello"),
        bad("no last chunk", "5\r\nhello\r\n"),
        bad("unfinished last size", "5\r\nhello\r\n0"),
        bad("no empty line at the end", "5\r\nhello\r\n0\r\n"),
        bad("half an empty line at the end", "5\r\nhello\r\n0\r\n\r"),
        bad("unfinished trailer", "5\r\nhello\r\n0\r\nX: y"),
        bad("no empty line behind trailer", "5\r\nhello\r\n0\r\nX: y\r\n"),
    ]
}
