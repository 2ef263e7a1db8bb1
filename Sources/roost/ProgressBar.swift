import Foundation

/// One line at the bottom of a terminal that says how far something is.
///
/// Writes to standard error, and nothing at all unless that is a terminal.
struct ProgressBar {
    private let isShown: Bool
    private let width = 32
    private var began = Date()
    private var phase = ""

    /// Makes a bar that is not drawn yet; `quiet` keeps it from ever being.
    init(quiet: Bool) {
        isShown = !quiet && isatty(STDERR_FILENO) == 1
    }

    /// Draws how much of a phase is done.
    mutating func show(_ phase: String, done: Int, of count: Int) {
        guard isShown, count > 0 else { return }
        if phase != self.phase { (self.phase, began) = (phase, Date()) }
        let line = Self.line(
            phase,
            done: done,
            of: count,
            width: width,
            seconds: Date().timeIntervalSince(began)
        )
        write("\r\u{1b}[2K" + line)
    }

    /// Takes the line away.
    func clear() {
        if isShown { write("\r\u{1b}[2K") }
    }

    /// The line: the phase, a bar, the share, the count, and what time is left.
    static func line(
        _ phase: String,
        done: Int,
        of count: Int,
        width: Int,
        seconds: Double
    ) -> String {
        let share = min(1, Double(done) / Double(count))
        let filled = Int(share * Double(width))
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        var line = "\(phase) \(bar) \(Int(share * 100)) %  \(done) of \(count)"
        if share > 0, share < 1, seconds >= 1 {
            line += "  \(Int((seconds / share - seconds).rounded(.up))) s left"
        }
        return line
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
