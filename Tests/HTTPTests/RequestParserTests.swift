import HTTP
import Testing

/// What a sequence of octets comes to: each complete request in short form, then the error if any.
struct Outcome: Equatable, CustomStringConvertible {
    var requests: [String] = []
    var error: ParseError?

    var description: String { "\(requests) \(error.map { "\($0.kind) at \($0.offset)" } ?? "")" }
}

/// Parses `pieces` one after the other, as a connection would.
func parse(
    _ pieces: [[UInt8]],
    limits: Limits = Limits(),
    bodyBytesMax: Int = 1 << 20
) -> Outcome {
    var parser = RequestParser(limits: limits)
    var outcome = Outcome()
    var head: RequestHead?
    do throws(ParseError) {
        for piece in pieces {
            var position = 0
            feeding: while true {
                switch try parser.consume(piece, from: &position, upTo: piece.count) {
                case .needMore:
                    #expect(position == piece.count)
                    break feeding
                case .head(let complete):
                    head = complete
                    try parser.acceptBody(bytesMax: bodyBytesMax)
                case .complete(let body):
                    guard let head else { break feeding }
                    outcome.requests.append(describe(head, body))
                }
            }
        }
    } catch {
        outcome.error = error
    }
    return outcome
}

private func describe(_ head: RequestHead, _ body: [UInt8]) -> String {
    var text = "\(head.method.rawValue) \(head.path)"
    if let query = head.query { text += " ?\(query)" }
    text += " @\(head.authority ?? "-")"
    for (name, value) in head.fields where name.lowercased() != "host" {
        text += " \(name)=\(value)"
    }
    text += head.keepsAlive ? " keep" : " close"
    if head.expectsContinue { text += " expects" }
    return text + " [\(String(decoding: body, as: UTF8.self))]"
}

/// A row of octets with what they must come to, whole and cut anywhere.
struct ParserCase: Sendable, CustomTestStringConvertible {
    let name: String
    let input: [UInt8]
    let requests: [String]
    let kind: ParseError.Kind?
    let offset: Int?

    init(
        _ name: String,
        _ input: String,
        _ requests: [String] = [],
        error kind: ParseError.Kind? = nil,
        at offset: Int? = nil
    ) {
        self.name = name
        self.input = input.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        self.requests = requests
        self.kind = kind
        self.offset = offset
    }

    var testDescription: String { name.debugDescription }

    func check(_ outcome: Outcome, _ comment: Comment? = nil) {
        #expect(outcome.requests == requests, comment)
        #expect(outcome.error?.kind == kind, comment)
        if let offset { #expect(outcome.error?.offset == offset, comment) }
    }
}

struct RequestParserTests {
    @Test(arguments: ParserCase.wellFormed + ParserCase.malformed)
    func `every case comes to what its row says`(row: ParserCase) {
        row.check(parse([row.input]))
    }

    @Test(arguments: ParserCase.wellFormed + ParserCase.malformed)
    func `cutting the input anywhere changes nothing`(row: ParserCase) {
        for cut in 0...row.input.count {
            row.check(parse([Array(row.input[..<cut]), Array(row.input[cut...])]), "cut at \(cut)")
        }
        row.check(parse(row.input.map { [$0] }), "octet by octet")
    }

    @Test(arguments: ParserCase.wellFormed + ParserCase.malformed)
    func `a case that follows another request on the connection comes to the same`(
        row: ParserCase
    ) {
        let first = ParserCase("", "GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        var outcome = parse([first.input + row.input])
        #expect(outcome.requests.first == "GET /first @a keep []")
        outcome.requests.removeFirst()
        row.check(outcome)
    }

    @Test(arguments: ParserCase.wellFormed)
    func `a truncated request is never complete`(row: ParserCase) {
        for count in 0..<row.input.count {
            let outcome = parse([Array(row.input[..<count])])
            #expect(outcome.error == nil)
            #expect(outcome.requests.count < max(1, row.requests.count))
        }
    }

    @Test func `a discarded body is skipped and the next request read`() throws {
        let input = Array(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n".utf8
        )
        var parser = RequestParser(limits: Limits())
        var position = 0
        guard case .head = try parser.consume(input, from: &position, upTo: input.count) else {
            Issue.record("no head")
            return
        }
        let canDiscard = parser.discardBody(bytesMax: 3)
        #expect(canDiscard)
        guard
            case .complete(let body) = try parser.consume(
                input,
                from: &position,
                upTo: input.count
            )
        else {
            Issue.record("not complete")
            return
        }
        #expect(body.isEmpty)
        #expect(input[position...].starts(with: "GET /b".utf8))
    }

    @Test(arguments: ["Content-Length: 4", "Transfer-Encoding: chunked"])
    func `a body that is too long or of unknown length cannot be discarded`(field: String) throws {
        let input = Array("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n".utf8)
        var parser = RequestParser(limits: Limits())
        var position = 0
        _ = try parser.consume(input, from: &position, upTo: input.count)
        let canDiscard = parser.discardBody(bytesMax: 3)
        #expect(!canDiscard)
    }

    @Test(arguments: [ParseError.Kind.headTooLarge, .malformedChunk, .unknownMethod])
    func `an error has one status between 400 and 505`(kind: ParseError.Kind) {
        #expect((400...505).contains(ParseError(kind, offset: 0).status.code))
    }
}
