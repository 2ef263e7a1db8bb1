/// Why a script ended without an answer, as it wrote on standard error before it exited with a code.
public struct ScriptFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where it happened; nil when the last line does not say.
    public struct Place: Equatable, Sendable {
        /// The file's path in the guest.
        public var file: String
        /// From 1.
        public var line: Int
        /// From 1; nil when it is not known.
        public var column: Int?
    }

    public var place: Place?
    /// What happened, without the place.
    public var message: String
    /// Everything that was written, stack included.
    public var output: String

    /// Reads what was written: the last line is `FILE:LINE:COLUMN: MESSAGE`, as the GNU coding standards have it, or
    /// the message alone.
    init(output: String) {
        let lines = output.split(separator: "\n", omittingEmptySubsequences: true)
        let last = lines.last.map(String.init) ?? ""
        self.output = output
        (place, message) = Self.split(last)
    }

    /// The place and the message, as compilers write them.
    public var description: String {
        guard let place else { return message }
        let column = place.column.map { ":\($0)" } ?? ""
        return "\(place.file):\(place.line)\(column): \(message)"
    }

    private static func split(_ line: String) -> (Place?, String) {
        guard line.hasPrefix("/"), let end = line.firstRange(of: ": ") else { return (nil, line) }
        var parts = line[..<end.lowerBound].split(separator: ":", omittingEmptySubsequences: false)
        var numbers: [Int] = []
        while parts.count > 1, numbers.count < 2, let number = Int(parts[parts.count - 1]) {
            numbers.insert(number, at: 0)
            parts.removeLast()
        }
        guard let first = numbers.first else { return (nil, line) }
        let place = Place(
            file: parts.joined(separator: ":"),
            line: first,
            column: numbers.count > 1 ? numbers[1] : nil
        )
        return (place, String(line[end.upperBound...]))
    }
}
