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

    private static let name = FieldLines.Text("Name: ")

    /// The value of a line that `write` writes.
    private func value(_ write: (inout FieldLines) -> Void) -> String? {
        var lines = FieldLines()
        lines.begin(Self.name)
        write(&lines)
        lines.end()
        var fields: Fields = ["A": "1"]
        fields.append(lines)
        return fields["name"]
    }

    @Test(
        arguments: [
            (0, "0.000"), (7, "0.007"), (45, "0.045"), (999, "0.999"), (1_000, "1.000"),
            (1_023_456, "1023.456"), (10_000_000_000_001, "10000000000.001"),
        ]
    )
    func `milliseconds have microseconds after the point`(microseconds: UInt64, text: String) {
        #expect(value { $0.append(millisecondsOf: microseconds) } == text)
    }

    @Test(
        arguments: [
            0, 9, 10, 99_999_999, 100_000_000, 100_000_001, 20_000_000_300_000_004, .max,
        ] as [UInt64]
    )
    func `a number has all its digits`(number: UInt64) {
        #expect(value { $0.append(decimal: number) } == String(number))
    }

    @Test func `lines are appended with their names and values`() throws {
        var lines = FieldLines()
        let start = FieldLines.Text("X-Start: like ")
        lines.begin(start)
        lines.append(FieldLines.Text("a text of thirty-two octets here"))
        lines.end()
        lines.begin(Self.name)
        lines.append(0x6362, count: 2)
        lines.end()
        var fields: Fields = ["A": "1"]
        fields.append(lines)
        let expected: Fields = [
            "A": "1", "X-Start": "like a text of thirty-two octets here", "Name": "bc",
        ]
        #expect(fields == expected)
        #expect(try encoded(fields) == encoded(expected))
        fields.append("B", "2")
        #expect(fields.areLines)
        #expect(fields["x-start"] == "like a text of thirty-two octets here")
    }

    @Test func `a line that could start another response is invalid`() {
        var fields = Fields()
        fields.append(replacingOthers: false, name: text("A"), value: text("1\r\nB: 2"))
        #expect(!fields.isValid)
        #expect(throws: ResponseEncoder.EncodingError.invalidField) { try encoded(fields) }
    }
}
