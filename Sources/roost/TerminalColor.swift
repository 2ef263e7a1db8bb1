import Foundation

/// Colours for a terminal; nothing is coloured when no terminal looks on, or `NO_COLOR` is set (https://no-color.org).
struct TerminalColor {
    private let isOn: Bool

    /// For what is written to standard output.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let refusal = environment["NO_COLOR"] ?? ""
        isOn = refusal.isEmpty && environment["TERM"] != "dumb" && isatty(STDOUT_FILENO) == 1
    }

    /// Colours of the terminal's own palette, by their SGR parameter.
    enum Color: Int {
        case red = 31
        case yellow = 33
        case blue = 34
        case cyan = 36
        case gray = 90
    }

    func paint(_ text: String, _ color: Color) -> String {
        isOn ? "\u{1b}[\(color.rawValue)m\(text)\u{1b}[0m" : text
    }
}
