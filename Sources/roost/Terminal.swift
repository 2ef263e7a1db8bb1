import Foundation

/// What a standard stream of this process can show, and text made for it.
///
/// Everything that is coloured or redrawn asks here first: pipes and files get plain text.
struct Terminal: Sendable {
    /// Standard output.
    static let output = Terminal(STDOUT_FILENO)
    /// Standard error.
    static let errors = Terminal(STDERR_FILENO)

    /// Whether somebody looks at it who sees lines redrawn.
    let isInteractive: Bool
    /// Whether colours are wanted.
    let hasColors: Bool

    /// The looks of text, by their codes in ECMA-48 §8.3.117.
    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private init(_ descriptor: Int32) {
        self.init(
            isTerminal: isatty(descriptor) == 1,
            environment: ProcessInfo.processInfo.environment
        )
    }

    /// Decides by the environment: `TERM=dumb` has neither colours nor redrawing, `NO_COLOR` (any
    /// text but none, see no-color.org) has no colours.
    init(isTerminal: Bool, environment: [String: String]) {
        let kind = environment["TERM"] ?? ""
        isInteractive = isTerminal && !kind.isEmpty && kind != "dumb"
        hasColors = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// The text in a style, or as it is where colours are not wanted.
    func styled(_ text: String, _ style: Style) -> String {
        hasColors ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }
}
