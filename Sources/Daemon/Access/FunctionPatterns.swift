import Platform

/// Which functions a token is for: names, or the beginnings of names with a `*` behind.
struct FunctionPatterns: Equatable, Sendable {
    /// The patterns as they were written; at least one.
    let texts: [String]

    /// Every function.
    static let all = FunctionPatterns(unchecked: ["*"])

    /// The most patterns of a token.
    static let countMax = 64

    private init(unchecked texts: [String]) { self.texts = texts }

    /// Checks patterns; throws with what is wrong with the first that is none.
    init(_ texts: [String], key: String) throws(ConfigurationError) {
        guard (1...Self.countMax).contains(texts.count) else {
            throw ConfigurationError(
                key: key,
                reason: "has \(texts.count) patterns when it should have 1 to \(Self.countMax)"
            )
        }
        for (index, text) in texts.enumerated() {
            // A beginning may end where no name can.
            let name = text.last == "*" ? text.dropLast() + "x" : text[...]
            guard FunctionName(name) != nil else {
                throw ConfigurationError(
                    key: "\(key)[\(index)]",
                    reason: "is '\(text)' when it should be a function's name, or the beginning of "
                        + "one and '*'"
                )
            }
        }
        self.texts = texts
    }

    /// Whether it is every function.
    var coverAll: Bool { texts.contains("*") }

    /// Whether a function is among them.
    func cover(_ name: String) -> Bool {
        texts.contains { text in
            text.last == "*" ? name.utf8.starts(with: text.utf8.dropLast()) : name == text
        }
    }

    /// `shop-*, till`.
    var list: String { texts.joined(separator: ", ") }
}
