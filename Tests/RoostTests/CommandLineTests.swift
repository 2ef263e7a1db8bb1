import ArgumentParser
import Foundation
import Testing

@testable import roost

struct CommandLineTests {
    @Test(arguments: [
        ("90s", "2023-11-14T22:11:50Z"), ("10m", "2023-11-14T22:03:20Z"),
        ("2h", "2023-11-14T20:13:20Z"), ("7d", "2023-11-07T22:13:20Z"),
        ("2023-11-14T22:13:20+01:00", "2023-11-14T22:13:20+01:00"),
    ])
    func `an age or a moment is read`(_ row: (String, String)) {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(PointInTime(row.0, now: now)?.text == row.1)
    }

    @Test(arguments: ["", "s", "10", "-1s", "+1s", "1w", "yesterday", "2023-11-14"])
    func `what is neither age nor moment is refused`(_ text: String) {
        #expect(PointInTime(text, now: Date()) == nil)
    }

    @Test func `a table aligns its columns and keeps to its rows`() {
        var table = Table([("NAME", .left), ("COUNT", .right), ("NOTE", .left)])
        table.add(["a-long-name", "7", ""])
        table.add(["b", "12345678", "x\ny\u{1b}[31m"])
        #expect(
            table.lines == [
                "NAME            COUNT  NOTE",
                "a-long-name         7",
                "b            12345678  x\u{fffd}y\u{fffd}[31m",
            ]
        )
    }

    @Test(arguments: [
        (
            #"{"title":"Invalid module","detail":"type mismatch","offset":17,"rule":"stack","requestId":"7"}"#,
            "422 Invalid module: type mismatch (offset: 17, rule: stack) [request 7]"
        ),
        (#"{"missing":["a.b","c.d"]}"#, "422 (missing: a.b, c.d)"),
        ("<html>\nno", "422: <html>"),
        ("", "422: no further reason given"),
        ("[1]", "422: [1]"),
        (#"{"title":"a\u001b[2Jb"}"#, "422 a\u{fffd}[2Jb"),
    ])
    func `a problem is one line`(_ row: (String, String)) {
        #expect(Problem(status: 422, body: Data(row.0.utf8)).line == row.1)
    }

    @Test(arguments: [
        ("hello", "/f/hello/"), ("hello/", "/f/hello/"), ("hello/a/b?x=1", "/f/hello/a/b?x=1"),
        ("hello?x=a/b", "/f/hello/?x=a/b"), ("hello@3/a", "/f/hello@3/a"),
        ("a b/c%20d", "/f/a%20b/c%20d"),
    ])
    func `a target names a function and a path`(_ row: (String, String)) throws {
        let command = try InvokeCommand.parse([row.0])
        #expect(command.path == row.1)
    }

    @Test func `guest arguments come after their separator`() throws {
        let command = try RunCommand.parse(["a.wasm", "--env", "A=b=c", "--", "-x", "--env", "C"])
        #expect(command.arguments == ["-x", "--env", "C"])
        #expect(command.env.map(\.key) == ["A"])
        #expect(command.env.map(\.value) == ["b=c"])
    }

    @Test(arguments: [
        ["deploy", "a"], ["deploy", "a", "f", "--env", "A"],
        ["deploy", "a", "f", "--timeout-ms", "0"],
        ["logs", "--tail", "-1"], ["query"],
        ["query", "SELECT 1", "--limit", "0"], ["query", "SELECT 1", "--format", "xml"],
        ["query", "SELECT 1", "--json", "--format", "csv"],
        ["bench", "a", "--count", "0"],
        ["serve", "--workers", "0"], ["run"], ["run", "f", "--dir", "::x"], ["nothing"],
    ])
    func `a wrong command line is a usage error`(_ arguments: [String]) {
        #expect {
            _ = try Roost.parseAsRoot(arguments)
        } throws: { Roost.exitCode(for: $0).rawValue == 64 }
    }
}
