/// Swift source without what the compiler skips, so that rules look at code alone.
struct SourceText {
    /// The lines of code; comments and the contents of string literals are left out.
    let lines: [String]

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        lines = scanner.code().split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0) }
    }

    /// The modules that the file imports, with the line numbers of the imports.
    var imports: [(line: Int, module: String)] {
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+|\w+\s+)*?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)\s+)?(\w+)/
        return lines.enumerated().compactMap { index, line in
            line.firstMatch(of: pattern).map { (index + 1, String($0.1)) }
        }
    }

    /// The numbers of the lines that contain a match.
    func lineNumbers(matching pattern: Regex<Substring>) -> [Int] {
        lines.indices.filter { lines[$0].contains(pattern) }.map { $0 + 1 }
    }

    /// Copies code and newlines; drops comments and strings.
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var output: [UInt8] = []

        private static let newline = UInt8(ascii: "\n")
        private static let quote = UInt8(ascii: "\"")
        private static let hash = UInt8(ascii: "#")

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func code() -> String {
            while position < bytes.count {
                if starts(with: "//") {
                    while position < bytes.count, bytes[position] != Self.newline { position += 1 }
                } else if starts(with: "/*") {
                    skipBlockComment()
                } else if let hashes = hashesBeforeQuote() {
                    skipString(hashes: hashes)
                } else {
                    output.append(bytes[position])
                    position += 1
                }
            }
            return String(decoding: output, as: UTF8.self)
        }

        private func starts(with text: String) -> Bool {
            var index = position
            for byte in text.utf8 {
                guard index < bytes.count, bytes[index] == byte else { return false }
                index += 1
            }
            return true
        }

        /// How many `#` open the string literal that begins here; `nil` when none does.
        private func hashesBeforeQuote() -> Int? {
            var index = position
            while index < bytes.count, bytes[index] == Self.hash { index += 1 }
            return index < bytes.count && bytes[index] == Self.quote ? index - position : nil
        }

        private mutating func skipOne() {
            if position < bytes.count, bytes[position] == Self.newline {
                output.append(Self.newline)
            }
            position += 1
        }

        private mutating func skipBlockComment() {
            var depth = 0
            repeat {
                if starts(with: "/*") {
                    depth += 1
                    position += 2
                } else if starts(with: "*/") {
                    depth -= 1
                    position += 2
                } else {
                    skipOne()
                }
            } while depth > 0 && position < bytes.count
        }

        private mutating func skipString(hashes: Int) {
            let fence = String(repeating: "#", count: hashes)
            position += hashes
            let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
            position += quotes.utf8.count
            while position < bytes.count, !starts(with: quotes + fence) {
                if starts(with: "\\" + fence) { position += 1 + hashes }
                skipOne()
            }
            position += quotes.utf8.count + hashes
            output += [Self.quote, Self.quote]
        }
    }
}
