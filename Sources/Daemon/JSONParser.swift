/// Reads JSON (RFC 8259), and what people write instead of it (JSON5): with comments, trailing commas, bare keys,
/// single quotes.
///
/// Stricter than the grammar in one point: a name is given once in an object, since programs do not agree on which of
/// two counts. What is wrong is told with its place.
struct JSONParser {
    /// How deep arrays and objects may be nested.
    static let depthMax = 128

    private let bytes: [UInt8]
    private let isRelaxed: Bool
    private var position = 0
    private var depth = 0

    private init(_ bytes: [UInt8], _ isRelaxed: Bool) {
        self.bytes = bytes
        self.isRelaxed = isRelaxed
    }

    /// Reads a document, in UTF-8; `allowsJSON5` admits JSON5.
    static func parse(
        _ bytes: some Sequence<UInt8>,
        allowsJSON5: Bool
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(Array(bytes), allowsJSON5)
        // A byte order mark, which some editors write.
        if parser.bytes.starts(with: [0xef, 0xbb, 0xbf]) { parser.position = 3 }
        try parser.skipBlanks()
        let value = try parser.value()
        try parser.skipBlanks()
        guard parser.current == nil else { throw parser.expected("the end") }
        return value
    }

    // MARK: - Places

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ reason: String, at place: Int) -> JSONError {
        let before = bytes[..<place]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Bytes that continue a character are no columns of their own.
        let column = before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1
        return JSONError(
            reason: reason,
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: column
        )
    }

    private func expected(_ what: String) -> JSONError {
        guard let byte = current else {
            return error("expected \(what) and found the end", at: position)
        }
        let isPrintable = (0x20..<0x7f).contains(byte)
        let found =
            isPrintable
            ? "'\(Character(Unicode.Scalar(byte)))'" : "a byte 0x\(String(byte, radix: 16))"
        return error("expected \(what) and found \(found)", at: position)
    }

    private mutating func accept(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    // MARK: - Blanks

    private mutating func skipBlanks() throws(JSONError) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            case 0x0b,
                0x0c where isRelaxed:
                position += 1
            case UInt8(ascii: "/") where isRelaxed: try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONError) {
        let start = position
        if accept("//") {
            while let byte = current, byte != UInt8(ascii: "\n") { position += 1 }
        } else if accept("/*") {
            while !accept("*/") {
                guard current != nil else { throw error("a comment does not end", at: start) }
                position += 1
            }
        } else {
            throw expected("a value or a comment")
        }
    }

    // MARK: - Values

    private mutating func value() throws(JSONError) -> JSONValue {
        guard let byte = current else { throw expected("a value") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "'") where isRelaxed: return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "+"), UInt8(ascii: "."):
            guard isRelaxed else { throw expected("a value") }
            return try number()
        default:
            for (word, value) in [("true", true), ("false", false), ("null", .null)]
                as [(String, JSONValue)]
            where accept(word) {
                guard let byte = current, Self.isWordByte(byte) else { return value }
                throw expected("the end of '\(word)'")
            }
            throw expected("a value")
        }
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= Self.depthMax else {
            throw error("it is nested more than \(Self.depthMax) deep", at: position)
        }
        position += 1
        try skipBlanks()
    }

    /// Whether another element comes: a comma has been read, and it was not the last before the end.
    private mutating func hasMore(until end: UInt8, _ ending: String) throws(JSONError) -> Bool {
        try skipBlanks()
        if current == UInt8(ascii: ",") {
            position += 1
            try skipBlanks()
            guard isRelaxed, current == end else { return true }
        }
        guard current == end else { throw expected("',' or '\(ending)'") }
        return false
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        if current != UInt8(ascii: "]") {
            repeat {
                elements.append(try value())
            } while try hasMore(until: UInt8(ascii: "]"), "]")
        }
        position += 1
        depth -= 1
        return elements
    }

    private mutating func object() throws(JSONError) -> [String: JSONValue] {
        try enter()
        var members: [String: JSONValue] = [:]
        if current != UInt8(ascii: "}") {
            repeat {
                let place = position
                let name = try name()
                try skipBlanks()
                guard current == UInt8(ascii: ":") else { throw expected("':'") }
                position += 1
                try skipBlanks()
                guard members.updateValue(try value(), forKey: name) == nil else {
                    throw error("the name '\(name)' is given twice", at: place)
                }
            } while try hasMore(until: UInt8(ascii: "}"), "}")
        }
        position += 1
        depth -= 1
        return members
    }

    private mutating func name() throws(JSONError) -> String {
        switch current {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "'") where isRelaxed: return try string()
        case .some(let byte) where isRelaxed && Self.isWordByte(byte) && !Self.isDigit(byte):
            let start = position
            while let byte = current, Self.isWordByte(byte) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        default: throw expected(isRelaxed ? "a name" : "a name in quotes")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte >= 0x80
    }

    // MARK: - Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = accept("-")
        if !isNegative, isRelaxed { _ = accept("+") }
        if isRelaxed, accept("0x") || accept("0X") {
            return try hexadecimal(start, isNegative: isNegative)
        }
        let whole = digits()
        if whole > 1, bytes[position - whole] == UInt8(ascii: "0") {
            throw error("a number begins with 0", at: start)
        }
        var isWhole = true
        var fraction = 0
        if accept(".") {
            isWhole = false
            fraction = digits()
        }
        guard isRelaxed ? whole + fraction > 0 : whole > 0 && (isWhole || fraction > 0) else {
            throw expected("a digit")
        }
        if accept("e") || accept("E") {
            isWhole = false
            if !accept("-") { _ = accept("+") }
            guard digits() > 0 else { throw expected("a digit") }
        }
        if let byte = current, Self.isWordByte(byte) { throw expected("the end of a number") }
        var text = String(decoding: bytes[start..<position], as: UTF8.self)
        if text.hasPrefix("+") { text.removeFirst() }
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw error("the number is too large", at: start)
        }
        return Int64(exactly: number).map(JSONValue.integer) ?? .number(number)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = current, Self.isDigit(byte) { position += 1 }
        return position - start
    }

    private mutating func hexadecimal(
        _ start: Int,
        isNegative: Bool
    ) throws(JSONError) -> JSONValue {
        let first = position
        while let byte = current, Self.isWordByte(byte) { position += 1 }
        let text = String(decoding: bytes[first..<position], as: UTF8.self)
        guard let number = Int64((isNegative ? "-" : "") + text, radix: 16) else {
            throw error("not a hexadecimal number of at most 64 bits", at: start)
        }
        return .integer(number)
    }

    // MARK: - Strings

    private mutating func string() throws(JSONError) -> String {
        let start = position
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while let byte = current, byte != quote {
            if byte == UInt8(ascii: "\\") {
                try escape(into: &text)
            } else if byte < 0x20 {
                guard byte != 0x0a else {
                    throw error("a string does not end on its line", at: start)
                }
                throw expected("an escape, such as '\\t'")
            } else {
                text.append(byte)
                position += 1
            }
        }
        guard current == quote else { throw error("a string does not end", at: start) }
        position += 1
        guard let string = String(validating: text, as: UTF8.self) else {
            throw error("a string is not UTF-8", at: start)
        }
        return string
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "/"): 0x2f,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a,
        UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09,
    ]

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard let byte = current else { throw expected("an escape") }
        position += 1
        if let plain = Self.escapes[byte] { return text.append(plain) }
        switch byte {
        case UInt8(ascii: "u"):
            var scalar = try hexadecimalDigits(4)
            if (0xd800..<0xdc00).contains(scalar), accept("\\u") {
                let low = try hexadecimalDigits(4)
                guard (0xdc00..<0xe000).contains(low) else {
                    throw error("half of a surrogate pair", at: start)
                }
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let character = Unicode.Scalar(scalar) else {
                throw error("half of a surrogate pair", at: start)
            }
            text += Array(String(Character(character)).utf8)
        case UInt8(ascii: "'") where isRelaxed: text.append(byte)
        case UInt8(ascii: "v") where isRelaxed: text.append(0x0b)
        case UInt8(ascii: "0") where isRelaxed: text.append(0)
        case UInt8(ascii: "x") where isRelaxed:
            text += Array(String(Character(Unicode.Scalar(UInt8(try hexadecimalDigits(2))))).utf8)
        case 0x0a where isRelaxed: break
        default: throw error("no such escape", at: start)
        }
    }

    private mutating func hexadecimalDigits(_ count: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = current.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue })
            else { throw expected("a hexadecimal digit") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

/// Why bytes are not a JSON document, and where.
struct JSONError: Error, CustomStringConvertible {
    let reason: String
    /// From 1.
    let line: Int
    /// In characters, from 1.
    let column: Int

    var description: String {
        "the document is not JSON: \(reason), at line \(line), column \(column)"
    }
}
