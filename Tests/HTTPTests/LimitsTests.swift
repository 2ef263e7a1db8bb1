import HTTP
import Testing

struct LimitsTests {
    private static let plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Checks that `make(n)` is accepted at the limit and refused one beyond, for any limit.
    private func check(
        _ limit: WritableKeyPath<Limits, Int>,
        at value: Int,
        error: ParseError.Kind,
        _ make: (Int) -> String
    ) {
        var limits = Limits()
        limits[keyPath: limit] = value
        for pieceSize in [1, 7, 1 << 20] {
            for (count, expected) in [(value, nil), (value + 1, error)] {
                let input = Array(make(count).utf8)
                let pieces = stride(from: 0, to: input.count, by: pieceSize).map {
                    Array(input[$0..<min($0 + pieceSize, input.count)])
                }
                let outcome = parse(pieces, limits: limits)
                #expect(outcome.error?.kind == expected)
                #expect(outcome.requests.count == (expected == nil ? 1 : 0))
            }
        }
    }

    @Test func `a head of exactly the limit is accepted and one octet more refused`() {
        check(\.headBytesMax, at: 300, error: .headTooLarge) { size in
            let rest = size - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".utf8.count
            return "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: rest)
                + "\r\n\r\n"
        }
    }

    @Test func `a target of exactly the limit is accepted and one octet more refused`() {
        check(\.targetBytesMax, at: 50, error: .targetTooLong) { size in
            "GET /" + String(repeating: "x", count: size - 1) + " HTTP/1.1\r\nHost: a\r\n\r\n"
        }
    }

    @Test func `as many fields as the limit are accepted and one more refused`() {
        check(\.fieldCountMax, at: 10, error: .tooManyFields) { count in
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: count - 1)
                + "\r\n"
        }
    }

    @Test func `as many empty lines as the limit are accepted and one more refused`() {
        check(\.leadingEmptyLinesMax, at: 3, error: .tooManyEmptyLines) { count in
            String(repeating: "\r\n", count: count) + Self.plain
        }
    }

    @Test func `chunk overhead of exactly the limit is accepted and one octet more refused`() {
        check(\.chunkOverheadBytesMax, at: 40, error: .chunkOverheadTooLarge) { size in
            let rest = size - "1;\r\n\r\n0\r\n\r\n".utf8.count
            return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
                + String(repeating: "e", count: rest) + "\r\nx\r\n0\r\n\r\n"
        }
    }

    @Test(arguments: [10, 11])
    func `a body of exactly the limit is accepted and one octet more refused`(size: Int) {
        let data = String(repeating: "d", count: size)
        let announced = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n" + data
        let chunked =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nddddd\r\n\(size - 5)\r\n\(data.dropFirst(5))\r\n0\r\n\r\n"
        for text in [announced, chunked] {
            let outcome = parse([Array(text.utf8)], bodyBytesMax: 10)
            #expect(outcome.error?.kind == (size > 10 ? .bodyTooLarge : nil))
            #expect(outcome.error?.limit == (size > 10 ? 10 : nil))
        }
    }

    @Test func `a megabyte of junk is refused after the limit whatever it looks like`() {
        let starts = ["", "GET /", "GET / HTTP/1.1\r\nX", "GET / HTTP/1.1\r\nX: ", "\r\n"]
        for start in starts {
            let input = Array(start.utf8) + [UInt8](repeating: 0x41, count: 1 << 20)
            let outcome = parse([input])
            #expect(outcome.requests.isEmpty)
            #expect((outcome.error?.offset ?? .max) <= Limits().headBytesMax)
        }
    }
}
