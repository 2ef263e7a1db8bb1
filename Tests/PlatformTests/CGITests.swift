import HTTP
import Store
import Testing

@testable import Platform

struct CGIResponseTests {
    private func parse(_ output: String) throws(CGIResponse.Invalid) -> CGIResponse {
        try CGIResponse(parsing: Array(output.utf8))
    }

    @Test(
        arguments: [
            ("Content-Type: text/plain\n\nhi", 200, 26),
            ("Content-Type: text/plain\r\n\r\nhi", 200, 28),
            ("Status: 404 Not Found\n\n", 404, 23),
            ("status: 201\nX: y\n\n", 201, 18),
            ("Location: /there\n\n", 302, 18),
            ("Location: /there\nStatus: 307\n\n", 307, 30),
            ("Content-Type:text/plain\n\n", 200, 25),
        ]
    )
    func `a header block gives a status and the place of the body`(
        output: String,
        status: Int,
        bodyStart: Int
    ) throws {
        let response = try parse(output)
        #expect(response.status == status)
        #expect(response.bodyStart == bodyStart)
    }

    @Test(
        arguments: [
            ("", CGIResponse.Invalid.empty),
            ("Content-Type: text/plain", .headerNotEnded(byteCount: 24)),
            ("Content-Type: text/plain\n", .headerNotEnded(byteCount: 25)),
            ("hello\n\n", .malformedLine(number: 1)),
            ("Content-Type: a\n: b\n\n", .malformedLine(number: 2)),
            ("Content-Type: a\n folded\n\n", .malformedLine(number: 2)),
            ("Content-Type : a\n\n", .malformedLine(number: 1)),
            ("Content-Type: a\u{0}b\n\n", .malformedLine(number: 1)),
            ("Content-Type: a\rb\n\n", .malformedLine(number: 1)),
            ("Status: 99\n\n", .malformedStatus("99")),
            ("Status: 100\n\n", .malformedStatus("100")),
            ("Status: 600\n\n", .malformedStatus("600")),
            ("Status: 2000\n\n", .malformedStatus("2000")),
            ("Status: +20\n\n", .malformedStatus("+20")),
            ("Status: 200\nStatus: 201\n\n", .repeatedField("Status")),
            ("X: y\n\nbody", .noDocument),
            ("\nbody", .noDocument),
        ]
    )
    func `output that is not a response is refused`(
        output: String,
        expected: CGIResponse.Invalid
    ) {
        #expect(throws: expected) { try parse(output) }
    }

    @Test func `every cut of a header block is refused`() {
        let block = Array("Content-Type: text/plain\r\nX-A: b\r\n\r\n".utf8)
        for count in block.indices {
            #expect(throws: CGIResponse.Invalid.self) {
                try CGIResponse(parsing: Array(block.prefix(count)))
            }
        }
        #expect(throws: Never.self) { try CGIResponse(parsing: block) }
    }

    @Test func `a guest cannot set framing or what the platform reports`() throws {
        let response = try parse(
            """
            Content-Type: text/plain
            Content-Length: 7
            Transfer-Encoding: chunked
            Connection: close
            X-Function-Error: trap
            x-request-id: mine
            X-Mine: yes


            """
        )
        #expect(response.fields.map(\.name) == ["Content-Type", "X-Mine"])
        #expect(response.contentLength == 7)
    }

    @Test func `a length is a number, and given once`() {
        let head = "Status: 200\nContent-Length: "
        for length in ["-1", "1 2", "0x5", "", "99999999999999999999"] {
            #expect(throws: CGIResponse.Invalid.malformedLength(length)) {
                try parse(head + length + "\n\n")
            }
        }
        #expect(throws: CGIResponse.Invalid.repeatedField("Content-Length")) {
            try parse(head + "1\nContent-Length: 1\n\n")
        }
    }

    @Test func `the header block is bounded`() throws {
        let line = "X: " + String(repeating: "y", count: 996) + "\n"
        let fits = String(repeating: line, count: 65) + "Status: 200\n\n"
        #expect(fits.utf8.count < CGIResponse.headerBytesMax)
        #expect(try parse(fits).fields.count == 65)
        let large = String(repeating: line, count: 66) + "Status: 200\n\n"
        #expect(throws: CGIResponse.Invalid.headerTooLarge(byteCountMax: 65_536)) {
            try parse(large)
        }
        let many = String(repeating: "X: y\n", count: 129) + "\n"
        #expect(throws: CGIResponse.Invalid.tooManyFields(countMax: 128)) { try parse(many) }
    }
}

struct QueryArgumentsTests {
    @Test(
        arguments: [
            ("", []), ("a", ["a"]), ("a+b", ["a", "b"]), ("a%20b+c", ["a b", "c"]),
            ("a=b", []), ("a%3Db", ["a=b"]), ("a%", []), ("a%4", []), ("a%zz", []), ("a%00", []),
            ("++a++", ["a"]),
        ]
    )
    func `a query without an equals sign is a command line`(query: String, words: [String]) {
        let found = QueryArguments.words(of: query.utf8)
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == words)
    }
}

struct RequestIdentityTests {
    @Test(arguments: [
        "a", "01a205ad-9ec9-72d4", "a.b:c=d+e@f_g", String(repeating: "x", count: 128),
    ])
    func `a sane request id is kept`(identifier: String) {
        #expect(RequestIdentity.isAcceptable(identifier))
    }

    @Test(arguments: ["", "a b", "a/b", "a\"", "<x>", "é", String(repeating: "x", count: 129)])
    func `any other request id is replaced`(identifier: String) {
        #expect(!RequestIdentity.isAcceptable(identifier))
    }
}

struct RequestIdentifierFieldTests {
    @Test func `a new identifier is sent as it is recorded`() {
        var maker = UUIDv7Maker()
        for _ in 0..<100 {
            let identifier = maker.next()
            guard case .uuid(let high, let low) = identifier else {
                Issue.record("\(identifier) is no UUID")
                return
            }
            var lines = FieldLines()
            lines.begin(FieldLines.Text("Id: "))
            lines.appendUUID(high: high, low: low)
            lines.end()
            var fields = Fields()
            fields.append(lines)
            #expect(fields["id"] == identifier.description)
            #expect(RecordIdentifier(identifier.description) == identifier)
        }
    }
}

struct JSONTextTests {
    @Test func `strings are escaped and members separated`() {
        var json = JSONText()
        json.object { json in
            json.member("a\"\\", "\n\u{1}é")
            json.member("n", -5)
            json.key("list")
            json.array { json in
                json.number(1)
                json.null()
                json.object { _ in }
            }
        }
        #expect(json.text == #"{"a\"\\":"\n\u0001é","n":-5,"list":[1,null,{}]}"#)
    }
}
