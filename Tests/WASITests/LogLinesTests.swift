import Testing
import WASI

struct LogLinesTests {
    private func lines(_ pieces: [String], byteLimit: Int = 100, lineLimit: Int = 10) -> LogLines {
        var log = LogLines(byteLimit: byteLimit, lineLimit: lineLimit)
        for piece in pieces { log.append(Array(piece.utf8), to: .stderr, atMicroseconds: 0) }
        log.finish()
        return log
    }

    @Test(arguments: [
        ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]),
        ("a\r\nb\r", ["a", "b"]), ("é\n", ["é"]),
    ])
    func `text is split the same in whatever pieces it comes`(row: (text: String, lines: [String]))
    {
        #expect(lines([row.text]).lines.map(\.text) == row.lines)
        var log = LogLines()
        for byte in row.text.utf8 { log.append([byte], to: .stderr, atMicroseconds: 0) }
        log.finish()
        #expect(log.lines.map(\.text) == row.lines)
    }

    @Test func `streams keep their unfinished lines apart`() {
        var log = LogLines()
        log.append(Array("err".utf8), to: .stderr, atMicroseconds: 1)
        log.append(Array("out\nmore".utf8), to: .stdout, atMicroseconds: 2)
        log.append(Array("or\n".utf8), to: .stderr, atMicroseconds: 3)
        log.finish()
        #expect(log.lines.map(\.text) == ["out", "error", "more"])
        #expect(log.lines.map(\.stream) == [.stdout, .stderr, .stdout])
        #expect(log.lines.map(\.atMicroseconds) == [2, 1, 2])
        #expect(log.lines.map(\.sequence) == [0, 1, 2])
    }

    @Test func `the byte limit counts newlines`() {
        #expect(!lines(["12\n45\n"], byteLimit: 6).isTruncated)
        let cut = lines(["12\n45\n"], byteLimit: 5)
        #expect(cut.lines.map(\.text) == ["12", "45"])
        #expect(cut.lines.map(\.isCut) == [false, true])
        #expect(cut.droppedByteCount == 1)
    }

    @Test func `the line limit drops every line after it`() {
        #expect(!lines(["a\nb\n"], lineLimit: 2).isTruncated)
        let cut = lines(["a\nb\nc\n", "d"], lineLimit: 2)
        #expect(cut.lines.map(\.text) == ["a", "b"])
        #expect(cut.isTruncated)
    }

    @Test func `what is not UTF-8 is replaced in the text and kept in the bytes`() {
        var log = LogLines()
        log.append([0xFF, 0x41, 0x0A], to: .stderr, atMicroseconds: 0)
        #expect(log[0].text == "\u{FFFD}A")
        #expect(Array(log[0].bytes) == [0xFF, 0x41])
    }

    @Test func `an emptied log starts anew`() {
        var log = lines(["aaaaa\nbbb"], byteLimit: 4)
        log.removeAll()
        #expect(log.count == 0)
        #expect(!log.isTruncated)
        log.append(Array("x\n".utf8), to: .stderr, atMicroseconds: 9)
        #expect(log.lines.map(\.text) == ["x"])
        #expect(log.lines.map(\.isCut) == [false])
    }
}
