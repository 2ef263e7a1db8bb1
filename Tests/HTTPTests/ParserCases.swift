import HTTP

private let h = "Host: a\r\n"
private let get = "GET / HTTP/1.1\r\n"
private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
private let chunkedStart = "POST / @a Transfer-Encoding=chunked keep "

private func request(_ line: String, _ fields: String = h) -> String {
    "\(line)\r\n\(fields)\r\n"
}

extension ParserCase {
    // swift-format-ignore
    static let wellFormed: [ParserCase] = [
        ParserCase("plain", request("GET / HTTP/1.1"), ["GET / @a keep []"]),
        ParserCase("query", request("GET /a?b=?%&c HTTP/1.1"), ["GET /a ?b=?%&c @a keep []"]),
        ParserCase("empty query", request("GET /a? HTTP/1.1"), ["GET /a ? @a keep []"]),
        ParserCase("escape in path", request("GET /%0a%20%Ff HTTP/1.1"), ["GET /%0a%20%Ff @a keep []"]),
        ParserCase("escaped NUL in query", request("GET /?%00 HTTP/1.1"), ["GET / ?%00 @a keep []"]),
        ParserCase("unescaped braces", request("GET /{a}|b HTTP/1.1"), ["GET /{a}|b @a keep []"]),
        ParserCase("dot segments stay", request("GET /../x HTTP/1.1"), ["GET /../x @a keep []"]),
        ParserCase("long registered method", request("UPDATEREDIRECTREF / HTTP/1.1"), ["UPDATEREDIRECTREF / @a keep []"]),
        ParserCase("OPTIONS *", request("OPTIONS * HTTP/1.1"), ["OPTIONS * @a keep []"]),
        ParserCase("absolute form", request("GET http://b:80/x?y HTTP/1.1"), ["GET /x ?y @b:80 keep []"]),
        ParserCase("absolute form, no path", request("GET HTTP://b HTTP/1.1"), ["GET / @b keep []"]),
        ParserCase("absolute form, query only", request("GET https://b?y HTTP/1.1"), ["GET / ?y @b keep []"]),
        ParserCase("empty lines first", "\r\n\r\n" + request("GET / HTTP/1.1"), ["GET / @a keep []"]),
        ParserCase("higher minor version", request("GET / HTTP/1.7"), ["GET / @a keep []"]),
        ParserCase("1.0", request("GET / HTTP/1.0"), ["GET / @a close []"]),
        ParserCase("1.0 without Host", request("GET / HTTP/1.0", ""), ["GET / @- close []"]),
        ParserCase("1.0 keep-alive", request("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"), ["GET / @- Connection=Keep-Alive keep []"]),
        ParserCase("close", request("GET / HTTP/1.1", h + "Connection: x , ClOsE\r\n"), ["GET / @a Connection=x , ClOsE close []"]),
        ParserCase("close in second line", request("GET / HTTP/1.1", h + "Connection: x\r\nConnection: close\r\n"), ["GET / @a Connection=x Connection=close close []"]),
        ParserCase("close wins", request("GET / HTTP/1.0", h + "Connection: keep-alive, close\r\n"), ["GET / @a Connection=keep-alive, close close []"]),
        ParserCase("not quite close", request("GET / HTTP/1.1", h + "Connection: closed\r\n"), ["GET / @a Connection=closed keep []"]),
        ParserCase("IPv6 host", request("GET / HTTP/1.1", "Host: [::1]:8080\r\n"), ["GET / @[::1]:8080 keep []"]),
        ParserCase("empty host", request("GET / HTTP/1.1", "Host:\r\n"), ["GET / @ keep []"]),
        ParserCase("host with empty port", request("GET / HTTP/1.1", "Host: a:\r\n"), ["GET / @a: keep []"]),
        ParserCase("blanks around a value", request("GET / HTTP/1.1", h + "X:\t y z \t\r\n"), ["GET / @a X=y z keep []"]),
        ParserCase("empty values", request("GET / HTTP/1.1", h + "X:\r\nY: \r\n"), ["GET / @a X= Y= keep []"]),
        ParserCase("length", request("POST / HTTP/1.1", h + "Content-Length: 5\r\n") + "hello", ["POST / @a Content-Length=5 keep [hello]"]),
        ParserCase("length with zeros", request("POST / HTTP/1.1", h + "cOnTent-length: 00005\r\n") + "hello", ["POST / @a cOnTent-length=00005 keep [hello]"]),
        ParserCase("length zero", request("POST / HTTP/1.1", h + "Content-Length: 0\r\n"), ["POST / @a Content-Length=0 keep []"]),
        ParserCase("no framing", request("POST / HTTP/1.1"), ["POST / @a keep []"]),
        ParserCase("expects", request("PUT / HTTP/1.1", h + "Expect: 100-Continue\r\nContent-Length: 1\r\n") + "x", ["PUT / @a Expect=100-Continue Content-Length=1 keep expects [x]"]),
        ParserCase("expects for no body", request("PUT / HTTP/1.1", h + "Expect: 100-continue\r\n"), ["PUT / @a Expect=100-continue keep []"]),
        ParserCase("1.0 expects nothing", request("PUT / HTTP/1.0", "Expect: tea\r\nContent-Length: 1\r\n") + "x", ["PUT / @- Expect=tea Content-Length=1 close [x]"]),
        ParserCase("chunked", chunked + "5\r\nhello\r\nA\r\n 0123456\r\n\r\n0\r\n\r\n", [chunkedStart + "[hello 0123456\r\n]"]),
        ParserCase("no chunks", chunked + "0\r\n\r\n", [chunkedStart + "[]"]),
        ParserCase("chunk size with zeros", chunked + "0000000000000001\r\nx\r\n000\r\n\r\n", [chunkedStart + "[x]"]),
        ParserCase("chunk extensions", chunked + "1;a=b;c=\"d e\"\r\nx\r\n0 ; z\r\n\r\n", [chunkedStart + "[x]"]),
        ParserCase("trailers are dropped", chunked + "1\r\nx\r\n0\r\nContent-Length: 9\r\nX:\r\n\r\n", [chunkedStart + "[x]"]),
        ParserCase("pipeline", request("GET /1 HTTP/1.1") + chunked + "1\r\nx\r\n0\r\n\r\n" + request("GET /2 HTTP/1.1"), ["GET /1 @a keep []", chunkedStart + "[x]", "GET /2 @a keep []"]),
    ]

    // swift-format-ignore
    static let malformed: [ParserCase] = [
        ParserCase("TLS", "\u{16}\u{03}\u{01}\u{00}", error: .tlsClientHello, at: 0),
        ParserCase("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", error: .http2Preface),
        ParserCase("empty line flood", String(repeating: "\r\n", count: 5), error: .tooManyEmptyLines, at: 8),
        ParserCase("bare LF first", "\n" + request("GET / HTTP/1.1"), error: .malformedMethod, at: 0),
        ParserCase("bare CR first", "\rGET / HTTP/1.1\r\n", error: .malformedLineEnd, at: 1),
        ParserCase("lower case method", request("get / HTTP/1.1"), error: .unknownMethod, at: 0),
        ParserCase("unknown method", request("BREW / HTTP/1.1"), error: .unknownMethod),
        ParserCase("longest unknown method", "UPDATEREDIRECTREFX", error: .unknownMethod),
        ParserCase("CONNECT", request("CONNECT a:443 HTTP/1.1"), error: .refusedMethod),
        ParserCase("TRACE", request("TRACE / HTTP/1.1"), error: .refusedMethod),
        ParserCase("no token", request("G(T / HTTP/1.1"), error: .malformedMethod, at: 1),
        ParserCase("no method", request(" / HTTP/1.1"), error: .malformedMethod, at: 0),
        ParserCase("tab for space", request("GET\t/\tHTTP/1.1"), error: .malformedMethod, at: 3),
        ParserCase("two spaces", request("GET  / HTTP/1.1"), error: .malformedTarget, at: 4),
        ParserCase("no target", request("GET HTTP/1.1"), error: .malformedTarget),
        ParserCase("space in target", request("GET /a b HTTP/1.1"), error: .malformedVersion),
        ParserCase("control in target", request("GET /\u{7} HTTP/1.1"), error: .malformedTarget, at: 5),
        ParserCase("DEL in target", request("GET /\u{7f} HTTP/1.1"), error: .malformedTarget, at: 5),
        ParserCase("non-ASCII in target", request("GET /é HTTP/1.1"), error: .malformedTarget, at: 5),
        ParserCase("fragment", request("GET /#x HTTP/1.1"), error: .malformedTarget, at: 5),
        ParserCase("bad escape", request("GET /%4g HTTP/1.1"), error: .malformedTarget, at: 7),
        ParserCase("short escape", request("GET /%4 HTTP/1.1"), error: .malformedTarget, at: 7),
        ParserCase("question in escape", request("GET /%? HTTP/1.1"), error: .malformedTarget, at: 6),
        ParserCase("escaped NUL", request("GET /a%00 HTTP/1.1"), error: .malformedTarget, at: 8),
        ParserCase("relative target", request("GET a HTTP/1.1"), error: .malformedTarget, at: 4),
        ParserCase("* without OPTIONS", request("GET * HTTP/1.1"), error: .malformedTarget, at: 4),
        ParserCase("other scheme", request("GET ftp://a/ HTTP/1.1"), error: .malformedTarget),
        ParserCase("user in target", request("GET http://u@a/ HTTP/1.1"), error: .malformedHost),
        ParserCase("no host in target", request("GET http:///x HTTP/1.1"), error: .malformedHost),
        ParserCase("HTTP/0.9", "GET /\r\n", error: .malformedTarget, at: 5),
        ParserCase("version 2.0", request("GET / HTTP/2.0"), error: .unsupportedVersion),
        ParserCase("version 1", request("GET / HTTP/1"), error: .malformedVersion),
        ParserCase("version 1.10", request("GET / HTTP/1.10"), error: .malformedVersion),
        ParserCase("version http/1.1", request("GET / http/1.1"), error: .malformedVersion),
        ParserCase("space after version", request("GET / HTTP/1.1 "), error: .malformedVersion),
        ParserCase("LF after version", "GET / HTTP/1.1\n", error: .malformedVersion, at: 14),
        ParserCase("CR without LF", "GET / HTTP/1.1\rX", error: .malformedLineEnd, at: 15),
        ParserCase("blank before first field", request("GET / HTTP/1.1", " X: y\r\n"), error: .foldedField, at: 16),
        ParserCase("folded by space", request("GET / HTTP/1.1", h + "X: a\r\n b\r\n"), error: .foldedField),
        ParserCase("folded by tab", request("GET / HTTP/1.1", h + "X: a\r\n\tb\r\n"), error: .foldedField),
        ParserCase("space before colon", request("GET / HTTP/1.1", "Host : a\r\n"), error: .blankBeforeColon, at: 20),
        ParserCase("tab before colon", request("GET / HTTP/1.1", "Host\t: a\r\n"), error: .blankBeforeColon),
        ParserCase("no name", request("GET / HTTP/1.1", ": a\r\n"), error: .malformedFieldName),
        ParserCase("no colon", request("GET / HTTP/1.1", "Host\r\n"), error: .malformedFieldName),
        ParserCase("underscore", request("GET / HTTP/1.1", h + "Content_Length: 5\r\n"), error: .malformedFieldName),
        ParserCase("non-ASCII name", request("GET / HTTP/1.1", h + "é: 5\r\n"), error: .malformedFieldName),
        ParserCase("NUL in value", request("GET / HTTP/1.1", h + "X: a\u{0}b\r\n"), error: .malformedFieldValue),
        ParserCase("control in value", request("GET / HTTP/1.1", h + "X: a\u{1}b\r\n"), error: .malformedFieldValue),
        ParserCase("LF ends field", get + "Host: a\n\r\n", error: .malformedLineEnd),
        ParserCase("LF in name", get + "Host\n: a\r\n", error: .malformedLineEnd),
        ParserCase("CR in value", get + "Host: a\rX: y\r\n\r\n", error: .malformedLineEnd),
        ParserCase("CR ends head", get + h + "\rX", error: .malformedLineEnd),
        ParserCase("no Host", request("GET / HTTP/1.1", ""), error: .missingHost, at: 18),
        ParserCase("two Hosts", request("GET / HTTP/1.1", h + h), error: .repeatedHost, at: 25),
        ParserCase("two Hosts in 1.0", request("GET / HTTP/1.0", h + h), error: .repeatedHost),
        ParserCase("Host list", request("GET / HTTP/1.1", "Host: a,b\r\n"), error: .malformedHost),
        ParserCase("Host path", request("GET / HTTP/1.1", "Host: a/b\r\n"), error: .malformedHost),
        ParserCase("Host user", request("GET / HTTP/1.1", "Host: u@a\r\n"), error: .malformedHost),
        ParserCase("Host port", request("GET / HTTP/1.1", "Host: a:8x\r\n"), error: .malformedHost),
        ParserCase("Host port range", request("GET / HTTP/1.1", "Host: a:65536\r\n"), error: .malformedHost),
        ParserCase("Host IPv6 open", request("GET / HTTP/1.1", "Host: [::1\r\n"), error: .malformedHost),
        ParserCase("Host IPv6 tail", request("GET / HTTP/1.1", "Host: [::1]x\r\n"), error: .malformedHost),
        ParserCase("Host checked in absolute form", request("GET http://b/ HTTP/1.1", "Host: a b\r\n"), error: .malformedHost),
    ] + framing + chunks

    private static let framing: [ParserCase] =
        [
            ("-5", .malformedContentLength), ("+5", .malformedContentLength),
            ("0x5", .malformedContentLength), ("5 5", .malformedContentLength),
            ("5e0", .malformedContentLength), ("5,5", .malformedContentLength),
            ("5;x", .malformedContentLength), ("", .malformedContentLength),
            ("9223372036854775808", .bodyTooLarge),
            ("00000000000000000005", .malformedContentLength),
            ("9223372036854775807", .bodyTooLarge), ("4294967301", .bodyTooLarge),
            ("1048577", .bodyTooLarge),
            ("5\r\nContent-Length: 5", .repeatedContentLength),
            ("5\r\nContent-Length: 6", .repeatedContentLength),
            ("5\r\nTransfer-Encoding: chunked", .conflictingFraming),
            ("5\r\nTransfer-Encoding: identity", .conflictingFraming),
            ("5\r\nTransfer-Encoding:", .conflictingFraming),
            ("5\r\nExpect: tea", .unknownExpectation),
            ("5\r\nExpect: 100-continue\r\nExpect: 100-continue", .unknownExpectation),
        ].map { value, kind in
            ParserCase(
                "length \(value)",
                request("POST / HTTP/1.1", h + "Content-Length: \(value)\r\n") + "hello",
                error: kind
            )
        }
        + [
            ("gzip, chunked", "1.1", .unknownTransferCoding),
            ("gzip", "1.1", .malformedTransferEncoding),
            ("identity", "1.1", .malformedTransferEncoding),
            ("chunked, chunked", "1.1", .malformedTransferEncoding),
            ("chunked;q=1", "1.1", .malformedTransferEncoding),
            ("\"chunked\"", "1.1", .malformedTransferEncoding),
            ("xchunked", "1.1", .malformedTransferEncoding),
            ("", "1.1", .malformedTransferEncoding),
            ("chunked\r\nTransfer-Encoding: chunked", "1.1", .malformedTransferEncoding),
            ("chunked", "1.0", .framingNeedsHTTP11),
        ].map { value, version, kind in
            ParserCase(
                "coding \(value) in \(version)",
                request("POST / HTTP/\(version)", h + "Transfer-Encoding: \(value)\r\n")
                    + "0\r\n\r\n",
                error: kind
            )
        }

    private static let chunks: [ParserCase] = [
        ("0x5\r\n", .malformedChunk), ("+5\r\n", .malformedChunk), (" 5\r\n", .malformedChunk),
        ("g\r\n", .malformedChunk), ("\r\n", .malformedChunk), (";a\r\n", .malformedChunk),
        ("5\n", .malformedChunk), ("5\rX", .malformedChunk), ("5 \r\n", .malformedChunk),
        ("5;a\n", .malformedChunk), ("5;a\rb\r\n", .malformedChunk), ("5;\u{0}", .malformedChunk),
        ("00000000000000001\r\n", .malformedChunk),
        ("7fffffffffffffff\r\n", .bodyTooLarge), ("ffffffffffffffff\r\n", .bodyTooLarge),
        ("8000000000000000\r\n", .bodyTooLarge), ("100001\r\n", .bodyTooLarge),
        ("1\r\nxx", .malformedChunk), ("1\r\nx\n", .malformedChunk), ("1\r\nx\rx", .malformedChunk),
        ("0\r\n\n", .malformedTrailer), ("0\r\nX Y: z\r\n", .malformedTrailer),
        ("0\r\n X: y\r\n", .malformedTrailer), ("0\r\nX\r\n", .malformedTrailer),
        ("0\r\nX: a\nY", .malformedTrailer), ("0\r\nX: \u{0}", .malformedTrailer),
        ("0\r\n\rX", .malformedTrailer),
    ].map { framing, kind in
        ParserCase("chunk \(framing.debugDescription)", chunked + framing, error: kind)
    }
}
