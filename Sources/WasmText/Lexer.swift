/// A token of the text format. Core specification §6.3
struct Token {
    enum Kind: UInt8 {
        case leftParenthesis
        case rightParenthesis
        /// A keyword or a number: characters that need no quotes.
        case atom
        /// `$name` or `$"name"`.
        case identifier
        case string
        case end
    }

    var kind: Kind
    /// Where the token lies in the source.
    var start: Int
    var end: Int
}

/// Cuts a source into tokens; comments and annotations are left out. Core specification §6.2 and §6.3
struct Lexer {
    private let source: [UInt8]
    private let limits: TextLimits
    private var position = 0
    private var tokens: [Token] = []

    /// All tokens of a source, then one of kind `end`.
    static func tokens(
        _ source: [UInt8],
        limits: TextLimits
    ) throws(TextError) -> [Token] {
        guard source.count <= limits.sourceBytesMax else {
            throw TextError(
                "the text has \(source.count) bytes, more than \(limits.sourceBytesMax)",
                line: 1,
                column: 1
            )
        }
        guard String(validating: source, as: UTF8.self) != nil else {
            throw TextError("malformed UTF-8 encoding", line: 1, column: 1)
        }
        var lexer = Lexer(source: source, limits: limits)
        while try lexer.next() {}
        lexer.tokens.append(Token(kind: .end, start: source.count, end: source.count))
        return lexer.tokens
    }

    private init(source: [UInt8], limits: TextLimits) {
        self.source = source
        self.limits = limits
        tokens.reserveCapacity(source.count / 8)
    }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        position + ahead < source.count ? source[position + ahead] : nil
    }

    private func error(_ message: String, at offset: Int) -> TextError {
        TextError(message, at: offset, in: source)
    }

    /// Reads one token or skips what is none; false at the end.
    private mutating func next() throws(TextError) -> Bool {
        guard let byte = byte() else { return false }
        let start = position
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            position += 1
        case UInt8(ascii: "("):
            if self.byte(1) == UInt8(ascii: ";") {
                try skipBlockComment()
            } else if self.byte(1) == UInt8(ascii: "@") {
                try skipAnnotation()
            } else {
                position += 1
                tokens.append(Token(kind: .leftParenthesis, start: start, end: position))
            }
        case UInt8(ascii: ")"):
            position += 1
            tokens.append(Token(kind: .rightParenthesis, start: start, end: position))
        case UInt8(ascii: ";") where self.byte(1) == UInt8(ascii: ";"):
            skipLineComment()
        default:
            guard let kind = try run() else {
                throw error("unknown operator \"\(text(start))\"", at: start)
            }
            tokens.append(Token(kind: kind, start: start, end: position))
        }
        return true
    }

    private func text(_ start: Int) -> String {
        String(decoding: source[start..<min(position, start + 60)], as: UTF8.self)
    }

    // MARK: - Comments and annotations

    private mutating func skipLineComment() {
        while let byte = byte(), byte != 0x0A, byte != 0x0D { position += 1 }
    }

    private mutating func skipBlockComment() throws(TextError) {
        let start = position
        var depth = 0
        while let byte = byte() {
            if byte == UInt8(ascii: "("), self.byte(1) == UInt8(ascii: ";") {
                depth += 1
                position += 2
            } else if byte == UInt8(ascii: ";"), self.byte(1) == UInt8(ascii: ")") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
        throw error("unclosed comment", at: start)
    }

    /// Skips `(@name …)`, whose contents are any tokens with balanced parentheses. §6.3.6
    private mutating func skipAnnotation() throws(TextError) {
        let start = position
        position += 2
        let nameStart = position
        let isQuoted = byte() == UInt8(ascii: "\"")
        if isQuoted {
            let name = try string()
            guard String(validating: name, as: UTF8.self) != nil else {
                throw error("malformed UTF-8 encoding", at: nameStart)
            }
            guard !name.isEmpty else { throw error("empty annotation id", at: start) }
        } else {
            while let byte = byte(), Characters.isIdentifier(byte) { position += 1 }
            guard position > nameStart else { throw error("empty annotation id", at: start) }
        }
        var depth = 1
        while let byte = byte() {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                position += 1
            case UInt8(ascii: "("):
                if self.byte(1) == UInt8(ascii: ";") {
                    try skipBlockComment()
                } else {
                    position += 1
                    depth += 1
                }
            case UInt8(ascii: ")"):
                position += 1
                depth -= 1
                if depth == 0 { return }
            case UInt8(ascii: ";") where self.byte(1) == UInt8(ascii: ";"):
                skipLineComment()
            default:
                _ = try run()
            }
        }
        throw error("unclosed annotation", at: start)
    }

    // MARK: - Runs

    /// Reads characters that stand together, up to white space, a parenthesis or a comment.
    ///
    /// Nil when they are no token together ("reserved", §6.3.2).
    private mutating func run() throws(TextError) -> Token.Kind? {
        let start = position
        var strings = 0
        var others = 0
        var identifierCharacters = 0
        scan: while let byte = byte() {
            switch byte {
            case UInt8(ascii: "\""):
                let contents = try string()
                strings += 1
                if source[start] == UInt8(ascii: "$"), identifierCharacters == 1, strings == 1 {
                    guard !contents.isEmpty else { throw error("empty identifier", at: start) }
                    guard String(validating: contents, as: UTF8.self) != nil else {
                        throw error("malformed UTF-8 encoding", at: start)
                    }
                }
            case UInt8(ascii: ";"):
                if self.byte(1) == UInt8(ascii: ";") { break scan }
                others += 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"):
                others += 1
                position += 1
            default:
                guard Characters.isIdentifier(byte) else { break scan }
                identifierCharacters += 1
                position += 1
            }
        }
        guard position > start else { throw error("illegal character", at: start) }
        if others > 0 { return nil }
        if source[start] == UInt8(ascii: "$") {
            if strings == 0, identifierCharacters == 1 {
                throw error("empty identifier", at: start)
            }
            if strings == 0 || strings == 1 && identifierCharacters == 1 { return .identifier }
            return nil
        }
        if strings == 0 { return .atom }
        return strings == 1 && identifierCharacters == 0 ? .string : nil
    }

    /// Reads a string: its contents, with escapes resolved. §6.3.3
    private mutating func string() throws(TextError) -> [UInt8] {
        var reader = StringReader(source, at: position)
        let contents = try reader.contents()
        position = reader.position
        return contents
    }
}

/// The classes of characters. §6.2 and §6.3
enum Characters {
    /// Whether a byte may stand in an identifier, a keyword or a number.
    static func isIdentifier(_ byte: UInt8) -> Bool { identifierTable[Int(byte)] }

    private static let identifierTable: [Bool] = (0...255).map { code in
        let byte = UInt8(code)
        guard (0x21...0x7E).contains(byte) else { return false }
        return !Array("\"(),;[]{}".utf8).contains(byte)
    }

    /// The value of a hexadecimal digit.
    static func hexadecimal(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
        case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x41 + 10
        case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x61 + 10
        default: nil
        }
    }
}
