import Testing

@testable import roost

struct TerminalTests {
    @Test(
        arguments: [
            (true, ["TERM": "xterm"], true, true),
            (false, ["TERM": "xterm"], false, false),
            (true, ["TERM": "dumb"], false, false),
            (true, [:], false, false),
            (true, ["TERM": "xterm", "NO_COLOR": "1"], true, false),
            // As no-color.org has it, an empty one says nothing.
            (true, ["TERM": "xterm", "NO_COLOR": ""], true, true),
        ] as [(Bool, [String: String], Bool, Bool)]
    )
    func `colours and redrawing are for terminals that want them`(
        _ row: (
            isTerminal: Bool, environment: [String: String], isInteractive: Bool, hasColors: Bool
        )
    ) {
        let terminal = Terminal(isTerminal: row.isTerminal, environment: row.environment)
        #expect(terminal.isInteractive == row.isInteractive)
        #expect(terminal.hasColors == row.hasColors)
        #expect(terminal.styled("a", .red) == (row.hasColors ? "\u{1b}[31ma\u{1b}[0m" : "a"))
    }

    @Test func `bytes are counted in thousands and millions`() {
        #expect(
            ProgressBar.line(
                "uploading",
                done: 500_000,
                of: 2_000_000,
                unit: .bytes,
                width: 4,
                seconds: 0
            ) == "uploading █░░░ 25 %  500 kB of 2.0 MB"
        )
    }

    @Test(arguments: [
        (0.0, "██░░░░░░ 0 s"), (0.5, "░░░██░░░ 0 s"), (1.0, "░░░░░░██ 1 s"), (1.5, "░░░██░░░ 1 s"),
    ])
    func `a bar without a measure goes to and fro`(_ row: (seconds: Double, bar: String)) {
        #expect(
            ProgressBar.busyLine("building", width: 8, seconds: row.seconds)
                == "building \(row.bar)"
        )
    }
}
