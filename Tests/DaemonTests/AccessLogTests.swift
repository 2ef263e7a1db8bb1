import Glibc
import Linux
import TestSupport
import Testing

@testable import Daemon

struct AccessLogTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func makeEntry() -> AccessLogEntry {
        AccessLogEntry(
            startedAt: 1_769_854_830_007_999_999,
            durationNanoseconds: 1_234_567,
            client: "192.0.2.1"
        )
    }

    private func line(_ entry: AccessLogEntry) -> String {
        var formatter = AccessLogFormatter()
        return String(decoding: formatter.line(entry), as: UTF8.self)
    }

    private func makeLog(_ name: String) throws -> AccessLog {
        try AccessLog(folder.file(name)) { Issue.record("\($0)") }
    }

    // MARK: - Lines

    @Test func `a line has every member, in order`() {
        var entry = makeEntry()
        entry.requestIdentifier = "r"
        entry.function = "hello"
        entry.method = "GET"
        entry.target = "/f/hello?a=b"
        entry.version = "HTTP/1.1"
        entry.status = 200
        entry.bytesIn = 5
        entry.bytesOut = 6
        entry.userAgent = "curl"
        entry.referer = "http://example.org/"
        #expect(
            line(entry) == """
                {"time":"2026-01-31T10:20:30.007Z","client":"192.0.2.1","method":"GET",\
                "target":"/f/hello?a=b","version":"HTTP/1.1","status":200,"bytesIn":5,"bytesOut":6,\
                "durationUs":1234,"requestId":"r","function":"hello","userAgent":"curl",\
                "referer":"http://example.org/"}

                """
        )
    }

    @Test func `what is not known is null, and what was cut is marked`() {
        var entry = makeEntry()
        entry.isComplete = false
        #expect(
            line(entry) == """
                {"time":"2026-01-31T10:20:30.007Z","client":"192.0.2.1","method":null,\
                "target":null,"version":null,"status":null,"bytesIn":0,"bytesOut":0,\
                "durationUs":1234,"requestId":null,"function":null,"userAgent":null,\
                "referer":null,"aborted":true}

                """
        )
    }

    @Test(
        arguments: [
            (#"a"b\c"#, #"a\"b\\c"#), ("a\nb\r\t\u{0}", #"a\u000ab\u000d\u0009\u0000"#),
            ("\u{1b}[2J\u{7f}\u{9b}1m", #"\u001b[2J\u007f\u009b1m"#), ("ä€😀\u{a0}", "ä€😀\u{a0}"),
        ]
    )
    func `nothing in a line is taken for its end or for a terminal's command`(
        text: String,
        written: String
    ) {
        var entry = makeEntry()
        entry.userAgent = text
        #expect(line(entry).contains("\"userAgent\":\"\(written)\","))
    }

    @Test func `a formatter follows the time`() {
        var formatter = AccessLogFormatter()
        let times: [UInt64] = [
            0, 999_999_999, 1_000_000_000, 1_000_000, 951_782_400_000_000_000,
        ]
        let texts = times.map { nanoseconds in
            var entry = makeEntry()
            entry.startedAt = nanoseconds
            return String(decoding: formatter.line(entry).dropFirst(9).prefix(24), as: UTF8.self)
        }
        #expect(
            texts == [
                "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.999Z", "1970-01-01T00:00:01.000Z",
                "1970-01-01T00:00:00.001Z", "2000-02-29T00:00:00.000Z",
            ]
        )
    }

    // MARK: - Files

    @Test func `lines are appended to the file, in order`() throws {
        try folder.write("before\n", to: "log")
        let log = try makeLog("log")
        let lines = (0..<5_000).map { "line \($0) " + String(repeating: "x", count: $0 % 300) }
        for line in lines { log.append(Array((line + "\n").utf8)) }
        log.stop()
        #expect(log.droppedCount == 0)
        #expect(folder.text(of: "log") == (["before"] + lines).map { $0 + "\n" }.joined())
    }

    @Test func `a file that was renamed is let go when the log is opened again`() throws {
        let log = try makeLog("log")
        #expect(unsafe rename(folder.file("log"), folder.file("log.1")) == 0)
        try log.open(folder.file("log"))
        log.append(Array("line\n".utf8))
        log.stop()
        #expect(folder.text(of: "log") == "line\n")
        #expect(folder.text(of: "log.1") == "")
    }

    @Test func `a file that cannot be opened changes nothing`() throws {
        #expect(throws: SystemError.self) { _ = try AccessLog("/nowhere/log") { _ in } }
        let log = try makeLog("log")
        #expect(throws: SystemError.self) { try log.open("/nowhere/log") }
        log.append(Array("line\n".utf8))
        log.stop()
        #expect(folder.text(of: "log") == "line\n")
    }

    @Test func `what cannot be written is counted, and complained of once`() throws {
        let journal = Mailbox<SystemError>(capacity: 8)
        let log = try AccessLog("/dev/full") { _ = journal.send($0) }
        for _ in 0..<3 { log.append(Array("line\n".utf8)) }
        log.stop()
        #expect(log.droppedCount == 3)
        var complaints: [SystemError] = []
        _ = journal.take(into: &complaints)
        #expect(complaints == [SystemError(call: "write", code: ENOSPC)])
    }

    @Test func `what does not fit is dropped and counted`() throws {
        let log = try makeLog("log")
        let line = [UInt8](repeating: 0x61, count: AccessLog.waitingBytesMax)
        log.append(line + [0x0a])
        #expect(log.droppedCount == 1)
        log.append(line)
        #expect(log.droppedCount == 1)
        log.stop()
        #expect(folder.text(of: "log")?.utf8.count == line.count)
        log.append([0x0a])
        #expect(log.droppedCount == 2)
    }

    @Test func `hammer: four threads' lines stay whole`() throws {
        let log = try makeLog("log")
        let threads = ThreadGroup()
        for index in 0..<4 {
            try threads.spawn(name: "hammer") {
                for number in 0..<2_000 { log.append(Array("\(index) \(number)\n".utf8)) }
            }
        }
        threads.joinAll()
        log.stop()
        let lines = try #require(folder.text(of: "log")).split(separator: "\n")
        let expected = (0..<4).flatMap { index in (0..<2_000).map { "\(index) \($0)" } }
        #expect(lines.map(String.init).sorted() == expected.sorted())
    }
}
