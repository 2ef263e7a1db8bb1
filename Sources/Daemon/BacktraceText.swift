import Wasm

/// A guest's call stack as people read it: a line for each frame, the innermost first.
package enum BacktraceText {
    /// The lines of a trap's report, as records have it.
    package static func lines(of report: JSONValue) -> [String] {
        guard case .array(let frames)? = report["backtrace"] else { return [] }
        var shown = 0
        var lines: [String] = []
        for (index, frame) in frames.enumerated() {
            let count = frame["count"]?.integer ?? 1
            shown += Int(clamping: count)
            var source = frame["file"]?.string
            for part in ["line", "column"] {
                guard let number = frame[part]?.integer else { break }
                source? += ":\(number)"
            }
            lines.append(
                line(
                    index,
                    name: frame["name"]?.string,
                    function: frame["function"]?.integer ?? 0,
                    offset: frame["offset"]?.integer ?? 0,
                    source: source,
                    count: count
                )
            )
        }
        let depth = Int(clamping: report["depth"]?.integer ?? 0)
        return lines + rest(depth - shown)
    }

    /// The lines of a trap.
    static func lines(of trap: Trap) -> [String] {
        trap.backtrace.enumerated().map { index, frame in
            line(
                index,
                name: frame.name,
                function: Int64(frame.function),
                offset: Int64(frame.offset),
                source: frame.source.map { "\($0)" },
                count: Int64(frame.count)
            )
        } + rest(trap.depth - trap.shownDepth)
    }

    private static func line(
        _ index: Int,
        name: String?,
        function: Int64,
        offset: Int64,
        source: String?,
        count: Int64
    ) -> String {
        let name = name ?? "<function \(function)>"
        let place = "at byte 0x\(String(offset, radix: 16))"
        let source = source.map { " (\($0))" } ?? ""
        return "\(index): \(name) \(place)\(source)" + (count > 1 ? ", \(count) times" : "")
    }

    private static func rest(_ count: Int) -> [String] { count > 0 ? ["… \(count) more"] : [] }
}
