import Linux
import TestSupport
import Testing

@testable import Daemon

struct MetricsTextTests {
    private func parse(_ text: MetricsText) throws -> PrometheusText {
        try PrometheusText(parsing: String(decoding: text.octets, as: UTF8.self))
    }

    @Test func `any text can be the value of a label`() throws {
        var text = MetricsText()
        text.family("a_b", .gauge, "One\nand \\two.")
        let values = ["", "plain", "a\"b", "a\\nb", "a\nb", "\\", "é{}=,", "\u{0}\t"]
        for (index, value) in values.enumerated() {
            text.sample(MetricsText.Labels(("x", value), ("y", "z")), index)
        }
        let family = try #require(try parse(text)["a_b"])
        #expect(family.help == #"One\nand \\two."#)
        #expect(family.samples.map { $0["x"] } == values)
        #expect(family.samples.map(\.value) == values.indices.map(Double.init))
    }

    @Test(arguments: [
        (0.0, "0"), (5, "5"), (-3, "-3"), (1.5, "1.5"), (1e-6, "1e-06"), (0.00005, "5e-05"),
        (1_700_000_000.25, "1700000000.25"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"),
    ])
    func `numbers are written as the format wants them`(value: Double, written: String) {
        var text = MetricsText()
        text.gauge("a", "A.", value)
        let expected = "# HELP a A.\n# TYPE a gauge\na \(written)\n"
        #expect(String(decoding: text.octets, as: UTF8.self) == expected)
    }

    @Test func `a histogram is cumulative, in seconds`() throws {
        let histogram = DurationHistogram()
        for nanoseconds: UInt64 in [999, 1_000, 1_001, 70_000_000_000] {
            histogram.record(nanoseconds)
        }
        var text = MetricsText()
        text.family("a_seconds", .histogram, "A.")
        text.histogram(MetricsText.Labels(("f", "g")), histogram.snapshot)
        text.histogram(MetricsText.Labels(("f", "h")), DurationHistogram().snapshot)
        let parsed = try parse(text)
        func bucket(_ limit: String) -> Double? {
            parsed.value("a_seconds_bucket", ["f": "g", "le": limit])
        }
        #expect(bucket("1e-06") == 2)
        #expect(bucket("2e-06") == 3)
        #expect(bucket("1") == 3)
        #expect(bucket("60") == 3)
        #expect(bucket("+Inf") == 4)
        #expect(parsed.value("a_seconds_sum", ["f": "g"]) == 70.000003)
        #expect(parsed.value("a_seconds_count", ["f": "g"]) == 4)
        #expect(parsed.value("a_seconds_count", ["f": "h"]) == 0)
    }

    @Test(arguments: [
        "a 1\n", "# TYPE a gauge\na 1\n", "# HELP a A.\na 1\n",
        "# HELP a A.\n# TYPE a counter\na 1\n", "# HELP a A.\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1", "# HELP a A.\n# TYPE a gauge\na nan\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "# HELP a A.\n# TYPE a gauge\na{} 1\n",
        "# HELP a_seconds A.\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"1\"} 1\n",
        "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a gauge\n",
        "# HELP a A.\n# TYPE a gauge\na{b=\"\\t\"} 1\n",
    ])
    func `the parser of these tests forgives nothing`(text: String) {
        #expect(throws: PrometheusText.Failure.self) { try PrometheusText(parsing: text) }
    }
}
