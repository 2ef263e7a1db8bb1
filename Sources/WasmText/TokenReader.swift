/// Goes through the tokens of a source and says what was expected where.
struct TokenReader {
    let source: [UInt8]
    let tokens: [Token]
    /// The index of the next token.
    var position = 0

    init(_ source: [UInt8], limits: TextLimits) throws(TextError) {
        self.source = source
        tokens = try Lexer.tokens(source, limits: limits)
    }

    // MARK: - Looking

    var kind: Token.Kind { tokens[position].kind }

    /// The kind of a token further on; `end` beyond the last.
    func kind(ahead count: Int) -> Token.Kind {
        position + count < tokens.count ? tokens[position + count].kind : .end
    }

    /// Where the next token begins.
    var offset: Int { tokens[position].start }

    /// The characters of the next token.
    var text: String { text(of: tokens[position]) }

    func text(of token: Token) -> String {
        String(decoding: source[token.start..<token.end], as: UTF8.self)
    }

    /// The first characters of the next token, for errors: it may be as long as the source.
    var quotedText: String {
        let token = tokens[position]
        // Characters of up to four bytes each. Those that a reader sees as one may be any number.
        let start = String(decoding: source[token.start..<token.end].prefix(240), as: UTF8.self)
        return String(start.unicodeScalars.prefix(60))
    }

    /// Whether the next tokens are `(` and a keyword.
    func opens(_ keyword: StaticString) -> Bool {
        kind == .leftParenthesis && kind(ahead: 1) == .atom && isText(position + 1, keyword)
    }

    /// The keyword after the next token, when that is `(`.
    var openedKeyword: String? {
        guard kind == .leftParenthesis, kind(ahead: 1) == .atom else { return nil }
        return text(of: tokens[position + 1])
    }

    /// Whether the next token is a keyword.
    func isAt(_ keyword: StaticString) -> Bool { kind == .atom && isText(position, keyword) }

    private func isText(_ index: Int, _ keyword: StaticString) -> Bool {
        source[tokens[index].start..<tokens[index].end].elementsEqual("\(keyword)".utf8)
    }

    // MARK: - Errors

    /// An error at the next token.
    func error(_ message: String) -> TextError { TextError(message, at: offset, in: source) }

    /// The error that something else was expected.
    func unexpected(_ expected: String) -> TextError {
        let found = kind == .end ? "the end" : "\"\(quotedText)\""
        return error("unexpected token: expected \(expected), found \(found)")
    }

    // MARK: - Reading

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    mutating func expect(_ kind: Token.Kind, _ name: String) throws(TextError) {
        guard self.kind == kind else { throw unexpected(name) }
        advance()
    }

    mutating func open() throws(TextError) { try expect(.leftParenthesis, "(") }

    mutating func close() throws(TextError) { try expect(.rightParenthesis, ")") }

    /// Reads `(` and a keyword, or nothing.
    mutating func tryOpen(_ keyword: StaticString) -> Bool {
        guard opens(keyword) else { return false }
        advance()
        advance()
        return true
    }

    /// Reads `(` and a keyword.
    mutating func open(_ keyword: StaticString) throws(TextError) {
        guard tryOpen(keyword) else { throw unexpected("(\(keyword)") }
    }

    /// Reads a keyword, or nothing.
    mutating func tryKeyword(_ keyword: StaticString) -> Bool {
        guard isAt(keyword) else { return false }
        advance()
        return true
    }

    /// Reads any keyword or number.
    mutating func atom(_ expected: String) throws(TextError) -> String {
        guard kind == .atom else { throw unexpected(expected) }
        defer { advance() }
        return text
    }

    /// Reads a string.
    mutating func string() throws(TextError) -> [UInt8] {
        guard kind == .string else { throw unexpected("a string") }
        var reader = StringReader(source, at: offset)
        let contents = try reader.contents()
        advance()
        return contents
    }

    /// Reads a string that is a name: UTF-8.
    mutating func name() throws(TextError) -> [UInt8] {
        let start = offset
        let contents = try string()
        guard String(validating: contents, as: UTF8.self) != nil else {
            throw TextError("malformed UTF-8 encoding", at: start, in: source)
        }
        return contents
    }

    /// Reads an identifier, when there is one: its name without `$`.
    mutating func identifier() throws(TextError) -> [UInt8]? {
        guard kind == .identifier else { return nil }
        let token = tokens[position]
        advance()
        guard source[token.start + 1] == UInt8(ascii: "\"") else {
            return Array(source[token.start + 1..<token.end])
        }
        var reader = StringReader(source, at: token.start + 1)
        return try reader.contents()
    }

    // MARK: - Numbers

    /// Reads an unsigned integer below 2^32.
    mutating func u32() throws(TextError) -> UInt32 {
        let value = try u64()
        guard let value = UInt32(exactly: value) else {
            position -= 1
            throw error("i32 constant out of range: \(quotedText)")
        }
        return value
    }

    /// Reads an unsigned integer below 2^64.
    mutating func u64() throws(TextError) -> UInt64 {
        guard kind == .atom, let value = Number.unsigned(text[...]) else {
            throw kind == .atom && isNumber
                ? error("i64 constant out of range or malformed: \(quotedText)")
                : unexpected("an unsigned integer")
        }
        advance()
        return value
    }

    /// Whether the next token begins as unsigned integers do.
    var isNumber: Bool {
        kind == .atom && (0x30...0x39).contains(source[tokens[position].start])
    }

    /// The bits of an integer of `width` bits.
    mutating func integer(width: Int) throws(TextError) -> UInt64 {
        guard kind == .atom else { throw unexpected("an integer") }
        guard let value = Number.integer(text[...], width: width) else {
            throw error("unknown operator or i\(width) constant out of range: \(quotedText)")
        }
        advance()
        return value
    }

    mutating func float32() throws(TextError) -> UInt32 {
        guard kind == .atom else { throw unexpected("a float") }
        guard let value = Number.float32(text[...]) else {
            throw error("unknown operator or constant out of range: \(quotedText)")
        }
        advance()
        return value
    }

    mutating func float64() throws(TextError) -> UInt64 {
        guard kind == .atom else { throw unexpected("a float") }
        guard let value = Number.float64(text[...]) else {
            throw error("unknown operator or constant out of range: \(quotedText)")
        }
        advance()
        return value
    }

    /// Skips to after the parenthesis that closes the one that was opened last.
    mutating func skipToClose() throws(TextError) {
        var depth = 1
        while depth > 0 {
            switch kind {
            case .leftParenthesis: depth += 1
            case .rightParenthesis: depth -= 1
            case .end: throw unexpected(")")
            default: break
            }
            advance()
        }
    }
}
