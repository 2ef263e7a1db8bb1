/// A place in the order of records, or of log lines, as text that callers hand back.
struct Cursor {
    var key: Int64
    var sequence: Int64 = 0

    init(key: Int64, sequence: Int64 = 0) {
        self.key = key
        self.sequence = sequence
    }

    /// Reads a cursor made by `pageText`.
    init(page text: String) throws(StoreError) {
        guard let key = Self.number(text.dropFirst(1), prefix: text.first, "p") else {
            throw .invalidCursor
        }
        self.init(key: key)
    }

    /// Reads a cursor made by `logText`.
    init(log text: String) throws(StoreError) {
        let parts = text.dropFirst(1).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let key = Self.number(parts[0], prefix: text.first, "l"),
            let sequence = Self.number(parts[1], prefix: "l", "l")
        else { throw .invalidCursor }
        self.init(key: key, sequence: sequence)
    }

    var pageText: String { "p\(String(key, radix: 36))" }

    var logText: String { "l\(String(key, radix: 36)).\(String(sequence, radix: 36))" }

    private static func number(
        _ digits: Substring,
        prefix: Character?,
        _ expected: Character
    ) -> Int64? {
        guard prefix == expected, digits.first != "+" else { return nil }
        return Int64(digits, radix: 36)
    }
}
