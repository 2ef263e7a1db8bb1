/// Something that an examination of a data folder found.
public struct Finding: Equatable, Sendable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// Something is wrong.
        case problem
        /// Something was wrong, and is not any more.
        case mended
        /// Good to know.
        case note
    }

    /// How bad it is.
    public var severity: Severity

    /// What it is about: a file, a function.
    public let place: String

    /// What was found.
    public let detail: String

    /// How to mend it, if there is anything to do.
    public let advice: String?

    /// Makes a finding.
    public init(_ severity: Severity, _ place: String, _ detail: String, advice: String? = nil) {
        self.severity = severity
        self.place = place
        self.detail = detail
        self.advice = advice
    }
}
