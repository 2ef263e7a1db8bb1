/// The identifier of a distributed trace.
public enum TraceIdentifier: Equatable, Sendable, CustomStringConvertible {
    /// 32 hexadecimal digits, as W3C Trace Context has them: 128 bits that are not all zero.
    case number(high: UInt64, low: UInt64)
    /// Any other text, as records of other programs may have it.
    case text(String)

    /// Takes a text as a number if it is one.
    public init(_ text: String) {
        if let (high, low) = Hexadecimal.halves(text), high | low != 0 {
            self = .number(high: high, low: low)
        } else {
            self = .text(text)
        }
    }

    /// The digits, or the text.
    public var description: String {
        switch self {
        case .number(let high, let low): Hexadecimal.text(high: high, low: low)
        case .text(let text): text
        }
    }
}
