import Daemon
import Foundation
import Testing

@testable import roost

struct BenchResultTests {
    private static func result(_ p50: Double) throws -> BenchResult {
        let phase = """
            {"p50":\(p50),"p95":2,"p99":3,"p999":4,"max":5,
             "histogram":[{"upTo":0.125,"count":6},{"upTo":8,"count":2}]}
            """
        let text = """
            {"kinds":{"fresh":{"phases":{"start":\(phase)}},
                      "pooled":{"phases":{"guest":\(phase),"start":\(phase)}}}}
            """
        return BenchResult(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
    }

    @Test func `the table has a line for each kind and phase, in order`() throws {
        let lines = try Self.result(1.5).table.lines
        #expect(lines.count == 4)
        #expect(lines[0].split(separator: " ").map(String.init).last == "MAX")
        #expect(lines[1].split(separator: " ").prefix(3) == ["pooled", "start", "1.5"])
        #expect(lines[2].split(separator: " ").prefix(2) == ["pooled", "guest"])
        #expect(lines[3].split(separator: " ") == ["fresh", "start", "1.5", "2", "3", "4", "5"])
    }

    @Test func `versions are compared by ratio`() throws {
        let lines = try Self.result(3).table(comparedTo: Self.result(1.5), 6, 7).lines
        #expect(lines[0].contains("P50 @6") && lines[0].contains("P50 @7"))
        let cells = lines[1].split(separator: " ").dropFirst(2).compactMap { Double($0) }
        #expect(cells == [1.5, 3, 2, 3, 3, 1])
    }

    @Test func `a chart has a bar for each range, the longest for the most frequent`() throws {
        let chart = try Self.result(1).chart
        #expect(chart.filter { $0.hasSuffix("starts, by microseconds") }.count == 2)
        #expect(chart[2] == "       ≤ 0.125  \(String(repeating: "█", count: 50)) 6")
        #expect(chart[3] == "         ≤ 8.0  \(String(repeating: "█", count: 17)) 2")
    }

    @Test func `a picture is SVG, and its title is text`() throws {
        let picture = try Self.result(1).picture(title: "a <b> & c")
        #expect(picture.hasPrefix("<svg xmlns=") && picture.hasSuffix("</svg>\n"))
        #expect(picture.contains(">a &lt;b> &amp; c</text>"))
        #expect(picture.components(separatedBy: "<title>").count == 5)
    }

    @Test func `charts are SVG or PNG, told by the name`() {
        #expect(ChartFile("a.svg") != nil && ChartFile("a.PNG") != nil && ChartFile("a.pdf") == nil)
    }

    @Test func `a progress bar says how much is done and what time is left`() {
        func line(_ done: Int, _ seconds: Double) -> String {
            ProgressBar.line("fresh", done: done, of: 200, width: 8, seconds: seconds)
        }
        #expect(line(50, 2) == "fresh ██░░░░░░ 25 %  50 of 200  6 s left")
        #expect(line(0, 2) == "fresh ░░░░░░░░ 0 %  0 of 200")
        #expect(line(200, 2) == "fresh ████████ 100 %  200 of 200")
    }
}
