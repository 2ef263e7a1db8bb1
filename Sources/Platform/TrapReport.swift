import Wasm

/// What a guest had used when it failed, and what it had said last.
struct GuestFigures {
    /// Instructions executed.
    var fuel: UInt64 = 0
    /// Linear memory.
    var memoryBytes = 0
    /// The last lines of its log.
    var lastLines: [String] = []

    /// How many lines are shown beside a trap.
    static let lastLinesMax = 20
}

/// The JSON form of a trap.
enum TrapReport {
    /// The whole document; `figures` is nil for a guest that is not measured.
    static func text(_ trap: Trap, _ figures: GuestFigures? = nil) -> String {
        var json = JSONText()
        write(trap, figures, to: &json)
        return json.text
    }

    /// Writes the document as the next value.
    static func write(_ trap: Trap, _ figures: GuestFigures?, to json: inout JSONText) {
        json.object { json in
            json.member("kind", trap.kind.description)
            json.member("message", trap.description)
            if let figures {
                json.member("fuel", figures.fuel)
                json.member("memoryBytes", figures.memoryBytes)
            }
            json.member("depth", trap.depth)
            json.key("backtrace")
            json.array { json in
                for frame in trap.backtrace { write(frame, to: &json) }
            }
        }
    }

    private static func write(_ frame: Trap.Frame, to json: inout JSONText) {
        json.object { json in
            json.member("function", frame.function)
            if let name = frame.name { json.member("name", name) }
            json.member("offset", frame.offset)
            if let source = frame.source {
                json.member("file", source.file)
                json.member("line", source.line)
                if let column = source.column { json.member("column", column) }
            }
            // A run of frames that are all alike, as recursion makes them.
            if frame.count > 1 { json.member("count", frame.count) }
        }
    }
}
