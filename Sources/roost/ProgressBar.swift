import Foundation
import Synchronization

/// One line at the bottom of a terminal that says how far something is.
///
/// Writes to standard error, and nothing at all unless that is a terminal. Every command that may take
/// longer than a second has one, and a flag `--quiet` (``ProgressOptions``): make it, call ``show(_:done:of:unit:)`` as
/// often as something is done, or ``showBusy(_:)`` where nobody knows how much there is, and
/// ``clear()`` before anything else is printed. Any thread may call these.
final class ProgressBar: Sendable {
    /// What is counted.
    enum Unit {
        case things
        case bytes

        func text(_ count: Int) -> String {
            switch self {
            case .things: "\(count)"
            case .bytes where count < 1_000_000: "\(count / 1_000) kB"
            case .bytes: "\(count / 1_000_000).\(count / 100_000 % 10) MB"
            }
        }
    }

    private struct State {
        var phase = ""
        var began = Date()
        var lastDrawn = Date.distantPast
        /// Redraws what has no measure, while it is shown.
        var clock: (any DispatchSourceTimer)?
        var isDrawn = false
    }

    private static let width = 32
    /// The time between two drawings, in milliseconds.
    private static let interval = 80

    private let isShown: Bool
    private let state = Mutex(State())

    /// Makes a bar that is not drawn yet; `quiet` keeps it from ever being.
    init(quiet: Bool, terminal: Terminal = .errors) {
        isShown = !quiet && terminal.isInteractive
    }

    deinit { clear() }

    /// Draws how much of a phase is done.
    func show(_ phase: String, done: Int, of count: Int, unit: Unit = .things) {
        guard isShown, count > 0 else { return }
        state.withLock { state in
            Self.enter(phase, &state)
            let now = Date()
            let isDue = now.timeIntervalSince(state.lastDrawn) * 1_000 >= Double(Self.interval)
            guard isDue || done >= count else { return }
            state.lastDrawn = now
            let seconds = now.timeIntervalSince(state.began)
            Self.draw(
                Self.line(
                    phase,
                    done: done,
                    of: count,
                    unit: unit,
                    width: Self.width,
                    seconds: seconds
                ),
                &state
            )
        }
    }

    /// Draws, from now until the next call, that something goes on which nobody can measure.
    func showBusy(_ phase: String) {
        guard isShown else { return }
        state.withLock { state in
            Self.enter(phase, &state)
            let clock = DispatchSource.makeTimerSource(queue: .global())
            clock.setEventHandler { [weak self] in self?.drawBusy(phase) }
            let interval = DispatchTimeInterval.milliseconds(Self.interval)
            clock.schedule(deadline: .now() + interval, repeating: interval)
            clock.activate()
            state.clock = clock
            Self.drawBusy(phase, &state)
        }
    }

    private func drawBusy(_ phase: String) {
        state.withLock { state in
            // The clock's last call may come when it has been stopped.
            guard state.clock != nil, state.phase == phase else { return }
            Self.drawBusy(phase, &state)
        }
    }

    private static func drawBusy(_ phase: String, _ state: inout State) {
        let seconds = Date().timeIntervalSince(state.began)
        draw(busyLine(phase, width: width, seconds: seconds), &state)
    }

    /// Prints something else meanwhile: the line goes away, and comes back below.
    func above(_ print: () -> Void) {
        guard isShown else { return print() }
        state.withLock { state in
            if state.isDrawn { Self.write("\r\u{1b}[2K") }
            state.isDrawn = false
            print()
        }
    }

    /// Takes the line away.
    func clear() {
        guard isShown else { return }
        state.withLock { state in
            Self.stopClock(&state)
            if state.isDrawn { Self.write("\r\u{1b}[2K") }
            state = State()
        }
    }

    private static func enter(_ phase: String, _ state: inout State) {
        stopClock(&state)
        guard phase != state.phase else { return }
        (state.phase, state.began, state.lastDrawn) = (phase, Date(), .distantPast)
    }

    private static func stopClock(_ state: inout State) {
        state.clock?.cancel()
        state.clock = nil
    }

    private static func draw(_ line: String, _ state: inout State) {
        state.isDrawn = true
        write("\r\u{1b}[2K" + line)
    }

    /// The line: the phase, a bar, the share, the count, and what time is left.
    static func line(
        _ phase: String,
        done: Int,
        of count: Int,
        unit: Unit = .things,
        width: Int,
        seconds: Double
    ) -> String {
        let share = min(1, Double(done) / Double(count))
        let filled = Int(share * Double(width))
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        var line = "\(phase) \(bar) \(Int(share * 100)) %  "
        line += "\(unit.text(done)) of \(unit.text(count))"
        if share > 0, share < 1, seconds >= 1 {
            line += "  \(Int((seconds / share - seconds).rounded(.up))) s left"
        }
        return line
    }

    /// The line without a measure: the phase, a bar whose middle wanders, and the time.
    static func busyLine(_ phase: String, width: Int, seconds: Double) -> String {
        let piece = width / 4
        let way = width - piece
        // To and fro once in two seconds.
        let place = Int((seconds / 2 * Double(2 * way)).rounded(.down)) % (2 * way)
        let start = place <= way ? place : 2 * way - place
        let bar =
            String(repeating: "░", count: start) + String(repeating: "█", count: piece)
            + String(repeating: "░", count: way - start)
        return "\(phase) \(bar) \(Int(seconds)) s"
    }

    private static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
