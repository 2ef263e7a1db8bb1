import Testing

@testable import HTTP

struct FieldLinesTests {
    private func encoded(_ fields: Fields) throws -> String {
        var output: [UInt8] = []
        let context = ResponseEncoder.Context(isHead: false, version: .http11, keepsAlive: true)
        _ = try ResponseEncoder().encodeHead(
            Response(status: .ok, fields: fields, body: []),
            context,
            into: &output
        )
        return String(decoding: output, as: UTF8.self)
    }

    private func text(_ octets: String) -> (inout [UInt8]) -> Void {
        { $0.append(contentsOf: octets.utf8) }
    }

    @Test func `lines that are kept as they are sent, and others, are encoded alike`() throws {
        var fields: Fields = ["A": "1", "Gone": "x", "B": "2"]
        #expect(fields.areLines)
        fields.remove("gone")
        #expect(!fields.areLines)
        #expect(try encoded(fields) == encoded(["A": "1", "B": "2"]))
    }

    @Test(arguments: ["Connection", "content-length", "Transfer-Encoding", "Date", "TE"])
    func `what the encoder writes itself is left out`(name: String) throws {
        #expect(try encoded(["A": "1", name: "7"]) == encoded(["A": "1"]))
    }

    @Test func `a field takes the place of the others of its name`() throws {
        var fields: Fields = ["a": "1", "B": "2", "A": "3"]
        fields.append(replacingOthers: true, name: text("A"), value: text("4"))
        #expect(fields == ["B": "2", "A": "4"])
        #expect(try encoded(fields) == encoded(["B": "2", "A": "4"]))
        fields.append(replacingOthers: false, name: text("B"), value: text("5"))
        #expect(fields.values(of: "b") == ["2", "5"])
    }

    @Test func `a line that could start another response is invalid`() {
        var fields = Fields()
        fields.append(replacingOthers: false, name: text("A"), value: text("1\r\nB: 2"))
        #expect(!fields.isValid)
        #expect(throws: ResponseEncoder.EncodingError.invalidField) { try encoded(fields) }
    }
}
