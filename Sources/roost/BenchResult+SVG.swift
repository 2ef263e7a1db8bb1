import Daemon

extension BenchResult {
    /// A picture of how the times of starts are spread: for each kind a row of bars, over ranges of microseconds that
    /// are each twice as wide as the one before.
    func picture(title: String) -> String {
        let spreads = spreads
        let limits = Set(spreads.flatMap { $0.buckets.map(\.upTo) }).sorted()
        let column = 44
        let row = 150
        let width = 90 + max(limits.count, 8) * column
        let height = 60 + spreads.count * row
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            font-family="sans-serif" font-size="11">
            """,
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            text(20, 24, Self.escaped(title), size: 15),
        ]
        for (index, spread) in spreads.enumerated() {
            let base = 40 + (index + 1) * row - 40
            lines.append(text(20, base - 40, spread.kind, size: 13))
            lines.append(
                "<line x1=\"80\" x2=\"\(width - 10)\" y1=\"\(base)\" y2=\"\(base)\" stroke=\"#888\"/>"
            )
            for bucket in spread.buckets {
                guard let place = limits.firstIndex(of: bucket.upTo) else { continue }
                let x = 84 + place * column
                let bar = max(1, Int(bucket.share * 80))
                lines.append(
                    """
                    <rect x="\(x)" y="\(base - bar)" width="\(column - 8)" height="\(bar)" fill="#36c">\
                    <title>up to \(bucket.upTo) µs: \(bucket.count)</title></rect>
                    """
                )
                lines.append(text(x, base - bar - 4, "\(bucket.count)", size: 9))
                lines.append(text(x, base + 14, Self.label(bucket.upTo), size: 9))
            }
        }
        lines.append(text(20, height - 10, "microseconds, up to", size: 9))
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private func text(_ x: Int, _ y: Int, _ content: String, size: Int) -> String {
        "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\" fill=\"#222\">\(content)</text>"
    }

    private static func label(_ limit: Double) -> String {
        limit == limit.rounded() ? "\(Int(limit))" : "\(limit)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
